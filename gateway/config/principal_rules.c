#include "config/principal_rules.h"

#include "util/java_regex.h"
#include "util/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RULES_MAX = 256,
	TEXT_MAX = 65536,
	NAME_MAX_BYTES = 65536,
	DIGITS_MAX = 9, /* of a group's number; Java's int has no more for sure */
};

enum letters { AS_THEY_ARE, SMALL, CAPITAL };

struct rule {
	struct java_regex *pattern; /* NULL: DEFAULT */
	char *replacement;	    /* what the pieces point into */
	struct java_regex_piece *pieces;
	size_t count;
	enum letters letters;
};

struct principal_rules {
	struct rule all[RULES_MAX];
	size_t count;
};

/* A text that is read. */
struct reader {
	const char *at;
	unsigned rule; /* which one, from 1 on */
	char *why;
};

/* Always false. */
static bool no(const struct reader *r, const char *text)
{
	snprintf(r->why, PRINCIPAL_RULES_WHY_MAX, "rule %u: %s", r->rule, text);
	return false;
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\n\v\f\r");
}

/* --- what comes in place of a match --- */

static size_t digits_at(const char *p)
{
	return strspn(p, "0123456789");
}

/* Kafka makes of a group that is not there the text itself: $4 becomes \$4.  It finds the places in
 * the text as it was before, and so only the first one is right; of the others Java refuses some. */
static bool escape_groups(struct reader *r, const char *replacement, unsigned groups,
			  struct buf *to)
{
	buf_append(to, replacement, strlen(replacement));
	for (const char *p = strchr(replacement, '$'); groups > 0 && p != NULL;
	     p = strchr(p + 1, '$')) {
		size_t digits = digits_at(p + 1);
		unsigned long group;

		if (digits == 0 || p[1] == '0')
			continue;
		if (digits > DIGITS_MAX)
			return no(r, "the number of a group is too long");
		group = strtoul(p + 1, NULL, 10);
		while (group > groups && group >= 10)
			group /= 10;
		if (group > groups)
			buf_insert(to, (size_t)(p - replacement), "\\", 1);
	}
	buf_append8(to, '\0');
	return !to->full;
}

static bool goes_on(const struct java_regex_piece *last, const char *text)
{
	return last->text != NULL && last->text + last->len == text;
}

static void add_letter(struct rule *rule, const char *letter)
{
	if (rule->count > 0 && goes_on(&rule->pieces[rule->count - 1], letter))
		rule->pieces[rule->count - 1].len++;
	else
		rule->pieces[rule->count++] = (struct java_regex_piece){ .text = letter, .len = 1 };
}

/* The largest number that there is a group for, as Java takes it. */
static bool add_group(struct reader *r, struct rule *rule, const char **at)
{
	const unsigned groups = java_regex_groups(rule->pattern);
	const char *p = *at + 1;
	unsigned group;

	if (!isdigit((unsigned char)*p))
		return no(
			r,
			"behind a $ in the replacement a group's number must stand, else write \\$");
	for (group = (unsigned)(*p++ - '0'); isdigit((unsigned char)*p); p++) {
		if (group * 10 + (unsigned)(*p - '0') > groups)
			break;
		group = group * 10 + (unsigned)(*p - '0');
	}
	if (group > groups)
		return no(r, "the replacement names a group that the pattern has not");
	rule->pieces[rule->count++] = (struct java_regex_piece){ .group = group };
	*at = p;
	return true;
}

static bool read_pieces(struct reader *r, struct rule *rule)
{
	rule->pieces = mem_zalloc((strlen(rule->replacement) + 1) * sizeof *rule->pieces);
	for (const char *p = rule->replacement; *p != '\0';) {
		if (*p == '$') {
			if (!add_group(r, rule, &p))
				return false;
			continue;
		}
		p += *p == '\\';
		add_letter(rule, p);
		p++;
	}
	return true;
}

static bool read_replacement(struct reader *r, struct rule *rule, const char *text, size_t len)
{
	char *said = mem_strndup(text, len);
	struct buf escaped;
	bool good;

	buf_init(&escaped, 2 * TEXT_MAX);
	good = escape_groups(r, said, java_regex_groups(rule->pattern), &escaped);
	if (good) {
		rule->replacement = mem_strdup((const char *)escaped.data);
		good = read_pieces(r, rule);
	}
	buf_deinit(&escaped);
	free(said);
	return good;
}

/* --- the rules --- */

/* Up to the next / that has no backslash before it; NULL: there is none. */
static const char *end_of_part(const char *p)
{
	while (*p != '\0' && *p != '/') {
		if (*p == '\\' && p[1] != '\0')
			p++;
		p++;
	}
	return *p == '/' ? p : NULL;
}

static bool read_rule(struct reader *r, struct rule *rule)
{
	const char *pattern = r->at, *replacement, *end, *slash = end_of_part(pattern);
	char why[JAVA_REGEX_WHY_MAX], text[JAVA_REGEX_WHY_MAX + 16];

	replacement = slash != NULL ? slash + 1 : NULL;
	end = replacement != NULL ? end_of_part(replacement) : NULL;
	if (end == NULL)
		return no(r,
			  "it must be RULE:pattern/replacement/, with L or U behind it or nothing");
	rule->pattern = java_regex_new(pattern, (size_t)(slash - pattern), why);
	if (rule->pattern == NULL) {
		snprintf(text, sizeof text, "its pattern, %s", why);
		return no(r, text);
	}
	r->at = end + 1;
	if (*r->at == 'L' || *r->at == 'U')
		rule->letters = *r->at++ == 'L' ? SMALL : CAPITAL;
	return read_replacement(r, rule, replacement, (size_t)(end - replacement));
}

