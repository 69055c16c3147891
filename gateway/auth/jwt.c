#include "auth/jwt.h"

#include "auth/base64.h"
#include "auth/secret.h"
#include "util/mem.h"

#include <jansson.h>
#include <string.h>

enum { CLAIMS_MAX = 512 * 1024 }; /* a token is no longer than a frame of a login */

/* base64url without padding (RFC 7515, 2) is base64 with two other letters. */
static bool read_part(struct buf *out, const char *part, size_t n)
{
	struct buf letters;
	bool good;

	buf_init(&letters, CLAIMS_MAX);
	for (size_t i = 0; i < n; i++) {
		char c = part[i];

		buf_append8(&letters, (uint8_t)(c == '-' ? '+' : c == '_' ? '/' : c));
	}
	while (letters.len % 4 != 0)
		buf_append8(&letters, '=');
	good = !letters.full && base64_read(out, letters.data, letters.len);
	secret_buf_deinit(&letters);
	return good;
}

/* The claims of a token of n bytes, to be given back; NULL: it is none. */
static json_t *claims_of(const char *token, size_t n)
{
	const char *first = memchr(token, '.', n), *end = token + n;
	const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1))
					   : NULL;
	json_t *claims = NULL;
	struct buf text;

	if (second == NULL || second == first + 1)
		return NULL;
	buf_init(&text, CLAIMS_MAX);
	if (read_part(&text, first + 1, (size_t)(second - first - 1)))
		claims = json_loadb((const char *)text.data, text.len, 0, NULL);
	secret_buf_deinit(&text);
	return claims;
}

int64_t jwt_expires_at(const char *token)
{
	json_t *claims = claims_of(token, strlen(token));
	const json_t *expires = json_object_get(claims, "exp");
	int64_t at = 0;

	if (json_is_number(expires) && json_number_value(expires) > 0 &&
	    json_number_value(expires) < 1e15)
		at = (int64_t)json_number_value(expires);
	json_decref(claims);
	return at;
}

char *jwt_subject(const char *token, size_t n)
{
	json_t *claims = claims_of(token, n);
	const char *said = json_string_value(json_object_get(claims, "sub"));
	char *subject = said != NULL ? mem_strdup(said) : NULL;

	json_decref(claims);
	return subject;
}
