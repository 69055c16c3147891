/* asked_name.h - whose login it was, where only the broker can say.
 *
 * What a client of GSSAPI says is for the brokers' eyes: there is no name in it that the gateway could
 * read, and Kafka has no request that asks for one.  But a broker that refuses to make a delegation
 * token says for whom it was asked (KIP-48), and it refuses one that a principal of another type than
 * "User" is to renew (error 67) before it does anything.  So the gateway asks for that, on the
 * connection of the login, before the client hears that it is in.
 * Tests: tests/unit/session/doorway_test.c, tests/e2e/scenarios/gssapi.py
 */
#ifndef SESSION_ASKED_NAME_H
#define SESSION_ASKED_NAME_H

#include <stdbool.h>

struct client;
struct request;

/* The step's answer is kept while the broker is asked.  False: it was asked already, or can't be. */
bool asked_name_begin(struct client *c, struct request *r);
/* The answer that comes next is about the name. */
bool asked_name_is_under_way(const struct request *r);
/* That answer is there: takes the name, NULL if it has none, to c->claim.named, and has the step's again. */
void asked_name_take(struct client *c, struct request *r);
/* The request ends. */
void asked_name_leave(struct request *r);

#endif