static bool begins(struct reader *r, const char *with)
{
	const size_t n = strlen(with);

	if (strncmp(r->at, with, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool read_one(struct reader *r, struct principal_rules *rules)
{
	if (rules->count == RULES_MAX)
		return no(r, "there are too many");
	if (begins(r, "DEFAULT"))
		rules->count++;
	else if (!begins(r, "RULE:"))
		return no(r, "it must be DEFAULT or RULE:pattern/replacement/, in these letters");
	else if (!read_rule(r, &rules->all[rules->count++]))
		return false;
	skip_blanks(r);
	return *r->at == ',' || *r->at == '\0' ||
	       no(r, "something stands behind it; rules have commas between them");
}

static bool read_all(struct reader *r, struct principal_rules *rules)
{
	for (r->rule = 1;; r->rule++) {
		skip_blanks(r);
		if (*r->at != '\0' && *r->at != ',' && !read_one(r, rules))
			return false;
		if (*r->at == '\0')
			return rules->count > 0 || no(r, "there is none");
		r->at++; /* the comma */
	}
}

struct principal_rules *principal_rules_read(const char *text, char why[PRINCIPAL_RULES_WHY_MAX])
{
	struct reader r = { .at = text != NULL ? text : "DEFAULT", .why = why };
	struct principal_rules *rules = mem_zalloc(sizeof *rules);
	bool good;

	if (strlen(r.at) > TEXT_MAX)
		good = no(&r, "the text is too long");
	else
		good = read_all(&r, rules);
	if (good)
		return rules;
	principal_rules_free(rules);
	return NULL;
}

void principal_rules_free(struct principal_rules *rules)
{
	for (size_t i = 0; rules != NULL && i < rules->count; i++) {
		java_regex_free(rules->all[i].pattern);
		free(rules->all[i].replacement);
		free(rules->all[i].pieces);
	}
	free(rules);
}

/* --- a name --- */

/* U+00C0 to U+00DE are the capitals of U+00E0 to U+00FE, but for the two signs. */
static bool turn_latin(unsigned char *p, enum letters to)
{
	const unsigned char low = p[1] & 0xdf;

	if ((p[1] & 0xc0) != 0x80)
		return false;		  /* a replacement that is no UTF-8 */
	if (p[0] == 0xc2 && p[1] != 0xb5) /* signs; U+00B5 has a capital in another alphabet */
		return true;
	if (p[0] != 0xc3 || p[1] == 0x9f || p[1] == 0xbf) /* and so have these two */
		return p[0] == 0xc3 && to == SMALL;
	if (low != 0x97)
		p[1] = to == SMALL ? low | 0x20 : low;
	return true;
}

/* False: a letter whose other case is not known here. */
static bool turn(char *text, enum letters to)
{
	for (unsigned char *p = (unsigned char *)text; to != AS_THEY_ARE && *p != '\0'; p++) {
		if (*p < 0x80) {
			*p = (unsigned char)(to == SMALL ? tolower(*p) : toupper(*p));
			continue;
		}
		if (!turn_latin(p, to))
			return false;
		p++;
	}
	return true;
}

static char *apply(const struct rule *rule, const char *dn)
{
	char *text = NULL;
	struct buf to;

	buf_init(&to, NAME_MAX_BYTES);
	if (java_regex_replace(rule->pattern, dn, rule->pieces, rule->count, &to) ==
		    JAVA_REGEX_YES &&
	    !to.full)
		text = mem_strndup(to.len > 0 ? (const char *)to.data : "", to.len);
	buf_deinit(&to);
	if (text != NULL && !turn(text, rule->letters)) {
		free(text);
		text = NULL;
	}
	return text;
}

static char *untold(size_t rule, char why[PRINCIPAL_RULES_WHY_MAX])
{
	snprintf(
		why, PRINCIPAL_RULES_WHY_MAX,
		"rule %zu of ssl_principal_mapping_rules can't be applied to this name as Kafka does",
		rule + 1);
	return NULL;
}

char *principal_rules_name(const struct principal_rules *rules, const char *dn,
			   char why[PRINCIPAL_RULES_WHY_MAX])
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->all[i];
		enum java_regex_result is_of_it = JAVA_REGEX_YES;
		char *name;

		if (rule->pattern == NULL)
			return mem_strdup(dn);
		is_of_it = java_regex_matches(rule->pattern, dn);
		if (is_of_it == JAVA_REGEX_NO)
			continue;
		name = is_of_it == JAVA_REGEX_YES ? apply(rule, dn) : NULL;
		return name != NULL ? name : untold(i, why);
	}
	snprintf(why, PRINCIPAL_RULES_WHY_MAX,
		 "no rule of ssl_principal_mapping_rules is for this name");
	return NULL;
}
