#include "session/worker.h"

#include "balance/nodes.h"
#include "session/arrival.h"
#include "session/client.h"
#include "session/draining.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/ports.h"
#include "session/request.h"
#include "session/stay.h"
#include "session/token_turns.h"
#include "session/tokens.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <unistd.h>

enum { PIPES_MAX = 64 }; /* a worker; each 512 KiB */

/* --- letters --- */

struct shed_letter {
	struct letter letter;
	unsigned count, turn;
	enum stats_counter why;
};

static void deliver_shed(struct letter *letter, void *owner)
{
	struct shed_letter *l = CONTAINER_OF(letter, struct shed_letter, letter);
	struct worker *w = owner;

	w->shed_why = l->why;
	stay_choose(w, l->count, l->turn);
	free(l);
}

void worker_shed(struct worker *w, unsigned count, unsigned turn, enum stats_counter why)
{
	struct shed_letter *l = mem_zalloc(sizeof *l);

	*l = (struct shed_letter){ { .deliver = deliver_shed }, count, turn, why };
	mailbox_post(&w->mailbox, &l->letter);
}

struct call_letter {
	struct letter letter;
	const struct config *config; /* NULL: the configuration stays */
	void (*done)(void *ctx);
	void *ctx;
};

static void reconfigure(struct worker *w, const struct config *config)
{
	if (config->max_connection_age_ms != w->config->max_connection_age_ms)
		w->aging_since = clock_s();
	w->config = config;
	for (struct client *c = w->clients; c != NULL; c = c->next)
		client_wake(c);
}

static void deliver_call(struct letter *letter, void *owner)
{
	struct call_letter *l = CONTAINER_OF(letter, struct call_letter, letter);
	struct worker *w = owner;

	if (l->config != NULL)
		reconfigure(w, l->config);
	l->done(l->ctx);
	free(l);
}

void worker_reconfigure(struct worker *w, const struct config *config, void (*done)(void *ctx),
			void *ctx)
{
	struct call_letter *l = mem_zalloc(sizeof *l);

	*l = (struct call_letter){ { .deliver = deliver_call }, config, done, ctx };
	mailbox_post(&w->mailbox, &l->letter);
}

void worker_ping(struct worker *w, void (*done)(void *ctx), void *ctx)
{
	worker_reconfigure(w, NULL, done, ctx);
}

static void stop(void *worker)
{
	struct worker *w = worker;

	ev_break(w->loop, EVBREAK_ALL);
}

int worker_chosen(const struct worker *w)
{
	return atomic_load(&w->chosen);
}

int worker_returned(const struct worker *w)
{
	return atomic_load(&w->returned);
}

int worker_at_home(const struct worker *w)
{
	return atomic_load(&w->at_home);
}

static void on_snapshot(void *owner, const void *s)
{
	struct worker *w = owner;

	snapshot_unref(w->snapshot);
	w->snapshot = s;
	w->snapshots++;
	ways_look(w);
}

static void on_view(void *owner, const void *value)
{
	struct worker *w = owner;
	const struct cluster_view *v = value;

	for (size_t i = 0; i < w->entrance_count; i++) {
		struct entrance *e = &w->entrances[i];

		mapping_free(e->mapping);
		e->advertising.mapping = e->mapping = nodes_mapping(v, e->listener->name);
	}
	token_turns_share(w->shared->token_turns, v->believed_count);
	cluster_view_unref(v);
	atomic_store(&w->at_home, stay_at_home(w));
}

/* --- the thread --- */

static void *run(void *arg)
{
	struct worker *w = arg;
	char name[16]; /* as much as the kernel keeps */

	snprintf(name, sizeof name, "worker-%d", w->index);
	pthread_setname_np(pthread_self(), name);
	ev_run(w->loop, 0);
	return NULL;
}

struct worker *worker_new(const struct shared *shared, int index, void (*on_drained)(void *ctx),
			  void *ctx)
{
	struct worker *w = mem_zalloc(sizeof *w);

	w->shared = shared;
	w->config = shared->config;
	draining_init(w);
	ports_init(w);
	w->index = index;
	w->naming_drawn.worker = (uint64_t)index;
	w->on_drained = on_drained;
	w->drained_ctx = ctx;
	w->loop = ev_loop_new(EVFLAG_AUTO);
	reserved_init(&w->reserved, shared->config);
	choice_init(&w->choice, (uint32_t)(uintptr_t)w ^ (uint32_t)getpid());
	cut_off_init(&w->cut_off);
	standstill_init(w);
	ways_init(w);
	own_slots_init(&w->own_slots);
	w->next_client_id = (uint64_t)index << 48 | 1;
	mailbox_init(&w->mailbox, w->loop, w);
	ready_init(&w->ready, w->loop, client_on_ready);
	bufpool_init(&w->bufs);
	pipepool_init(&w->pipes, PIPES_MAX);
	uses_init(&w->uses, uses_places(w->config->usage_names, w->config->workers,
					w->config->memory_budget_bytes));
	topology_subscribe(shared->topology, &w->mailbox, on_snapshot);
	cluster_subscribe(shared->cluster, &w->mailbox, on_view);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		log_error("worker=%d err=\"no thread\"", index);
		log_flush();
		abort();
	}
	return w;
}

void worker_stop(struct worker *w)
{
	mailbox_call(&w->mailbox, stop);
	pthread_join(w->thread, NULL);
}

void worker_free(struct worker *w)
{
	w->turns.has_begun = false; /* nobody is told any more */
	while (w->clients != NULL)
		client_free(w->clients, "the node stops");
	requests_free_spare(&w->spare_requests);
	tokens_free_all(w);
	ways_deinit(w);
	arrivals_free(w, "the node stops");
	ports_free(w);
	mailbox_deinit(&w->mailbox);
	ready_deinit(&w->ready);
	pipepool_deinit(&w->pipes);
	uses_deinit(&w->uses);
	bufpool_deinit(&w->bufs);
	snapshot_unref(w->snapshot);
	ev_loop_destroy(w->loop);
	free(w);
}

const struct stats *worker_stats(const struct worker *w)
{
	return &w->stats;
}
