/* seen.h - what a broker has answered this client about, under its own identity.
 *
 * Where clients say who they are, an error that the gateway makes up of a topic or a group tells that
 * there is such a one.  So it is told only to who has been answered about it, by a broker that knows
 * the client, without an error, on this connection.
 * Tests: tests/unit/session/seen_test.c
 */
#ifndef SESSION_SEEN_H
#define SESSION_SEEN_H

#include <stdbool.h>

struct client;
struct request;

/* The request has been answered by brokers. */
void seen_note(struct client *c, const struct request *r);
/* Whether an answer to it may be made up. */
bool seen_all(const struct client *c, const struct request *r);
void seen_free(struct client *c);

#endif
