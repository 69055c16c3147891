#include "topology/inside.h"

#include "loop/thread.h"
#include "util/clock.h"
#include "util/mem.h"

const struct snapshot *topology_snapshot(struct topology *t)
{
	return publisher_current(t->publisher);
}

int64_t topology_age_ms(struct topology *t)
{
	int64_t at = atomic_load(&t->heard_at);

	return at < 0 ? -1 : clock_ms() - at;
}

int64_t topology_silent_ms(struct topology *t)
{
	int64_t at = atomic_load(&t->reached_at);

	return at < 0 ? -1 : clock_ms() - at;
}

bool topology_trouble(struct topology *t, char trouble[TOPOLOGY_TROUBLE_MAX])
{
	pthread_mutex_lock(&t->trouble_lock);
	memcpy(trouble, t->trouble, TOPOLOGY_TROUBLE_MAX);
	pthread_mutex_unlock(&t->trouble_lock);
	return trouble[0] != '\0';
}

unsigned topology_lacks(struct topology *t)
{
	return atomic_load(&t->lacks);
}

unsigned topology_brokers_lost(struct topology *t)
{
	return atomic_load(&t->brokers_lost);
}

struct broker_known *topology_brokers_known(struct topology *t, size_t *count)
{
	return brokers_known(t->brokers, count);
}

unsigned topology_names_failing(struct topology *t)
{
	return atomic_load(&t->names_failing);
}

int32_t topology_coordinator(struct topology *t, enum coordinator_type type, const void *key,
			     size_t len)
{
	return coordinators_get(t->coordinators, (int)type, key, len);
}

int32_t topology_coordinator_surely(struct topology *t, enum coordinator_type type, const void *key,
				    size_t len)
{
	return coordinators_get_since(t->coordinators, (int)type, key, len,
				      clock_ms() - TOPOLOGY_SURE_MS);
}

void topology_subscribe(struct topology *t, struct mailbox *mailbox, publisher_heard on_snapshot)
{
	publisher_subscribe(t->publisher, mailbox, on_snapshot);
}

static void deliver_stop(struct letter *letter, void *owner)
{
	struct topology *t = owner;

	(void)letter;
	t->is_stopping = true;
	ev_break(t->loop, EVBREAK_ALL);
}

struct topology *topology_new(const struct config *config, const struct link_terms *terms)
{
	struct topology *t = mem_zalloc(sizeof *t);

	t->config = config;
	t->terms = terms;
	pthread_mutex_init(&t->trouble_lock, NULL);
	t->loop = ev_loop_new(EVFLAG_AUTO);
	mailbox_init(&t->inbox, t->loop, t);
	t->stop_letter.deliver = deliver_stop;
	t->publisher = publisher_new(&snapshot_published);
	t->coordinators = coordinators_new();
	questions_init(t);
	learn_init(t);
	return t;
}

struct config_letter {
	struct letter letter;
	const struct config *config;
	void (*done)(void *ctx);
	void *ctx;
};

static void deliver_config(struct letter *letter, void *owner)
{
	struct config_letter *l = CONTAINER_OF(letter, struct config_letter, letter);
	struct topology *t = owner;

	if (!t->is_stopping) {
		t->config = l->config;
		control_set_timeout(t->control, t->config->connect_timeout_ms);
		brokers_set_timeout(t->brokers, t->config->connect_timeout_ms);
		refresh_set_period(t->refresh, t->config->metadata_refresh_ms);
		l->done(l->ctx);
	}
	free(l);
}

void topology_reconfigure(struct topology *t, const struct config *config, void (*done)(void *ctx),
			  void *ctx)
{
	struct config_letter *l = mem_zalloc(sizeof *l);

	l->letter.deliver = deliver_config;
	l->config = config;
	l->done = done;
	l->ctx = ctx;
	mailbox_post(&t->inbox, &l->letter);
}

static void *run(void *arg)
{
	struct topology *t = arg;

	learn_start(t);
	ev_run(t->loop, 0);
	return NULL;
}

void topology_start(struct topology *t)
{
	thread_start(&t->thread, "topology", run, t);
	t->is_started = true;
}

static void stop_thread(struct topology *t)
{
	if (t->is_started) {
		mailbox_post(&t->inbox, &t->stop_letter);
		pthread_join(t->thread, NULL);
	}
	t->is_stopping = true;
	mailbox_deinit(&t->inbox);
}

void topology_free(struct topology *t)
{
	if (t == NULL)
		return;
	stop_thread(t);
	questions_deinit(t);
	learn_deinit(t);
	coordinators_free(t->coordinators);
	publisher_free(t->publisher);
	pthread_mutex_destroy(&t->trouble_lock);
	ev_loop_destroy(t->loop);
	free(t);
}
