#include "config/jaas.h"

#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 1024 };

/* What a text is made of. */
enum token { WORD, EQUALS, SEMICOLON, THE_END, BROKEN };

struct reader {
	const char *at;
	char word[WORD_MAX + 1];
	bool is_quoted;
};

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("._-$", c) != NULL) ||
	       (unsigned char)c >= 0x80;
}

static bool add(struct reader *r, size_t *n, char c)
{
	if (*n == WORD_MAX)
		return false;
	r->word[(*n)++] = c;
	r->word[*n] = '\0';
	return true;
}

/* Behind a backslash: Java's few names, and each other letter itself. */
static char escaped(char c)
{
	static const char names[] = "abfnrtv", letters[] = "\a\b\f\n\r\t\v";
	const char *at = c != '\0' ? strchr(names, c) : NULL;

	return at != NULL ? letters[at - names] : c;
}

static enum token read_quoted(struct reader *r)
{
	char quote = *r->at++;
	size_t n = 0;

	r->is_quoted = true;
	for (; *r->at != quote; r->at++) {
		char c = *r->at;

		if (c == '\\')
			c = escaped(*++r->at);
		if (*r->at == '\0' || *r->at == '\n' || !add(r, &n, c))
			return BROKEN;
	}
	r->at++;
	return WORD;
}

static enum token next(struct reader *r)
{
	size_t n = 0;

	r->word[0] = '\0';
	r->is_quoted = false;
	r->at += strspn(r->at, " \t\r\n");
	switch (*r->at) {
	case '\0':
		return THE_END;
	case '=':
		r->at++;
		return EQUALS;
	case ';':
		r->at++;
		return SEMICOLON;
	case '"':
	case '\'':
		return read_quoted(r);
	default:
		break;
	}
	while (is_part_of_word(*r->at)) {
		if (!add(r, &n, *r->at++))
			return BROKEN;
	}
	return n > 0 ? WORD : BROKEN;
}

/* Always false. */
static bool no(char why[JAAS_WHY_MAX], const char *text)
{
	snprintf(why, JAAS_WHY_MAX, "%s", text);
	return false;
}

static bool read_module(struct reader *r, struct jaas *out, char why[JAAS_WHY_MAX])
{
	static const char plain[] = "org.apache.kafka.common.security.plain.PlainLoginModule";
	static const char scram[] = "org.apache.kafka.common.security.scram.ScramLoginModule";
	static const char *const flags[] = { "required", "requisite", "sufficient", "optional" };

	if (next(r) != WORD || r->is_quoted)
		return no(why, "it begins with no login module");
	if (strcmp(r->word, plain) == 0)
		out->module = JAAS_PLAIN;
	else if (strcmp(r->word, scram) == 0)
		out->module = JAAS_SCRAM;
	else
		return no(why, "the login module must be Kafka's PlainLoginModule or "
			       "ScramLoginModule, with its whole name");
	if (next(r) == WORD) {
		for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
			if (strcasecmp(r->word, flags[i]) == 0)
				return true;
		}
	}
	return no(why, "behind the login module \"required\" must stand");
}

static void keep(char **to, const char *word)
{
	if (*to != NULL)
		explicit_bzero(*to, strlen(*to));
	free(*to);
	*to = mem_strdup(word);
}

/* What is told by no module here is passed over, as Kafka does. */
static bool read_option(struct reader *r, struct jaas *out, char why[JAAS_WHY_MAX])
{
	char name[WORD_MAX + 1];
	bool is_pair;

	memcpy(name, r->word, sizeof name);
	is_pair = next(r) == EQUALS;
	if (!is_pair || next(r) != WORD)
		return no(why, "behind the login module only name=\"value\" may stand, and a "
			       "semicolon at the end");
	if (strcmp(name, "username") == 0)
		keep(&out->username, r->word);
	else if (strcmp(name, "password") == 0)
		keep(&out->password, r->word);
	else if (strcmp(name, "tokenauth") == 0)
		out->is_token = strcasecmp(r->word, "true") == 0;
	return true;
}

static bool read_all(struct reader *r, struct jaas *out, char why[JAAS_WHY_MAX])
{
	enum token t;

	if (!read_module(r, out, why))
		return false;
	while ((t = next(r)) == WORD) {
		if (!read_option(r, out, why))
			return false;
	}
	if (t != SEMICOLON)
		return no(why, "it must end with a semicolon, and quotes must be closed");
	if (next(r) != THE_END)
		return no(why, "there must be one login module alone");
	if (out->username == NULL || *out->username == '\0' || out->password == NULL ||
	    *out->password == '\0')
		return no(why, "username and password must be there");
	if (out->is_token && out->module != JAAS_SCRAM)
		return no(why, "tokenauth is for the ScramLoginModule");
	return true;
}

bool jaas_read(struct jaas *out, const char *text, char why[JAAS_WHY_MAX])
{
	struct reader r = { .at = text };
	bool good;

	*out = (struct jaas){ 0 };
	good = read_all(&r, out, why);
	explicit_bzero(r.word, sizeof r.word);
	if (!good)
		jaas_deinit(out);
	return good;
}

void jaas_deinit(struct jaas *j)
{
	if (j->password != NULL)
		explicit_bzero(j->password, strlen(j->password));
	free(j->password);
	free(j->username);
	*j = (struct jaas){ 0 };
}
