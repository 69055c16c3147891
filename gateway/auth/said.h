/* said.h - mechanisms whose credentials are one message, known beforehand.
 *
 * Tests: tests/unit/auth/plain_test.c, tests/unit/auth/oauthbearer_test.c
 */
#ifndef AUTH_SAID_H
#define AUTH_SAID_H

#include "auth/mechanism.h"

struct mechanism_run {
	const struct credentials *as; /* borrowed */
	unsigned heard;		      /* answers */
	char why[MECHANISM_WHY_MAX];  /* what the broker said of a refusal that it has begun */
};

struct mechanism_run *said_begin(const struct credentials *as);
void said_end(struct mechanism_run *run);

#endif
