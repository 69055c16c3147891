#include "auth/carried.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* --- PLAIN: authzid NUL user NUL password (RFC 4616) --- */

static bool is_empty(const uint8_t *answer, size_t n)
{
	(void)answer;
	return n == 0;
}

static char *who_plain(const uint8_t *first, size_t n)
{
	const uint8_t *user = memchr(first, 0, n), *end;

	if (user == NULL)
		return NULL;
	user++;
	end = memchr(user, 0, n - (size_t)(user - first));
	return end != NULL ? mem_strndup((const char *)user, (size_t)(end - user)) : NULL;
}

/* --- SCRAM (RFC 5802) --- */

static bool is_server_final(const uint8_t *answer, size_t n)
{
	return n >= 2 && answer[0] == 'v' && answer[1] == '=';
}

/* "=2C" is a comma, "=3D" an equals sign. */
static char *unescape(const char *name, size_t n)
{
	char *text = mem_alloc(n + 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] != '=' || n - i < 3) {
			text[len++] = name[i];
			continue;
		}
		text[len++] = memcmp(name + i, "=2C", 3) == 0 ? ',' : '=';
		i += 2;
	}
	text[len] = '\0';
	return text;
}

/* gs2-header "n,[a=authzid]," and then n=name, up to a comma. */
static char *who_scram(const uint8_t *first, size_t n)
{
	const char *at = (const char *)first, *end = at + n, *comma;

	for (int skip = 0; skip < 2; skip++) {
		comma = memchr(at, ',', (size_t)(end - at));
		if (comma == NULL)
			return NULL;
		at = comma + 1;
	}
	comma = memchr(at, ',', (size_t)(end - at));
	if (comma == NULL || comma - at < 2 || memcmp(at, "n=", 2) != 0)
		return NULL;
	return unescape(at + 2, (size_t)(comma - at - 2));
}

/* --- OAUTHBEARER (RFC 7628): a JSON Web Token, of which only the claims are read --- */

/* base64url without padding, to be freed; NULL: it is none. */
static char *claims_text(const char *base64, size_t n, size_t *len)
{
	size_t room = (n + 3) / 4 * 4;
	char *padded = mem_alloc(room + 1), *text = mem_alloc(room + 1);
	int got;

	memset(padded, '=', room);
	for (size_t i = 0; i < n; i++)
		padded[i] = base64[i] == '-' ? '+' : base64[i] == '_' ? '/' : base64[i];
	got = EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)padded, (int)room);
	free(padded);
	if (got < 0 || (size_t)got < room - n) {
		free(text);
		return NULL;
	}
	*len = (size_t)got - (room - n);
	return text;
}

static char *subject_of(const char *base64, size_t n)
{
	size_t len = 0;
	char *text = claims_text(base64, n, &len), *subject = NULL;
	json_t *claims = text != NULL ? json_loadb(text, len, 0, NULL) : NULL;
	const char *said = json_string_value(json_object_get(claims, "sub"));

	if (said != NULL)
		subject = mem_strdup(said);
	json_decref(claims);
	free(text);
	return subject;
}

static char *who_oauthbearer(const uint8_t *first, size_t n)
{
	static const char before[] = "auth=Bearer ";
	const char *at = memmem(first, n, before, strlen(before)), *end, *dot, *last;

	if (at == NULL)
		return NULL;
	at += strlen(before);
	end = memchr(at, 1, n - (size_t)(at - (const char *)first));
	dot = end != NULL ? memchr(at, '.', (size_t)(end - at)) : NULL;
	last = dot != NULL ? memchr(dot + 1, '.', (size_t)(end - dot - 1)) : NULL;
	return last != NULL ? subject_of(dot + 1, (size_t)(last - dot - 1)) : NULL;
}

/* --- the table --- */

static const struct carried mechanisms[] = {
	{ "PLAIN", CARRIED_REPLAYED, is_empty, who_plain },
	{ "OAUTHBEARER", CARRIED_REPLAYED, is_empty, who_oauthbearer },
	{ "SCRAM-SHA-256", CARRIED_BY_TOKEN, is_server_final, who_scram },
	{ "SCRAM-SHA-512", CARRIED_BY_TOKEN, is_server_final, who_scram },
};

const struct carried *carried_of(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (strlen(mechanisms[i].name) == len && memcmp(mechanisms[i].name, name, len) == 0)
			return &mechanisms[i];
	}
	return NULL;
}
