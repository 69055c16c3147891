/* stay.h - a client's stay: what its requests and answers say to balance/, and what follows.
 *
 * balance/ decides which gateway nodes a client is told and when it is to leave; here is what has
 * to be done to the client because of that.
 * Tests: tests/unit/session/stay_test.c, tests/integration/cluster/
 */
#ifndef SESSION_STAY_H
#define SESSION_STAY_H

#include "balance/naming.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;
struct worker;

/* A request is routed; its head is in the buffer. */
void stay_note_request(struct client *c, struct request *r);
/* The request was answered, or sent for good where nothing answers it. */
void stay_note_answer(struct client *c, const struct request *r);
/* As advertising's `stays`, for the answer to a request. */
const struct mapping_node *stay_node(const void *request, int32_t broker);
/* The client is to be closed without need, and may be: it is between two requests. */
bool stay_is_over(struct client *c);
void stay_leave(struct client *c);
/* When that may have changed by itself; INFINITY: never. */
ev_tstamp stay_ends_at(const struct client *c);
/* The client is being freed: nothing counts it any more. */
void stay_end(struct client *c);
/* Up to `count` of the worker's clients are to go when they are between requests, if they may and
 * are so within a second: the oldest of those that came by the turn's port. */
void stay_choose(struct worker *w, unsigned count, unsigned turn);
/* See worker_at_home. */
int stay_at_home(struct worker *w);

#endif
