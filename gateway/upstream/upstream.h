/* upstream.h - one connection of one client connection to one Kafka broker.
 *
 * An upstream lives on its owner's loop.  Requests leave in the order of
 * upstream_expect, and answers come in that order; the owner reads them from
 * `sock` when it is their turn, except those that
 * nobody wants, which upstream_discard throws away.  The owner is told of events and then steps;
 * nothing is ever called from inside of a call.
 * Tests: tests/unit/upstream/upstream_test.c, tests/integration/data/broker_down.py
 */
#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H

#include "loop/stats.h"
#include "net/sock.h"

#include <sys/socket.h>

enum upstream_state { UPSTREAM_CONNECTING, UPSTREAM_OPEN, UPSTREAM_LOST };

struct upstream {
	struct upstream *next; /* in the owner's list */
	struct sock sock;
	int32_t broker;
	enum upstream_state state;
	bool was_open;
	bool for_polls; /* carries long polls of split requests and nothing else */
	bool quiet;	/* given up by its owner: its loss says nothing of the broker */
	ev_timer connect_timer;
	void *owner;
	void (*on_event)(void *owner);
	struct stats *stats;
	/* answers to come: ring[(first + i) & mask], NULL: nobody wants it */
	void **ring;
	uint32_t ring_first, ring_count, ring_cap;
	uint32_t discard; /* bytes of an unwanted answer still to be thrown away */
	/* acks=0 data may be on its way: it dies with this connection unseen */
	bool loose;
	uint32_t sent, loose_since; /* requests sent; at the last acks=0 one */
	ev_tstamp idle_since;
};

/* Starts to connect; never blocks, never NULL.  A broker without an address
 * (address_len 0) is lost from the start. */
struct upstream *upstream_new(struct ev_loop *loop, int32_t broker,
			      const struct sockaddr_storage *address, socklen_t address_len,
			      int timeout_ms, struct stats *stats, void (*on_event)(void *owner),
			      void *owner);
/* Closes now; fine with NULL. */
void upstream_free(struct upstream *u, struct bufpool *pool);

/* A request is about to be sent; `who` will read its answer (not NULL). */
void upstream_expect(struct upstream *u, void *who);
/* A request whose answer nobody wants is about to be sent. */
void upstream_expect_nothing(struct upstream *u);
/* Who reads the next answer; NULL: nobody, or there is none. */
void *upstream_next(const struct upstream *u);
/* The next answer has been read whole. */
void upstream_answered(struct upstream *u);
/* `who` no longer wants its answer: another will read it, or nobody (NULL). */
void upstream_pass_on(struct upstream *u, const void *who, void *other);
/* Throws away what nobody wants, as far as it has come; notes a loss when the
 * connection is idle.  True: something happened. */
bool upstream_discard(struct upstream *u, struct bufpool *pool);
/* Starts and stops watchers, from state. */
void upstream_rearm(struct upstream *u, bool want_write);

#endif
