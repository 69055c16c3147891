#define PCRE2_CODE_UNIT_WIDTH 8

#include "util/java_regex.h"

#include "util/mem.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 64,
	STEPS_MAX = 1000000, /* of a match: some 20 ms */
	HEAP_MAX_KB = 8192,
	TEXT_MAX = 65536,
};

struct java_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
	unsigned groups;
	bool ignores_case;
};

/* --- what Java would read otherwise --- */

struct scan {
	const char *from, *at, *end;
	bool repeats;	       /* what stands before may be repeated */
	bool looks[DEPTH_MAX]; /* of the groups that are open: it looks ahead or behind */
	unsigned depth;
	bool ignores_case, is_ascii;
	char *why;
};

/* Always false. */
static bool no(const struct scan *s, const char *at, const char *text)
{
	snprintf(s->why, JAVA_REGEX_WHY_MAX, "at %zu: %s", (size_t)(at - s->from) + 1, text);
	return false;
}

static char peek(const struct scan *s, size_t ahead)
{
	return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static bool is_one_of(char c, const char *letters)
{
	return c != '\0' && strchr(letters, c) != NULL;
}

static bool is_hex(const struct scan *s)
{
	return isxdigit((unsigned char)peek(s, 2)) && isxdigit((unsigned char)peek(s, 3));
}

/* Behind a backslash; also inside of a class. */
static bool scan_plain_escape(struct scan *s)
{
	const char c = peek(s, 1);
	char text[80];

	if (c == 'x' && is_hex(s)) {
		s->at += 4;
		return true;
	}
	if (ispunct((unsigned char)c) || is_one_of(c, "dDwWsStnrfae")) {
		s->at += 2;
		return true;
	}
	snprintf(text, sizeof text, "\\%c is not understood as Java does",
		 isprint((unsigned char)c) ? c : '?');
	return no(s, s->at, text);
}

static bool scan_name(struct scan *s, char ends)
{
	const char *from = s->at;

	while (isalnum((unsigned char)peek(s, 0)))
		s->at++;
	if (s->at == from || isdigit((unsigned char)*from) || peek(s, 0) != ends)
		return no(s, from, "a group's name is letters and digits");
	s->at++;
	return true;
}

static bool scan_escape(struct scan *s)
{
	const char c = peek(s, 1);

	s->repeats = true;
	if (is_one_of(c, "AzZ")) {
		s->repeats = false;
		s->at += 2;
		return true;
	}
	if (c >= '1' && c <= '9') {
		if (isdigit((unsigned char)peek(s, 2)))
			return no(s, s->at, "a group of more than one digit");
		s->at += 2;
		return true;
	}
	if (c == 'k' && peek(s, 2) == '<') {
		s->at += 3;
		return scan_name(s, '>');
	}
	return scan_plain_escape(s);
}

/* A hyphen between a letter and something that is no letter. */
static bool is_odd_range(const struct scan *s)
{
	return peek(s, 0) == '-' && peek(s, 1) == '\\' && isalpha((unsigned char)peek(s, 2)) &&
	       s->at[-1] != '[' && s->at[-1] != '^';
}

static bool scan_class(struct scan *s)
{
	const char *from = s->at++;

	s->repeats = true;
	s->at += peek(s, 0) == '^';
	if (peek(s, 0) == ']')
		return no(s, s->at, "] stands first in a class; write \\]");
	while (s->at < s->end && *s->at != ']') {
		if (*s->at == '[')
			return no(s, s->at, "a class in a class");
		if (*s->at == '&' && peek(s, 1) == '&')
			return no(s, s->at, "&& in a class");
		if (is_odd_range(s))
			return no(s, s->at, "a range up to what is no letter");
		if (*s->at != '\\')
			s->at++;
		else if (!scan_plain_escape(s))
			return false;
	}
	if (s->at++ >= s->end)
		return no(s, from, "a class without an end");
	return true;
}

static bool scan_flags(struct scan *s)
{
	const char *from = s->at;

	for (bool off = false; is_one_of(*s->at, "ism-"); s->at++) {
		off |= *s->at == '-';
		s->ignores_case |= *s->at == 'i' && !off;
	}
	if (s->at == from || !is_one_of(peek(s, 0), ":)"))
		return no(
			s, from,
			"behind (? only :, =, !, <=, <!, >, <name> and the flags i, s and m may stand");
	return true;
}

/* Behind "(?". */
static bool scan_group_kind(struct scan *s, bool *is_look)
{
	const char c = peek(s, 0), next = peek(s, 1);

	*is_look = c == '=' || c == '!' || (c == '<' && (next == '=' || next == '!'));
	if (*is_look || c == ':' || c == '>') {
		s->at += c == '<' ? 2 : 1;
		return true;
	}
	if (c == '<') {
		s->at++;
		return scan_name(s, '>');
	}
	if (!scan_flags(s))
		return false;
	if (*s->at == ':')
		s->at++;
	return true;
}

static bool scan_group(struct scan *s)
{
	bool is_look = false;

	s->at++;
	s->repeats = false;
	if (s->depth == DEPTH_MAX)
		return no(s, s->at, "too many groups in one another");
	if (peek(s, 0) == '*')
		return no(s, s->at, "a quantifier with nothing before it");
	if (peek(s, 0) == '?') {
		s->at++;
		if (!scan_group_kind(s, &is_look))
			return false;
	}
	s->looks[s->depth++] = is_look;
	return true;
}

static bool scan_group_end(struct scan *s)
{
	if (s->depth == 0)
		return no(s, s->at, "a ) without its (");
	/* flags alone, "(?i)", end as a group would, and can't be repeated */
	s->repeats = !s->looks[--s->depth] && s->at[-1] != '(';
	s->at++;
	return true;
}

/* {n}, {n,} or {n,m} */
static bool scan_count(struct scan *s)
{
	const char *from = s->at++;

	while (isdigit((unsigned char)peek(s, 0)))
		s->at++;
	if (s->at == from + 1)
		return no(s, from, "{ is no quantifier; write \\{");
	if (peek(s, 0) == ',')
		s->at++;
	while (isdigit((unsigned char)peek(s, 0)))
		s->at++;
	if (peek(s, 0) != '}')
		return no(s, from, "{ is no quantifier; write \\{");
	return true;
}

static bool scan_quantifier(struct scan *s)
{
	if (!s->repeats)
		return no(s, s->at, "a quantifier with nothing before it that can be repeated");
	if (*s->at == '{' && !scan_count(s))
		return false;
	s->at++;
	s->at += is_one_of(peek(s, 0), "?+");
	s->repeats = false;
	return true;
}

static bool scan_one(struct scan *s)
{
	switch (*s->at) {
	case '\\':
		return scan_escape(s);
	case '[':
		return scan_class(s);
	case '(':
		return scan_group(s);
	case ')':
		return scan_group_end(s);
	case '*':
	case '+':
	case '?':
	case '{':
		return scan_quantifier(s);
	case '|':
	case '^':
	case '$':
		s->repeats = false;
		break;
	default:
		s->repeats = true;
		break;
	}
	s->at++;
	return true;
}

static bool is_alike(struct scan *s)
{
	for (const char *p = s->from; p < s->end; p++) {
		if (iscntrl((unsigned char)*p))
			return no(s, p, "a control character");
		s->is_ascii &= (unsigned char)*p < 0x80;
	}
	while (s->at < s->end) {
		if (!scan_one(s))
			return false;
	}
	if (s->ignores_case && !s->is_ascii)
		return no(s, s->from, "(?i) with letters beyond ASCII");
	return true;
}

/* --- the pattern --- */

static pcre2_match_context *limits_new(void)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);

	if (limits == NULL)
		abort();
	pcre2_set_match_limit(limits, STEPS_MAX);
	pcre2_set_heap_limit(limits, HEAP_MAX_KB);
	return limits;
}

