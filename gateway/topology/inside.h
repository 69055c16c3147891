/* inside.h - the topology's own state, shared by these files alone.
 *
 *   topology.c   begins and ends it; what any thread may read
 *   learn.c      what the cluster says, and the snapshots made of it
 *   questions.c  what workers ask and notice
 */
#ifndef TOPOLOGY_INSIDE_H
#define TOPOLOGY_INSIDE_H

#include "loop/publisher.h"
#include "topology/control.h"
#include "topology/coordinators.h"
#include "topology/finds.h"
#include "topology/brokers.h"
#include "topology/notices.h"
#include "topology/versions.h"
#include "topology/query.h"
#include "topology/refresh.h"
#include "topology/topology.h"
#include "util/clock.h"

#include <stdatomic.h>

struct topology {
	const struct config *config;
	const struct link_terms *terms;
	pthread_t thread;
	bool is_started;
	struct mailbox inbox;
	struct letter stop_letter, notice_letter;

	/* any thread: */
	struct publisher *publisher;
	struct coordinators *coordinators;
	struct notice_board notices;
	_Atomic int64_t heard_at;   /* clock_ms of the last metadata, -1: none */
	_Atomic int64_t reached_at; /* clock_ms when any broker answered last, -1: never */
	atomic_uint names_failing;
	atomic_uint brokers_lost;
	atomic_uint lacks; /* TOPOLOGY_LACKS_… */
	pthread_mutex_t trouble_lock;
	char trouble[TOPOLOGY_TROUBLE_MAX]; /* "": none */
	struct {
		uint64_t hashes[64];
		unsigned next; /* the one whose place is taken */
	} troubles_told;       /* since a broker could be asked */

	/* the topology's thread: */
	struct ev_loop *loop;
	struct resolver *resolver;
	struct control *control;
	struct brokers *brokers;
	struct refresh *refresh;
	struct finds *finds;
	struct query_list by_age; /* the oldest first */
	ev_timer query_timer;	  /* the oldest one's deadline */
	ev_timer first_timer;	  /* FIRST_WAIT_MS */
	ev_prepare prepare;	  /* publishes once for all that came together */
	bool is_stopping;
	bool is_changed; /* since the last publication */
	unsigned publications;
	bool has_waited;    /* FIRST_WAIT_MS are over */
	unsigned round;	    /* which broker is the first candidate */
	int64_t renewed_at; /* when the control's versions were asked for */
	struct broker_versions control_versions;
	struct snapshot *draft; /* newer topics than the published ones, or NULL */
	char *cluster_id;
	int32_t controller;
	struct features finalized; /* of the broker with the highest epoch */
	int64_t features_epoch;
};

/* Called on the thread that makes the topology, before its own thread runs. */
void learn_init(struct topology *t);
/* Called on the topology's thread. */
void learn_start(struct topology *t);
/* Called when that thread has ended. */
void learn_deinit(struct topology *t);

void questions_init(struct topology *t);
/* Questions that are still open are answered NO_BROKER. */
void questions_deinit(struct topology *t);

#endif
