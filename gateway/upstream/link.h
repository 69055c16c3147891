/* link.h - the way to one broker, until it may carry requests, and its end.
 *
 *   CONNECTING --TCP, and what the layer needs--> OPEN --> LOST
 *       `---------refused, or not in time--------------------^
 *
 * Whoever asks brokers something (upstream.h for clients, call.h for the gateway) goes on
 * from an open link; what must be done before a request may pass, a TLS handshake, a login,
 * is a stage here and nowhere else.  A link is lost by link_lose alone, which keeps the
 * first reason.  The owner is told of events by on_event, from the loop, and looks.
 * Tests: tests/unit/upstream/link_test.c
 */
#ifndef UPSTREAM_LINK_H
#define UPSTREAM_LINK_H

#include "net/conn.h"

enum link_state { LINK_CONNECTING, LINK_OPEN, LINK_LOST };

/* Why a link is lost. */
enum link_end {
	LINK_NOT_CONNECTED, /* refused, unreachable, or not in time */
	LINK_CUT,	    /* closed or reset by the broker */
	LINK_LATE,	    /* an answer did not come in time */
	LINK_BAD_ANSWER,    /* not what was asked for */
	LINK_HALF_FRAME,    /* a frame was given up before its last byte had left */
	LINK_GIVEN_UP,	    /* by its owner: that says nothing of the broker */
};

struct link_wanted {
	const struct sockaddr *address; /* borrowed for the time of the call */
	socklen_t address_len;		/* 0: there is no address; lost from the start */
	int timeout_ms;			/* until it must be open */
};

struct link {
	struct conn conn;
	enum link_state state;
	enum link_end end; /* LOST: why */
	bool was_open;
	ev_timer limit;
	void (*on_event)(void *owner);
	void *owner;
};

/* Starts to connect; never blocks and never calls back.  Borrows the loop and the pool. */
void link_open(struct link *l, const struct link_wanted *wanted, struct ev_loop *loop,
	       struct bufpool *pool, void (*on_event)(void *owner), void *owner);
/* Closes now; fine when it is closed. */
void link_close(struct link *l);
/* From now on it carries nothing; the socket stays until link_close. */
void link_lose(struct link *l, enum link_end why);

static inline bool link_is_open(const struct link *l)
{
	return l->state == LINK_OPEN;
}

/* Says what the owner waits for; while connecting it is that. */
void link_await(struct link *l, bool read, bool write);
/* For the log. */
const char *link_end_text(enum link_end end);

#endif