static pcre2_code *compile(const char *pattern, size_t len, char why[JAVA_REGEX_WHY_MAX])
{
	PCRE2_UCHAR text[120];
	PCRE2_SIZE at;
	pcre2_code *code;
	int error;

	code = pcre2_compile((PCRE2_SPTR)pattern, len,
			     PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at,
			     NULL);
	if (code != NULL)
		return code;
	pcre2_get_error_message(error, text, sizeof text);
	snprintf(why, JAVA_REGEX_WHY_MAX, "at %zu: %s", (size_t)at + 1, (const char *)text);
	return NULL;
}

struct java_regex *java_regex_new(const char *pattern, size_t len, char why[JAVA_REGEX_WHY_MAX])
{
	struct scan s = {
		.from = pattern, .at = pattern, .end = pattern + len, .is_ascii = true, .why = why
	};
	struct java_regex *r;
	pcre2_code *code;
	uint32_t groups;

	code = is_alike(&s) ? compile(pattern, len, why) : NULL;
	if (code == NULL)
		return NULL;
	r = mem_zalloc(sizeof *r);
	r->code = code;
	r->limits = limits_new();
	r->ignores_case = s.ignores_case;
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	r->groups = groups;
	return r;
}

void java_regex_free(struct java_regex *r)
{
	if (r == NULL)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_code_free(r->code);
	free(r);
}

