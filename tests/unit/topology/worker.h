/* worker.h - a stand-in for a worker: a loop, a mailbox, the newest snapshot. */
#ifndef UNIT_TOPOLOGY_WORKER_H
#define UNIT_TOPOLOGY_WORKER_H

#include "topology/topology.h"
#include "util/clock.h"

enum { WORKER_LIMIT_MS = 10000 };

struct worker {
	struct ev_loop *loop;
	struct mailbox mailbox;
	const struct snapshot *snapshot;
	unsigned snapshots; /* handed */
	unsigned answers;
	int32_t broker; /* the last answer */
};

static inline void worker_on_snapshot(void *owner, const void *s)
{
	struct worker *w = owner;

	snapshot_unref(w->snapshot);
	w->snapshot = s;
	w->snapshots++;
}

static inline void worker_on_answer(void *owner, int32_t broker)
{
	struct worker *w = owner;

	w->answers++;
	w->broker = broker;
}

static inline void worker_init(struct worker *w)
{
	*w = (struct worker){ .loop = ev_loop_new(EVFLAG_AUTO), .broker = -2 };
	mailbox_init(&w->mailbox, w->loop, w);
}

static inline void worker_deinit(struct worker *w)
{
	mailbox_deinit(&w->mailbox);
	snapshot_unref(w->snapshot);
	ev_loop_destroy(w->loop);
}

static inline void worker_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
}

/* Runs the loop until the condition holds; whether it did in time. */
static inline bool worker_wait(struct worker *w, bool (*condition)(void *ctx), void *ctx)
{
	int64_t end = clock_ms() + WORKER_LIMIT_MS;
	ev_timer tick;
	bool holds;

	ev_timer_init(&tick, worker_tick, 0.01, 0.01);
	ev_timer_start(w->loop, &tick);
	while (!(holds = condition(ctx)) && clock_ms() < end)
		ev_run(w->loop, EVRUN_ONCE);
	ev_timer_stop(w->loop, &tick);
	return holds;
}

static inline bool worker_has_snapshot(void *ctx)
{
	const struct worker *w = ctx;

	return w->snapshot != NULL;
}

static inline bool worker_has_answer(void *ctx)
{
	const struct worker *w = ctx;

	return w->answers > 0;
}

#endif
