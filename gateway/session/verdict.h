/* verdict.h - what a broker answers to a client's login, and what the client hears of it.
 *
 * Tests: tests/unit/session/doorway_test.c
 */
#ifndef SESSION_VERDICT_H
#define SESSION_VERDICT_H

#include <stdbool.h>

struct client;
struct request;

/* The answer to SaslHandshake is there, whole: makes the request's reply.  False: it contradicts its
 * schema, here and below. */
bool verdict_on_mechanism(struct client *c, struct request *r);
/* The same to SaslAuthenticate. */
bool verdict_on_step(struct client *c, struct request *r);

#endif
