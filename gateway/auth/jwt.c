#include "auth/jwt.h"

#include "auth/base64.h"
#include "auth/secret.h"

#include <jansson.h>
#include <string.h>

enum { CLAIMS_MAX = 65536 };

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

static int64_t expiry_in(const struct buf *claims)
{
	json_t *all = json_loadb((const char *)claims->data, claims->len, 0, NULL);
	const json_t *expires = json_object_get(all, "exp");
	int64_t at = 0;

	if (json_is_number(expires) && json_number_value(expires) > 0 &&
	    json_number_value(expires) < 1e15)
		at = (int64_t)json_number_value(expires);
	json_decref(all);
	return at;
}

int64_t jwt_expires_at(const char *token)
{
	const char *first = strchr(token, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	struct buf claims;
	int64_t at = 0;

	if (second == NULL || second == first + 1)
		return 0;
	buf_init(&claims, CLAIMS_MAX);
	if (read_part(&claims, first + 1, (size_t)(second - first - 1)))
		at = expiry_in(&claims);
	secret_buf_deinit(&claims);
	return at;
}
