/* worker.h - one thread, one loop, and everything that its clients need.
 *
 * Workers share nothing but what `struct shared` names, all of which is
 * thread-safe.  Tests: tests/integration/
 */
#ifndef SESSION_WORKER_H
#define SESSION_WORKER_H

#include "cluster/cluster.h"
#include "balance/naming.h"
#include "config/config.h"
#include "loop/budget.h"
#include "loop/ready.h"
#include "loop/stats.h"
#include "net/admission.h"
#include "net/inbuf.h"
#include "net/pipe.h"
#include "route/advertise.h"
#include "session/brokers.h"
#include "session/cut_off.h"
#include "session/shared.h"
#include "topology/topology.h"
#include "util/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct arrival;
struct client;

/* Nobody is accepted for a moment, since who comes could not be served: he waits in the kernel. */
struct rest {
	ev_timer timer; /* looks whether it is over */
	bool is_on;
	ev_tstamp since;
	atomic_bool is_short; /* of descriptors; read by any thread */
	int spare;	      /* a descriptor that is given up to refuse somebody; -1: none */
};

enum { NO_PORT = -1, SEVERAL_PORTS = -2 };

struct worker {
	const struct shared *shared;
	const struct config *config; /* may change: see worker_reconfigure */
	int index;
	pthread_t thread;
	struct ev_loop *loop;
	struct mailbox mailbox;
	struct ready_list ready; /* clients to be stepped */
	struct stats stats;
	struct bufpool bufs;
	struct pipepool pipes;
	const struct snapshot *snapshot; /* never NULL once listening */
	struct advertising advertising;
	struct mapping *mapping; /* what advertising borrows; NULL: none */
	atomic_int came_by;	 /* the port of all clients so far; NO_PORT, SEVERAL_PORTS */
	atomic_int at_home; /* clients for whom the mapping has this node: see worker_at_home */
	struct naming_drawn naming_drawn;
	struct brokers brokers;
	uint64_t next_client_id;
	struct client *clients;
	struct arrival *arrivals; /* connections of which it is not known yet who came */
	ev_io *listeners;	  /* one a port; fd -1: closed */
	int port_count;
	struct rest rest; /* of the listeners: see ports.c */
	struct cut_off cut_off;
	/* the drain: see draining.c */
	struct turns turns;
	bool told_drained;
	void (*on_client_gone)(struct worker *w);
	ev_timer drain_timer; /* looks after clients whose turn has come and that stay a moment */
	atomic_int leaving;   /* clients whose turn has come and that are still there */
	void (*on_drained)(void *ctx);
	void *drained_ctx;
	/* clients that are to leave between requests: see stay.c */
	atomic_int chosen;	     /* so many are chosen, and not gone yet */
	atomic_int returned;	     /* so many were closed for the balance and are back */
	enum stats_counter shed_why; /* which counter says so */
	ev_tstamp aging_since;	     /* when max_connection_age was changed; 0: never */
};

/* Starts the thread.  `shared` is borrowed.  `on_drained` is called once a drain on
 * the worker's thread when all turns are over and its last client has gone. */
struct worker *worker_new(const struct shared *shared, int index, void (*on_drained)(void *ctx),
			  void *ctx);
/* From any thread: how many clients came for a broker that the mapping gives to this node,
 * counted when the nodes or their loads were last told. */
int worker_at_home(const struct worker *w);
/* From any thread: up to so many of the worker's clients are closed when they are between requests;
 * `turn` says by which of the ports they came, `why` is counted. */
void worker_shed(struct worker *w, unsigned count, unsigned turn, enum stats_counter why);
/* From any thread: how many clients are about to be closed for that. */
int worker_chosen(const struct worker *w);
/* From any thread, under internal balancing: how many clients that were closed for that are back. */
int worker_returned(const struct worker *w);
/* From any thread: another configuration from now on; `done` is called on the worker's thread. */
void worker_reconfigure(struct worker *w, const struct config *config, void (*done)(void *ctx),
			void *ctx);
/* From any thread: `done` is called on the worker's thread, which so shows that it turns. */
void worker_ping(struct worker *w, void (*done)(void *ctx), void *ctx);
/* From any thread: whether the worker takes no clients for want of descriptors. */
static inline bool worker_is_short_of_files(const struct worker *w)
{
	return atomic_load(&w->rest.is_short);
}

/* From any thread: for how long connections to several brokers have failed and none was made; 0:
 * that is not so, or nobody has tried for of_late_ms.  Brokers that are gone for everybody say
 * nothing of this node. */
static inline int64_t worker_cut_off_ms(const struct worker *w, int64_t of_late_ms)
{
	if (topology_brokers_lost(w->shared->topology) > 0)
		return 0;
	return cut_off_ms(&w->cut_off, w->stats.counters[STAT_UPSTREAMS_OPENED], clock_ms(),
			  of_late_ms);
}

/* Stops the thread; from then on its mailbox may still be posted to. */
void worker_stop(struct worker *w);
/* Closes everything and frees; after worker_stop, and when nobody posts any
 * more: the topology is gone (it answers to cancelled questions too). */
void worker_free(struct worker *w);

const struct stats *worker_stats(const struct worker *w);

/* --- on the worker's own thread --- */

/* The broker could not be reached: see brokers.h, cut_off.h. */
static inline void worker_shun(struct worker *w, int32_t broker)
{
	brokers_shun(&w->brokers, broker, ev_now(w->loop));
	cut_off_failed(&w->cut_off, broker, w->stats.counters[STAT_UPSTREAMS_OPENED], clock_ms());
}

static inline int32_t worker_any_broker(struct worker *w, int32_t not_this)
{
	return brokers_any(&w->brokers, w->snapshot, not_this, ev_now(w->loop));
}

/* A client came by the port. */
static inline void worker_note_port(struct worker *w, int port)
{
	int before = atomic_load_explicit(&w->came_by, memory_order_relaxed);

	if (before != port && before != SEVERAL_PORTS)
		atomic_store(&w->came_by, before == NO_PORT ? port : SEVERAL_PORTS);
}

/* A client has been freed, and is no longer in the list. */
static inline void worker_client_gone(struct worker *w)
{
	if (w->on_client_gone != NULL)
		w->on_client_gone(w);
}

#endif
