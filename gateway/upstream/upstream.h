/* upstream.h - one connection of one client connection to one Kafka broker.
 *
 * An upstream lives on its owner's loop.  Requests leave in the order of upstream_begin,
 * and answers come in that order; the owner reads them from the link's conn when it is
 * their turn, except those that nobody wants, which upstream_discard throws away.  The owner
 * is told of events and then looks; nothing is ever called from inside of a call.
 *
 * A frame that has left in part owns the connection: from upstream_begin to upstream_sent
 * nobody else writes there, and if it is given up before, so is the connection.
 * While it logs in again (KIP-368) an upstream is not open, and then it is again.
 * Tests: tests/unit/upstream/upstream_test.c, tests/integration/data/broker_down.py
 */
#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H

#include "loop/stats.h"
#include "upstream/link.h"

/* What an upstream carries: a client may have one of each to a broker; FOR_LOGIN
 * is one to all of them. */
enum upstream_purpose {
	FOR_REQUESTS,
	FOR_POLLS, /* long polls of split requests, which would keep others waiting */
	FOR_SHARE, /* share sessions, which end with their connection */
	FOR_LOGIN, /* the client's own login, and its requests after it */
};

struct upstream {
	struct upstream *next; /* in the owner's list */
	struct link link;
	int32_t broker;
	enum upstream_purpose purpose;
	struct stats *stats;
	void (*on_event)(void *owner);
	void *owner;
	bool was_counted;   /* as opened */
	unsigned logins;    /* that were counted */
	const void *writer; /* whose frame is leaving; NULL: nobody's */
	/* answers to come: ring[(first + i) & mask], NULL: nobody wants it */
	void **ring;
	uint32_t ring_first, ring_count, ring_cap;
	uint32_t discard; /* bytes of an unwanted answer still to be thrown away */
	/* acks=0 data may be on its way: it dies with this connection unseen */
	bool loose;
	uint32_t sent, loose_since; /* requests begun; at the last acks=0 one */
	ev_tstamp idle_since;	    /* nothing is awaited: since then */
	ev_tstamp muted_until; /* the broker said that it reads nothing before; 0: it did not */
};

struct upstream_wanted {
	int32_t broker;
	enum upstream_purpose purpose;
	struct link_wanted link;
	struct stats *stats; /* borrowed */
};

/* Starts to connect; never blocks, never NULL.  A broker without an address is lost from the
 * start.  Borrows the loop and the pool. */
struct upstream *upstream_new(const struct upstream_wanted *wanted, struct ev_loop *loop,
			      struct bufpool *pool, void (*on_event)(void *owner), void *owner);
/* Closes now; fine with NULL. */
void upstream_free(struct upstream *u);

static inline bool upstream_is_open(const struct upstream *u)
{
	return link_is_open(&u->link);
}
/* It was open, and is again when the broker has answered a further login. */
static inline bool upstream_is_between_logins(const struct upstream *u)
{
	return u->link.state == LINK_LOGGING_IN && u->link.was_open;
}
static inline bool upstream_is_lost(const struct upstream *u)
{
	return u->link.state == LINK_LOST;
}
/* Lost by what its owner did: that says nothing of the broker. */
bool upstream_is_given_up(const struct upstream *u);
/* See link_lose. */
void upstream_lose(struct upstream *u, enum link_end why);

/* Whether `who` may write: no other's frame is leaving, and no login is due before the next. */
bool upstream_may_write(const struct upstream *u, const void *who);
/* The frame of `who` (not NULL) is about to be sent; he reads its answer. */
void upstream_begin(struct upstream *u, const void *who);
/* The same for a frame that has no answer (acks=0). */
void upstream_begin_loose(struct upstream *u, const void *who);
/* The last byte of the frame has left, or leaves with the next conn_flush. */
void upstream_sent(struct upstream *u);
/* A whole frame was put whose answer nobody wants. */
void upstream_expect_nothing(struct upstream *u);
/* Who reads the next answer; NULL: nobody, or there is none. */
void *upstream_next(const struct upstream *u);
/* The next answer has been read whole. */
void upstream_answered(struct upstream *u);
/* An answer said that the broker throttles: it reads nothing more for so long. */
void upstream_mute(struct upstream *u, int64_t ms);
/* `who` no longer wants its answer: another will read it, or nobody (NULL).  Loses the
 * connection when the frame of `who` has not left whole. */
void upstream_pass_on(struct upstream *u, const void *who, void *other);
/* A login is due, and nothing is in flight: it may begin. */
bool upstream_may_renew(const struct upstream *u);
void upstream_renew(struct upstream *u);
/* Throws away what nobody wants, as far as it has come; notes a loss when the connection is
 * idle.  True: something happened. */
bool upstream_discard(struct upstream *u);
/* Our last word, after a login that is under way, and reads what comes until the broker's: true:
 * that has not come yet. */
bool upstream_finish(struct upstream *u);

#endif
