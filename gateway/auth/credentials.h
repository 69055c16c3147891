/* credentials.h - what one can say who one is with.
 *
 * Made by a mechanism (mechanism.h), never changed, counted by references: any thread may hold one.
 * The last reference wipes it.
 * Tests: tests/unit/auth/plain_test.c, tests/unit/auth/scram_test.c
 */
#ifndef AUTH_CREDENTIALS_H
#define AUTH_CREDENTIALS_H

#include "util/buf.h"

#include <stdatomic.h>

struct mechanism;
struct scram_cache;
struct scram_keys;

struct credentials {
	atomic_uint references;
	const struct mechanism *mechanism;
	struct buf said;	      /* PLAIN, OAUTHBEARER: the first message */
	char *user;		      /* SCRAM: as it is, not escaped */
	struct scram_cache *password; /* SCRAM; NULL: there are keys */
	struct scram_keys *keys;      /* SCRAM; NULL: there is a password */
	bool is_token; /* SCRAM: a delegation token, which has run out when a broker gives it no lifetime */
};

/* With one reference. */
struct credentials *credentials_new(const struct mechanism *mechanism);
struct credentials *credentials_get(struct credentials *c);
/* Fine with NULL. */
void credentials_put(struct credentials *c);

#endif
