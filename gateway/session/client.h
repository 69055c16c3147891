/* client.h - one client connection, from when it is known who came to its close.
 *
 * It reads requests, has them routed, sends them, and gives back the answers in the order in
 * which they were asked.  Lives on its worker's loop.  Whoever finds something for a client (a
 * socket, a timer, a letter) wakes it and returns; the worker's ready list steps it before the
 * loop sleeps.  Nobody frees a client while it is stepped: client_fail says why it must end, and
 * the step ends it.
 *
 *   SERVED --drain--> LAST_LOOK --> DRAINING ---all answered, but what waits---> CLOSING
 *      `----bad frame, end of input----> ENDING ------------all answered----------^  |
 *                                                       acks=0 data on its way  <----'
 *                                                             LINGERING
 *
 * Tests: tests/unit/session/client_test.c, tests/integration/data/
 */
#ifndef SESSION_CLIENT_H
#define SESSION_CLIENT_H

#include "session/arrival.h"
#include "session/inbound.h"
#include "session/request.h"
#include "session/standing.h"
#include "session/worker.h"

enum {
	IN_FLIGHT_MAX = 64, /* requests of one client; then it is not read on */
};

enum client_life {
	LIFE_SERVED,
	LIFE_LAST_LOOK, /* a drain has begun: what has come by now is still read */
	LIFE_DRAINING,	/* no further frame is read; closes when what was asked has been answered */
	LIFE_ENDING,	/* the same, and what the brokers keep waiting is waited for too */
	LIFE_CLOSING,	/* at the end of the step */
	LIFE_LINGERING, /* the connection is closed; acks=0 data is still leaving */
};

/* The answers that are to leave, in the order of the requests: outbound.c's, request.c's. */
struct outbound {
	struct request *first, **last; /* unanswered, oldest first */
	unsigned in_flight;
	struct relay relay; /* of an answer that is cut through */
};

/* What the client said of itself in its ApiVersions: here.c's. */
struct hello {
	char *name, *version; /* NULL: it did not say */
};

/* What was counted: each by who moves the bytes. */
struct tally {
	uint64_t in, out;
	ev_tstamp moved_at; /* the last byte either way */
};

/* How much of a turn's work is left: then others have theirs. */
struct share {
	int requests;
	int64_t bytes;
};

/* deadlines.c's. */
struct clock {
	ev_timer timer;
	ev_tstamp at; /* when it fires; 0: it is not set */
};

struct client {
	struct client *next, **prev; /* the worker's list */
	struct worker *worker;
	uint64_t id;
	struct came came;
	struct conn conn;
	struct inbound in;
	struct outbound out;
	struct upstream *upstreams;
	uint32_t next_correlation;
	struct standing *standing;
	struct tenure tenure; /* what its stay depends on: balance/ */
	struct hello hello;
	char *client_id; /* of its last request; NULL: none */
	struct tally tally;
	enum client_life life;
	ev_tstamp life_since;
	const char *why; /* ENDING and later */
	struct share share;
	struct ready ready;
	struct clock clock;
};

static inline ev_tstamp client_now(const struct client *c)
{
	return ev_now(c->worker->loop);
}

static inline void client_count_in(struct client *c, uint64_t n)
{
	stats_add(&c->worker->stats, STAT_CLIENT_BYTES_IN, n);
	c->tally.in += n;
}

static inline bool client_is_draining(const struct client *c)
{
	return c->life == LIFE_LAST_LOOK || c->life == LIFE_DRAINING;
}

/* --- life.c --- */

/* It is stepped before the loop sleeps. */
void client_wake(struct client *c);
void client_on_event(void *client); /* the same, as a connection's on_event */
void client_set_life(struct client *c, enum client_life life, const char *why);
/* It must end, now; the first reason counts. */
void client_fail(struct client *c, const char *why);
static inline bool client_is_closing(const struct client *c)
{
	return c->life >= LIFE_CLOSING;
}
/* As a broker does it on a frame that it does not take: what was asked before is answered, then
 * the connection is closed. */
void client_end(struct client *c, const char *why);

/* --- client.c --- */

/* Takes the connection, an admission_enter and an admission_enter_address. */
void client_new(struct worker *w, struct conn *conn, const struct came *came);
/* As a worker's ready list has it stepped. */
void client_on_ready(struct ready *r);
/* No further requests; closes when what was asked has been answered, at once
 * when only what the brokers keep waiting is open. */
void client_drain(struct client *c);
/* Closes now, with a reason for the log. */
void client_free(struct client *c, const char *why);

#endif
