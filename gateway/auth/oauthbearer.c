/* OAUTHBEARER (RFC 7628): a token that somebody else has signed.
 *
 *   n,,^A auth=Bearer TOKEN ^A key=value ^A … ^A       ^A: a byte of 1
 *
 * A refusal comes in two steps: the broker answers without an error, in JSON, what is wrong; it is
 * told that this was heard, by a single ^A, and then answers with the error.  So only an answer
 * without an error and without bytes is a success. */
#include "auth/said.h"

#include "auth/secret.h"
#include "util/text.h"

#include <ctype.h>
#include <string.h>

enum { SEPARATOR = 1 };

static enum mechanism_step next(struct mechanism_run *run, const uint8_t *heard, size_t n,
				struct buf *say, char why[MECHANISM_WHY_MAX])
{
	if (heard == NULL) {
		buf_append(say, run->as->said.data, run->as->said.len);
		return MECHANISM_SAYS;
	}
	if (run->heard++ > 0) {
		memcpy(why, run->why, MECHANISM_WHY_MAX);
		return MECHANISM_FAILED; /* refused, and then not */
	}
	if (n == 0)
		return MECHANISM_IS_DONE;
	snprintf(run->why, MECHANISM_WHY_MAX, "%.*s", (int)(n < 150 ? n : 150),
		 (const char *)heard);
	buf_append8(say, SEPARATOR);
	return MECHANISM_SAYS;
}

const struct mechanism mechanism_oauthbearer = { "OAUTHBEARER", .replays = true,
						 .begin = said_begin, .next = next,
						 .end = said_end };

/* RFC 6750: the letters of a token. */
static bool is_token(const char *token)
{
	const char *p = token;

	while (isalnum((unsigned char)*p) || (*p != '\0' && strchr("-._~+/", *p) != NULL))
		p++;
	while (*p == '=')
		p++;
	return *token != '\0' && *p == '\0';
}

/* A key is letters and not "auth"; a value is printable (RFC 7628, 3.1). */
static bool is_extension(const char *item)
{
	size_t key = strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (key == 0 || item[key] != '=' || (key == 4 && strncmp(item, "auth", 4) == 0))
		return false;
	for (const char *p = item + key + 1; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			return false;
	}
	return true;
}

static bool add_extensions(struct buf *said, const char *extensions)
{
	const char *rest = extensions;
	bool good = true;
	char *item;

	while (good && (item = text_next_item(&rest)) != NULL) {
		good = is_extension(item);
		buf_append(said, item, strlen(item));
		buf_append8(said, SEPARATOR);
		free(item);
	}
	return good;
}

struct credentials *oauthbearer_credentials(const char *token, const char *extensions)
{
	static const char begin[] = "n,,\x01"
				    "auth=Bearer ";
	struct credentials *c = NULL;
	struct buf said;
	bool good;

	buf_init(&said, MECHANISM_SAY_MAX);
	buf_reserve(&said, sizeof begin + strlen(token) + 2 +
				   (extensions != NULL ? strlen(extensions) + 2 : 0));
	buf_append(&said, begin, strlen(begin));
	buf_append(&said, token, strlen(token));
	buf_append8(&said, SEPARATOR);
	good = is_token(token) &&
	       (extensions == NULL || *extensions == '\0' || add_extensions(&said, extensions));
	buf_append8(&said, SEPARATOR);
	if (good && !said.full)
		c = said_credentials(&mechanism_oauthbearer, said.data, said.len);
	secret_buf_deinit(&said);
	return c;
}
