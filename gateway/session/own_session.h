/* own_session.h - a fetch session that the node has with a client, for what several brokers have.
 *
 * Towards the client it is as a broker's: one id, epochs in a row, errors 70, 71 and 106, answers that
 * have only what is new.  Towards each of the brokers it is a session of the client's own there
 * (route/fetched.h), which begins anew, unseen by the client, when the broker has lost it or leaders
 * have moved.  The course polled asks the brokers.
 *
 * A connection has one.  Its memory is the budget's (BUDGET_SESSIONS); a worker has so many slots, as
 * max.incremental.fetch.session.cache.slots of a broker: one that was not used for two minutes gives
 * way to a new one, one that is as old to a larger one.  Where there is no room the client hears that
 * there is no session, and goes on with full requests.
 * Tests: tests/unit/session/own_session_test.c, tests/unit/session/fetch_session_test.c,
 * tests/golden/session/session_of_several_brokers.txt, tests/integration/data/fetch_sessions.py
 */
#ifndef SESSION_OWN_SESSION_H
#define SESSION_OWN_SESSION_H

#include "route/fetched.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct client;
struct own_session;
struct part;
struct request;
struct sending;

/* A worker's, the one first that was used longest ago. */
TAILQ_HEAD(own_sessions, own_session);
struct own_slots {
	struct own_sessions used;
	int count;
};
void own_slots_init(struct own_slots *slots);

/* The request names the connection's session. */
bool own_session_is_named(const struct client *c, const struct request *r);
/* No other request of the session is under way. */
bool own_session_is_free(const struct client *c);
/* Why the request can't go on with it: an error code, 0: it can. */
int own_session_code(const struct client *c, const struct request *r);

/* Once, when the request is committed: what it says is noted, and `to` has the brokers that are to be
 * asked.  False: there is no room; then there is no session any more. */
bool own_session_begin(struct client *c, struct request *r, struct sending *to);
bool own_session_go_on(struct client *c, struct request *r, struct sending *to);
/* Its brokers are told that it is over; it ends with the request. */
void own_session_last(struct client *c, struct request *r, struct sending *to);
/* Another session takes its place, unless a request of it is under way. */
void own_session_end(struct client *c);
/* The request, whose session it is, ends. */
void own_session_leave(struct client *c, struct request *r);

/* What clients are told of it: 0 where it ends. */
int32_t own_session_told(const struct request *r);
/* It is the one that a broker was asked for by an earlier request; 0: by none. */
int32_t own_session_id(const struct request *r);
/* The request is to be answered with what is new. */
bool own_session_is_incremental(const struct request *r);
bool own_session_ends(const struct request *r);
struct fetched *own_session_fetched(const struct own_session *s);
/* Of the connection, when it has this id; NULL: that one has gone. */
struct fetched *own_session_find(const struct client *c, int32_t id);

#endif
