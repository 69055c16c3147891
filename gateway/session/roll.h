/* roll.h - going through a worker's clients a few at a time, while they come and go.
 *
 * Whoever goes through all of many clients at once keeps each of them waiting meanwhile.  Clients
 * that come while a roll is called stand in front of it, and are not called.
 * Tests: tests/unit/session/connections_test.c
 */
#ifndef SESSION_ROLL_H
#define SESSION_ROLL_H

struct client;
struct worker;

struct roll {
	struct roll *next; /* of the worker's */
	struct client *at; /* who is called next; NULL: all have been */
};

/* All clients that are there now, the youngest first; must stay where it is until roll_end. */
void roll_begin(struct worker *w, struct roll *r);
/* NULL: all have been called. */
struct client *roll_call(struct roll *r);
void roll_end(struct worker *w, struct roll *r);
/* The client is about to be freed. */
void rolls_pass_over(struct worker *w, const struct client *c);

#endif
