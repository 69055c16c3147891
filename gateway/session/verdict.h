/* verdict.h - what is answered to a client's login, by a broker or by the gateway, and what follows.
 *
 * Tests: tests/unit/session/doorway_test.c
 */
#ifndef SESSION_VERDICT_H
#define SESSION_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct carried;
struct client;
struct request;

enum { MECHANISMS_MAX = 64 }; /* of a broker's list */

struct slice {
	const uint8_t *bytes; /* NULL: null */
	uint32_t len;
};

/* The values of an answer to SaslHandshake or SaslAuthenticate. */
struct said {
	int error;
	int64_t lifetime_ms; /* 0: none */
	struct slice message, auth, mechanisms[MECHANISMS_MAX];
	uint32_t count; /* of mechanisms */
};

/* The answer to SaslHandshake is there, whole: makes the request's reply.  False: it contradicts its
 * schema, here and below. */
bool verdict_on_mechanism(struct client *c, struct request *r);
/* The same to SaslAuthenticate. */
bool verdict_on_step(struct client *c, struct request *r);

/* The same when it is known: the reply is made of what is said, which it may change.  `who` is the name that the client
 * says; NULL: none. */
void verdict_tell_mechanism(struct client *c, struct request *r, struct said *s);
void verdict_tell_step(struct client *c, struct request *r, struct said *s, const char *who);

#endif
