/* link.h - the way to one broker, until it may carry requests, and its end.
 *
 *   CONNECTING --TCP, and what the layer needs--> LOGGING_IN --> OPEN --> LOST
 *       |  `--------nobody logs in-----------------------|-------^|        ^
 *       `---------------not in time, or refused----------+--------+--------'
 *                                              ^--link_renew------'
 *
 * Whoever asks brokers something (upstream.h for clients, call.h for the gateway) goes on
 * from an open link; what must be done before a request may pass, a TLS handshake, a login,
 * is a stage here and nowhere else.  A link is lost by link_lose alone, which keeps the
 * first reason.  The owner is told of events by on_event, from the loop, and looks.
 *
 * A broker may believe a login for a time only (KIP-368).  Before that is over the link is due: its
 * owner begins no other request, and when all that it asked is answered, says link_renew.  What a
 * broker has read before the end it still answers; it reads one request after the other, so that
 * waiting for the answers takes no time from the login.
 * Tests: tests/unit/upstream/link_test.c, tests/unit/upstream/login_link_test.c
 */
#ifndef UPSTREAM_LINK_H
#define UPSTREAM_LINK_H

#include "auth/login.h"
#include "net/tls.h"

enum link_state { LINK_CONNECTING, LINK_LOGGING_IN, LINK_OPEN, LINK_LOST };

/* Why a link is lost. */
enum link_end {
	LINK_NOT_CONNECTED, /* refused, unreachable, or not in time */
	LINK_NOT_SECURED,   /* the TLS handshake failed: link_why has the words */
	LINK_CUT,	    /* closed or reset by the broker */
	LINK_LATE,	    /* an answer did not come in time */
	LINK_BAD_ANSWER,    /* not what was asked for */
	LINK_HALF_FRAME,    /* a frame was given up before its last byte had left */
	LINK_GIVEN_UP,	    /* by its owner: that says nothing of the broker */
	LINK_REFUSED,	    /* the login: link_why has the broker's words */
};

/* How the node's links to brokers are made, but for addresses and times. */
struct link_terms {
	struct tls_slot *tls; /* a context for each; NULL, or an empty one: no TLS */
	/* Who asks when the node itself does (call.h); a link for a client never has it unless its
	 * owner says so by `login`.  NULL: brokers do not want to know. */
	struct account *account;
};

struct link_wanted {
	const struct sockaddr *address; /* borrowed for the time of the call */
	socklen_t address_len;		/* 0: there is no address; lost from the start */
	int timeout_ms;			/* until it must be open; of a later login too */
	struct login *login;		/* taken; NULL: nobody logs in */
	const struct link_terms *terms; /* borrowed for the time of the call; NULL: TCP as it is */
	/* The broker's, as the cluster tells it: what its certificate must name. */
	const char *host;
	int port;
};

struct exchange;

struct link {
	struct conn conn;
	enum link_state state;
	enum link_end end; /* LOST: why */
	bool was_open;
	bool is_due;	/* OPEN: for a login that the link can begin by itself */
	ev_timer limit; /* of opening it; OPEN: until it is due */
	int timeout_ms;
	struct login *login;
	struct exchange *exchange; /* LOGGING_IN */
	unsigned logins;	   /* that were believed */
	int64_t login_began_at;	   /* clock_ms; the last one; 0: there was none */
	int64_t believed_until;	   /* clock_ms; 0: without an end */
	char *why;		   /* REFUSED */
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

/* The owner has nothing in flight, and nothing that has left in part: another login begins. */
void link_renew(struct link *l);
/* Its owner carried a login through by itself, which began then and is believed for so long; 0: without
 * an end. */
void link_note_login(struct link *l, int64_t began_at, int64_t lifetime_ms);
/* The login WAITed, and has it now; fine in any state. */
void link_login_goes_on(struct link *l);
static inline bool link_is_due(const struct link *l)
{
	return l->state == LINK_OPEN && l->is_due;
}

/* Says what the owner waits for; until it is open it is that. */
void link_await(struct link *l, bool read, bool write);
/* Why it is lost, in words for the log, a broker's own when it REFUSED; until link_close. */
const char *link_why(const struct link *l);
/* For the log. */
const char *link_end_text(enum link_end end);

#endif
