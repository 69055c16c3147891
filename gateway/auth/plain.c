/* PLAIN (RFC 4616): a user and his password, at once.  Authorization id NUL user NUL password; the
 * first is empty, for brokers take no other one than the user. */
#include "auth/said.h"

#include "auth/secret.h"

#include <string.h>

static enum mechanism_step next(struct mechanism_run *run, const uint8_t *heard, size_t n,
				struct buf *say, char why[MECHANISM_WHY_MAX])
{
	(void)n;
	(void)why;
	if (heard != NULL)
		return MECHANISM_IS_DONE; /* nothing is left to be shown by either side */
	buf_append(say, run->as->said.data, run->as->said.len);
	return MECHANISM_SAYS;
}

const struct mechanism mechanism_plain = { "PLAIN", .replays = true, .begin = said_begin,
					   .next = next, .end = said_end };

struct credentials *plain_credentials(const char *user, const char *password)
{
	struct credentials *c;
	struct buf said;

	buf_init(&said, MECHANISM_SAY_MAX);
	buf_reserve(&said, strlen(user) + strlen(password) + 2);
	buf_append8(&said, 0);
	buf_append(&said, user, strlen(user));
	buf_append8(&said, 0);
	buf_append(&said, password, strlen(password));
	c = said_credentials(&mechanism_plain, said.data, said.len);
	secret_buf_deinit(&said);
	return c;
}
