/* mechanism.h - the SASL mechanisms, from a client's side: one file each beside this one.
 *
 * A mechanism makes of credentials what is said to a broker, answer by answer.  Pure: no socket, no
 * loop, no clock, no log.  Names are those of SaslHandshake; Kafka takes them in that spelling only.
 *
 *   PLAIN           RFC 4616
 *   SCRAM-SHA-256   RFC 5802, RFC 7677, with Kafka's extension `tokenauth` (KIP-48)
 *   SCRAM-SHA-512   the same
 *   OAUTHBEARER     RFC 7628, with Kafka's extensions (KIP-255, KIP-342)
 *
 * Tests: tests/unit/auth/plain_test.c, tests/unit/auth/scram_test.c, tests/unit/auth/oauthbearer_test.c
 */
#ifndef AUTH_MECHANISM_H
#define AUTH_MECHANISM_H

#include "auth/credentials.h"
#include "auth/scram_keys.h"
#include "util/compiler.h"

enum {
	MECHANISM_WHY_MAX = 200,
	/* What a broker takes: sasl.server.max.receive.size. */
	MECHANISM_SAY_MAX = 524288,
	MECHANISM_HEAR_MAX = 65536,
};

enum mechanism_step {
	MECHANISM_SAYS, /* and hears the answer */
	MECHANISM_IS_DONE,
	MECHANISM_FAILED, /* the broker did not show that it knows the secret, or makes no sense */
};

/* One run of an exchange. */
struct mechanism_run;

struct mechanism {
	const char *name;
	/* Whether what was said once can be said to another broker: no part of it is the broker's. */
	bool replays;
	const struct scram_hash *hash; /* of a SCRAM, or NULL */
	struct mechanism_run *(*begin)(const struct credentials *as);
	/* What follows from the broker's bytes; the first time `heard` is NULL.  Appends to `say`,
	 * which was born with MECHANISM_SAY_MAX.  FAILED: `why` says why. */
	enum mechanism_step (*next)(struct mechanism_run *run, const uint8_t *heard, size_t n,
				    struct buf *say, char why[MECHANISM_WHY_MAX]);
	void (*end)(struct mechanism_run *run); /* wipes it */
};

extern const struct mechanism mechanism_plain, mechanism_scram_sha_256, mechanism_scram_sha_512,
	mechanism_oauthbearer;

/* NULL: there is none of that name. */
const struct mechanism *mechanism_by_name(const void *name, size_t len);

/* --- credentials of each --- */

struct credentials *plain_credentials(const char *user, const char *password);

/* A delegation token is a SCRAM user: its id, and the base64 text of its HMAC as the password. */
enum scram_user { SCRAM_OF_USER, SCRAM_OF_TOKEN };

/* hash is that of one of the two mechanisms. */
struct credentials *scram_credentials(const struct mechanism *scram, enum scram_user what,
				      const char *user, const char *password);
/* Of a user whose keys are known and whose password is not: good as long as the salt stays. */
struct credentials *scram_credentials_of_keys(const struct mechanism *scram, const char *user,
					      const struct scram_keys *keys);

/* extensions: "key=value" with commas (KIP-342), or NULL. NULL: the token or an extension holds what can't be said there. */
struct credentials *oauthbearer_credentials(const char *token, const char *extensions);

/* What a client said itself, byte for byte, in a mechanism that replays. */
struct credentials *said_credentials(const struct mechanism *m, const void *bytes, size_t n);

#endif
