#include "auth/carried.h"

#include "auth/jwt.h"
#include "auth/mechanism.h"
#include "util/compiler.h"
#include "util/mem.h"

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

static char *who_oauthbearer(const uint8_t *first, size_t n)
{
	static const char before[] = "auth=Bearer ";
	const char *at = memmem(first, n, before, strlen(before)), *end;

	if (at == NULL)
		return NULL;
	at += strlen(before);
	end = memchr(at, 1, n - (size_t)(at - (const char *)first));
	return end != NULL ? jwt_subject(at, (size_t)(end - at)) : NULL;
}

/* --- the table --- */

static const struct carried mechanisms[] = {
	{ "PLAIN", CARRIED_REPLAYED, is_empty, who_plain },
	{ "OAUTHBEARER", CARRIED_REPLAYED, is_empty, who_oauthbearer },
	{ "SCRAM-SHA-256", CARRIED_BY_TOKEN, is_server_final, who_scram },
	{ "SCRAM-SHA-512", CARRIED_BY_TOKEN, is_server_final, who_scram },
	{ "GSSAPI", CARRIED_BY_TOKEN, is_empty, NULL },
};

static const struct carried judged[] = {
	{ "PLAIN", CARRIED_AS_SET, is_empty, who_plain },
	{ "SCRAM-SHA-256", CARRIED_AS_SET, is_server_final, who_scram },
	{ "SCRAM-SHA-512", CARRIED_AS_SET, is_server_final, who_scram },
};

static const struct carried *find(const struct carried *list, size_t count, const uint8_t *name,
				  size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0)
			return &list[i];
	}
	return NULL;
}

const struct carried *carried_of(const uint8_t *name, size_t len)
{
	return find(mechanisms, ARRAY_LEN(mechanisms), name, len);
}

const struct carried *carried_judged(const uint8_t *name, size_t len)
{
	return find(judged, ARRAY_LEN(judged), name, len);
}

char *carried_name(const struct credentials *c)
{
	const char *name = c->mechanism->name;
	const struct carried *by;

	if (c->user != NULL)
		return mem_strdup(c->user);
	by = carried_of((const uint8_t *)name, strlen(name));
	return by != NULL ? by->who(c->said.data, c->said.len) : NULL;
}