unsigned java_regex_groups(const struct java_regex *r)
{
	return r->groups;
}

/* --- a text --- */

/* Java's line ends: also U+0085, U+2028 and U+2029. */
static bool is_line_end(const char *p)
{
	return iscntrl((unsigned char)*p) || strncmp(p, "\xc2\x85", 2) == 0 ||
	       strncmp(p, "\xe2\x80\xa8", 3) == 0 || strncmp(p, "\xe2\x80\xa9", 3) == 0;
}

static bool is_told(const struct java_regex *r, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++) {
		if (n == TEXT_MAX || is_line_end(text + n) ||
		    (r->ignores_case && (unsigned char)text[n] >= 0x80))
			return false;
	}
	return true;
}

static enum java_regex_result match(const struct java_regex *r, const char *text, size_t from,
				    uint32_t how, pcre2_match_data *found)
{
	int got = pcre2_match(r->code, (PCRE2_SPTR)text, strlen(text), from, how, found, r->limits);

	if (got == PCRE2_ERROR_NOMATCH)
		return JAVA_REGEX_NO;
	return got > 0 ? JAVA_REGEX_YES : JAVA_REGEX_UNTOLD;
}

static pcre2_match_data *found_new(const struct java_regex *r)
{
	pcre2_match_data *found = pcre2_match_data_create_from_pattern(r->code, NULL);

	if (found == NULL)
		abort();
	return found;
}

enum java_regex_result java_regex_matches(const struct java_regex *r, const char *text)
{
	enum java_regex_result result;
	pcre2_match_data *found;

	if (!is_told(r, text))
		return JAVA_REGEX_UNTOLD;
	found = found_new(r);
	result = match(r, text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, found);
	pcre2_match_data_free(found);
	return result;
}

/* A group that has matched nothing adds nothing. */
static void put(const char *text, const struct java_regex_piece *p, const PCRE2_SIZE *places,
		struct buf *to)
{
	const PCRE2_SIZE from = places[2 * p->group], end = places[2 * p->group + 1];

	if (p->text != NULL)
		buf_append(to, p->text, p->len);
	else if (from != PCRE2_UNSET)
		buf_append(to, text + from, end - from);
}

/* A match of nothing before a letter that Java has in two halves: it goes on between them. */
static bool is_in_halves(const char *text, const PCRE2_SIZE *places)
{
	return places[0] == places[1] && (unsigned char)text[places[1]] >= 0xf0;
}

/* The next place to look at: a letter behind a match of nothing. */
static size_t next_from(const char *text, const PCRE2_SIZE *places)
{
	size_t at = places[1];

	if (places[0] != places[1])
		return at;
	at++;
	while (text[at - 1] != '\0' && ((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

enum java_regex_result java_regex_replace(const struct java_regex *r, const char *text,
					  const struct java_regex_piece *pieces, size_t count,
					  struct buf *to)
{
	pcre2_match_data *found = found_new(r);
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(found);
	enum java_regex_result result = is_told(r, text) ? JAVA_REGEX_NO : JAVA_REGEX_UNTOLD;
	const size_t len = strlen(text);
	size_t done = 0, from = 0;

	while (result != JAVA_REGEX_UNTOLD && from <= len) {
		result = match(r, text, from, 0, found);
		if (result == JAVA_REGEX_YES && is_in_halves(text, places))
			result = JAVA_REGEX_UNTOLD;
		if (result != JAVA_REGEX_YES)
			break;
		buf_append(to, text + done, places[0] - done);
		for (size_t i = 0; i < count; i++)
			put(text, &pieces[i], places, to);
		done = places[1];
		from = next_from(text, places);
	}
	buf_append(to, text + done, len - done);
	pcre2_match_data_free(found);
	return result == JAVA_REGEX_UNTOLD ? result : JAVA_REGEX_YES;
}
