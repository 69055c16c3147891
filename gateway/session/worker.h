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
#include "session/shared.h"
#include "topology/topology.h"

#include <pthread.h>
#include <stdatomic.h>

struct client;

/* A broker that could not be reached a moment ago: others are preferred. */
struct shunned {
	int32_t broker;
	ev_tstamp until;
};

enum { WORKER_SHUNNED = 8 };

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
	atomic_int at_home;	 /* clients for whom it has this node: see worker_at_home */
	struct naming_drawn naming_drawn;
	struct shunned shunned[WORKER_SHUNNED];
	uint32_t random; /* state of a small generator, for choices among equals */
	uint64_t next_client_id;
	struct client *clients;
	ev_io *listeners; /* one a port; fd -1: closed */
	int port_count;
	struct turns turns; /* of the drain */
	bool told_drained;
	ev_timer drain_timer; /* looks after clients whose turn has come and that stay a moment */
	atomic_int leaving;   /* clients whose turn has come and that are still there */
	void (*on_drained)(void *ctx);
	void *drained_ctx;
	/* who is to leave between requests: see stay.c */
	atomic_int chosen;	     /* so many, and they are not gone */
	atomic_int returned;	     /* so many were closed for that and are back */
	enum stats_counter shed_why; /* which counter says so */
	ev_tstamp aging_since;	     /* when max_connection_age was changed; 0: never */
};

/* Starts the thread.  `shared` is borrowed.  `on_drained` is called once a drain on
 * the worker's thread when all turns are over and its last client has gone. */
struct worker *worker_new(const struct shared *shared, int index, void (*on_drained)(void *ctx),
			  void *ctx);
/* From any thread: takes the listening sockets, one a port from the first on, and closes them
 * when it drains. */
void worker_listen(struct worker *w, const int *fds, int port_count);
/* From any thread: a drain in so many turns begins; nothing closes before worker_drain_turn.
 * With a lag of 1 ports are closed a turn after their clients, who may so come back once.
 * by_port: clients leave with their port, else by chance. */
void worker_drain(struct worker *w, int turns, int lag, bool by_port);
/* From any thread: by which port clients have come, or NO_PORT, SEVERAL_PORTS. */
enum { NO_PORT = -1, SEVERAL_PORTS = -2 };
int worker_came_by(const struct worker *w);
/* The next turn: its ports are closed, and its clients go when what is in flight is answered. */
void worker_drain_turn(struct worker *w);
/* From any thread: how many clients whose turn has come are still there. */
int worker_leaving(const struct worker *w);
/* From any thread: how many clients came for a broker that the mapping gives to this node,
 * counted when the nodes or their loads were last told. */
int worker_at_home(const struct worker *w);
/* No further turns: who is still there stays, and `on_drained` is called, if it wasn't. */
void worker_undrain(struct worker *w);
/* What is left goes now. */
void worker_drain_end(struct worker *w);
/* From any thread: up to so many of its clients are closed when they are between requests;
 * `turn` says by which of the ports they came, `why` is counted. */
void worker_shed(struct worker *w, unsigned count, unsigned turn, enum stats_counter why);
/* From any thread: how many are about to be closed for that. */
int worker_chosen(const struct worker *w);
/* From any thread, under internal balancing: how many that were closed for that are back. */
int worker_returned(const struct worker *w);
/* From any thread: another configuration from now on; `done` is called on the worker's thread. */
void worker_reconfigure(struct worker *w, const struct config *config, void (*done)(void *ctx),
			void *ctx);
/* From any thread: `done` is called on the worker's thread, which so shows that it turns. */
void worker_ping(struct worker *w, void (*done)(void *ctx), void *ctx);
/* Stops the thread; from then on its mailbox may still be posted to. */
void worker_stop(struct worker *w);
/* Closes everything and frees; after worker_stop, and when nobody posts any
 * more: the topology is gone (it answers to cancelled questions too). */
void worker_free(struct worker *w);

const struct stats *worker_stats(const struct worker *w);

/* On the worker's own thread. */
void worker_shun(struct worker *w, int32_t broker);
/* Any live broker, not a shunned one if possible; NO_BROKER: there is none. */
int32_t worker_any_broker(struct worker *w, int32_t not_this);
void worker_client_gone(struct worker *w);
/* Takes who is in its queue, and closes it. */
void worker_close_port(struct worker *w, int port);
/* From any thread: a letter that `deliver` frees. */
void worker_post(struct worker *w, void (*deliver)(struct letter *letter, void *worker));
/* draining.c */
void draining_init(struct worker *w);
void draining_note_port(struct worker *w, int port); /* of a new client */

#endif
