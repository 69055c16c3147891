#include "topology/topology.h"

#include "util/clock.h"
#include "topology/control.h"
#include "topology/coordinators.h"
#include "topology/finds.h"
#include "topology/members.h"
#include "topology/notices.h"
#include "topology/offers.h"
#include "topology/publisher.h"
#include "topology/query.h"
#include "topology/refresh.h"
#include "topology/snapshot_build.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/text.h"

#include <signal.h>
#include <stdatomic.h>

enum {
	DESCRIBE_QUORUM = 55, /* listed by KRaft brokers alone */
	DEFAULT_PORT = 9092,
	QUERY_MS = 5000,
	FIRST_WAIT_MS = 500, /* for silent brokers, before the first snapshot */
	KEY_MAX = 32767,     /* a longer coordinator key can't be asked for */
};

struct topology {
	const struct config *config;
	pthread_t thread;
	bool is_started;
	struct mailbox inbox;
	struct letter stop_letter, notice_letter;

	/* any thread: */
	struct publisher *publisher;
	struct coordinators *coordinators;
	struct notice_board notices;
	_Atomic int64_t heard_at; /* clock_ms of the last metadata, -1: none */

	/* the topology's thread: */
	struct ev_loop *loop;
	struct resolver *resolver;
	struct control *control;
	struct members *members;
	struct refresh *refresh;
	struct finds *finds;
	struct query_list by_age; /* the oldest first */
	ev_timer query_timer;	  /* the oldest one's deadline */
	ev_timer first_timer;	  /* FIRST_WAIT_MS */
	ev_prepare prepare;	  /* publishes, once for all that came together */
	bool is_stopping;
	bool is_changed;     /* since the last publication */
	bool has_waited;     /* FIRST_WAIT_MS are over */
	unsigned round;	     /* which member is the first candidate */
	int64_t renewed_at;  /* when the control's versions were asked for */
	struct broker_versions control_versions;
	struct snapshot *draft; /* newer topics than the published ones, or NULL */
	char *cluster_id;
	int32_t controller;
	struct features finalized; /* of the broker with the highest epoch */
	int64_t features_epoch;
};

/* ---- the snapshot ---- */

static const struct snapshot *newest(const struct topology *t)
{
	return t->draft != NULL ? t->draft : publisher_peek(t->publisher);
}

static void set_features(struct topology *t, struct snapshot *s,
			 const struct broker_versions *const *all, size_t count)
{
	struct features supported = features_in_common(all, count);
	struct features finalized = features_copy(&t->finalized);

	features_limit(&supported, s->offers);
	features_limit(&finalized, s->offers);
	features_free(s->supported, s->supported_count);
	features_free(s->finalized, s->finalized_count);
	s->supported = supported.all;
	s->supported_count = supported.count;
	s->finalized = finalized.all;
	s->finalized_count = finalized.count;
	s->features_epoch = t->features_epoch;
}

/* All but the topics. */
static void fill(struct topology *t, struct snapshot *s)
{
	size_t count;
	const struct broker_versions **all = members_versions(t->members, &count);

	if (count == 0) {
		all[0] = &t->control_versions;
		count = 1;
	}
	offers_make(s->offers, all, count);
	set_features(t, s, all, count);
	free(all);
	brokers_free(s->brokers, s->broker_count);
	s->brokers = members_brokers(t->members, &s->broker_count);
	free(s->cluster_id);
	s->cluster_id = t->cluster_id != NULL ? mem_strdup(t->cluster_id) : NULL;
	s->controller = t->controller;
}

static bool may_publish(const struct topology *t)
{
	if (newest(t) == NULL)
		return false;
	return publisher_peek(t->publisher) != NULL || members_all_tried(t->members) ||
	       t->has_waited;
}

static void log_published(const struct snapshot *s, bool is_first)
{
	if (is_first)
		log_info("who=topology event=first_snapshot cluster=%s brokers=%zu topics=%zu",
			 s->cluster_id != NULL ? s->cluster_id : "-", s->broker_count,
			 snapshot_topic_count(s));
	else
		log_debug("who=topology event=snapshot brokers=%zu topics=%zu", s->broker_count,
			  snapshot_topic_count(s));
}

static void publish(struct topology *t)
{
	const struct snapshot *current = publisher_peek(t->publisher);
	struct snapshot *s;

	if (!t->is_changed || !may_publish(t))
		return;
	t->is_changed = false;
	s = t->draft != NULL ? t->draft : snapshot_new(current);
	t->draft = NULL;
	fill(t, s);
	if (current != NULL && snapshot_is_same(current, s)) {
		snapshot_unref(s);
		return;
	}
	log_published(s, current == NULL);
	publisher_publish(t->publisher, s);
	if (current == NULL)
		refresh_release(t->refresh);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	(void)loop;
	(void)events;
	publish(CONTAINER_OF(prepare, struct topology, prepare));
}

static void on_first_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct topology *t = CONTAINER_OF(timer, struct topology, first_timer);

	(void)loop;
	(void)events;
	t->has_waited = true;
}

/* ---- what is heard ---- */

/* Finalized features are those of the broker that knows the newest. */
static void hear_features(struct topology *t, const struct broker_versions *v)
{
	if (v->features_epoch < 0 || v->features_epoch < t->features_epoch)
		return;
	t->features_epoch = v->features_epoch;
	features_deinit(&t->finalized);
	t->finalized = features_copy(&v->finalized);
	t->is_changed = true;
}

static void on_members_change(void *owner, const struct broker_versions *v)
{
	struct topology *t = owner;

	t->is_changed = true;
	if (v != NULL)
		hear_features(t, v);
}

/* Everything known is of another cluster. */
static void forget_cluster(struct topology *t)
{
	const struct snapshot *old = t->draft;

	t->draft = snapshot_new(NULL);
	snapshot_unref(old);
	coordinators_drop_all(t->coordinators);
	members_update(t->members, NULL, 0);
	features_deinit(&t->finalized);
	t->features_epoch = -1;
	t->controller = NO_BROKER;
	hear_features(t, &t->control_versions);
}

/* False: the answer is of another cluster than what is known, and not whole. */
static bool check_cluster(struct topology *t, const struct metadata *m, bool is_full)
{
	if (t->cluster_id == NULL || m->cluster_id == NULL ||
	    strcmp(t->cluster_id, m->cluster_id) == 0)
		return true;
	if (!is_full) {
		refresh_want_all(t->refresh);
		return false;
	}
	log_error("who=topology event=cluster_changed was=%s is=%s", t->cluster_id, m->cluster_id);
	forget_cluster(t);
	return true;
}

static void set_cluster_id(struct topology *t, const struct metadata *m)
{
	if (m->cluster_id == NULL ||
	    (t->cluster_id != NULL && strcmp(t->cluster_id, m->cluster_id) == 0))
		return;
	free(t->cluster_id);
	t->cluster_id = mem_strdup(m->cluster_id);
	log_info("who=topology event=cluster cluster=%s", t->cluster_id);
}

static bool is_kraft(const struct topology *t)
{
	return t->control_versions.keys[DESCRIBE_QUORUM].max >= 0;
}

/* KRaft brokers name any broker as the controller, another each time: one that
 * is still there stays. */
static void set_controller(struct topology *t, int32_t controller)
{
	if (!is_kraft(t) || !members_has(t->members, t->controller))
		t->controller = controller;
}

static void set_topics(struct topology *t, const struct metadata *m, bool is_full)
{
	const struct snapshot *old = newest(t);
	struct snapshot *next = snapshot_new(is_full ? NULL : old);

	metadata_merge(next, old, m, is_full);
	snapshot_unref(t->draft);
	t->draft = next;
}

static void set_brokers(struct topology *t, const struct metadata *m)
{
	size_t before = members_count(t->members);

	members_update(t->members, m->brokers, m->broker_count);
	if (m->broker_count != before)
		log_info("who=topology event=brokers count=%zu topics=%zu", m->broker_count,
			 snapshot_topic_count(t->draft));
}

/* Features are finalized while the brokers run: look at them now and then. */
static void renew_versions(struct topology *t)
{
	int64_t now = clock_ms();

	if (now - t->renewed_at < t->config->metadata_refresh_ms)
		return;
	t->renewed_at = now;
	control_renew(t->control);
}

static bool on_metadata(void *owner, const struct metadata *m, bool is_full)
{
	struct topology *t = owner;

	if (!check_cluster(t, m, is_full))
		return true;
	set_topics(t, m, is_full);
	set_brokers(t, m);
	set_cluster_id(t, m);
	set_controller(t, m->controller);
	atomic_store(&t->heard_at, clock_ms());
	t->is_changed = true;
	if (publisher_peek(t->publisher) == NULL && !ev_is_active(&t->first_timer))
		ev_timer_start(t->loop, &t->first_timer);
	publish(t);
	if (is_full) {
		finds_renewed(t->finds);
		renew_versions(t);
	}
	return true;
}

static bool is_published(void *owner)
{
	const struct topology *t = owner;

	return publisher_peek(t->publisher) != NULL;
}

static void on_found(void *owner, int type, const void *key, size_t len, int32_t broker)
{
	struct topology *t = owner;

	coordinators_put(t->coordinators, type, key, len, broker);
}

static bool is_known(void *owner, int32_t broker)
{
	const struct topology *t = owner;
	const struct snapshot *s = publisher_peek(t->publisher);

	return s != NULL && snapshot_broker(s, broker) != NULL;
}

static void want_brokers(void *owner)
{
	struct topology *t = owner;

	refresh_want_all(t->refresh);
}

/* ---- the control connection ---- */

static void add_candidate(struct candidate **all, size_t *count, const char *host, int port)
{
	for (size_t i = 0; i < *count; i++) {
		if ((*all)[i].port == port && strcmp((*all)[i].host, host) == 0)
			return;
	}
	*all = mem_realloc(*all, (*count + 1) * sizeof **all);
	(*all)[(*count)++] = (struct candidate){ mem_strdup(host), port };
}

static void add_members(struct topology *t, struct candidate **all, size_t *count)
{
	size_t n;
	struct broker *brokers = members_brokers(t->members, &n);

	for (size_t i = 0; i < n; i++) {
		const struct broker *b = &brokers[(i + t->round) % n];

		add_candidate(all, count, b->host, b->port);
	}
	t->round++;
	brokers_free(brokers, n);
}

static void add_bootstrap(struct topology *t, struct candidate **all, size_t *count)
{
	const char *rest = t->config->bootstrap_servers;
	char *item;

	while ((item = text_next_item(&rest)) != NULL) {
		char host[TEXT_HOST_MAX];
		int port;

		if (text_host_port(item, host, &port))
			add_candidate(all, count, host, port > 0 ? port : DEFAULT_PORT);
		else
			log_error("who=topology event=bad_bootstrap_server server=%s", item);
		free(item);
	}
}

static struct candidate *candidates(void *owner, size_t *count)
{
	struct topology *t = owner;
	struct candidate *all = NULL;

	*count = 0;
	add_members(t, &all, count);
	add_bootstrap(t, &all, count);
	return all;
}

static void copy_versions(struct broker_versions *to, const struct broker_versions *from)
{
	versions_deinit(to);
	*to = *from;
	to->supported = features_copy(&from->supported);
	to->finalized = features_copy(&from->finalized);
}

static void on_live(void *owner, const struct broker_versions *v, bool is_new)
{
	struct topology *t = owner;

	copy_versions(&t->control_versions, v);
	hear_features(t, v);
	if (!is_new)
		return;
	t->renewed_at = clock_ms();
	refresh_begin(t->refresh, v);
	if (control_is_live(t->control))
		finds_begin(t->finds, v);
}

static void on_lost(void *owner)
{
	struct topology *t = owner;

	refresh_lost(t->refresh);
	finds_lost(t->finds);
}

/* ---- queries ---- */

static void arm_query_timer(struct topology *t)
{
	const struct topology_query *oldest = TAILQ_FIRST(&t->by_age);
	int64_t left;

	ev_timer_stop(t->loop, &t->query_timer);
	if (oldest == NULL)
		return;
	left = oldest->deadline - clock_ms();
	ev_now_update(t->loop);
	ev_timer_set(&t->query_timer, left > 0 ? (double)left / 1e3 : 0., 0.);
	ev_timer_start(t->loop, &t->query_timer);
}

static void on_query_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct topology *t = CONTAINER_OF(timer, struct topology, query_timer);
	struct topology_query *q;
	int64_t now = clock_ms();

	(void)loop;
	(void)events;
	while ((q = TAILQ_FIRST(&t->by_age)) != NULL && q->deadline <= now)
		query_answer(q, NO_BROKER);
	arm_query_timer(t);
}

static bool can_ask(const struct topology_query *q)
{
	return q->key == NULL || q->len <= KEY_MAX;
}

static void deliver_query(struct letter *letter, void *owner)
{
	struct topology *t = owner;
	struct topology_query *q = CONTAINER_OF(letter, struct topology_query, letter);

	if (t->is_stopping || !can_ask(q)) {
		query_answer(q, NO_BROKER);
		return;
	}
	query_begin(q, &t->by_age, clock_ms() + QUERY_MS);
	if (!ev_is_active(&t->query_timer))
		arm_query_timer(t);
	if (q->key != NULL)
		finds_ask(t->finds, q);
	else
		refresh_ask(t->refresh, q);
}

static struct topology_query *post_query(struct topology_query *q)
{
	q->letter.deliver = deliver_query;
	mailbox_post(&q->topology->inbox, &q->letter);
	return q;
}

struct topology_query *topology_ask_coordinator(struct topology *t, enum coordinator_type type,
						const void *key, size_t len,
						struct mailbox *mailbox, topology_answer answer,
						void *owner)
{
	struct topology_query *q = query_new(t, mailbox, answer, owner);

	q->type = type;
	q->key = mem_strndup(len > 0 ? key : "", len);
	q->len = len;
	return post_query(q);
}

struct topology_query *topology_ask_topics(struct topology *t, const struct topology_name *topics,
					   size_t count, struct mailbox *mailbox,
					   topology_answer answer, void *owner)
{
	struct topology_query *q = query_new(t, mailbox, answer, owner);

	for (size_t i = 0; i < count && !q->all; i++) {
		struct names *names = topics[i].by_id ? &q->ids : &q->names;

		if (refresh_can_ask(topics[i].name, topics[i].len, topics[i].by_id))
			q->all = !names_add(names, topics[i].name, topics[i].len);
	}
	return post_query(q);
}

void topology_cancel(struct topology_query *q)
{
	q->cancelled = true;
}

/* ---- notices ---- */

static void heed(struct topology *t, const struct notices *n)
{
	for (size_t i = 0; i < n->broker_count; i++) {
		coordinators_drop_broker(t->coordinators, n->brokers[i]);
		members_notice(t->members, n->brokers[i]);
	}
	if (n->all) {
		refresh_want_all(t->refresh);
		return; /* which tells of the topics too */
	}
	for (size_t i = 0; i < n->names.count; i++)
		refresh_want_topic(t->refresh, n->names.all[i].bytes, n->names.all[i].len, false);
	for (size_t i = 0; i < n->ids.count; i++)
		refresh_want_topic(t->refresh, n->ids.all[i].bytes, n->ids.all[i].len, true);
}

static void deliver_notices(struct letter *letter, void *owner)
{
	struct topology *t = owner;
	struct notices n = notices_take(&t->notices);

	(void)letter;
	if (!t->is_stopping)
		heed(t, &n);
	notices_deinit(&n);
}

static void wake_for_notices(struct topology *t, bool must_wake)
{
	if (must_wake)
		mailbox_post(&t->inbox, &t->notice_letter);
}

void topology_notice_topic(struct topology *t, struct topology_name topic)
{
	if (refresh_can_ask(topic.name, topic.len, topic.by_id))
		wake_for_notices(t, notice_topic(&t->notices, topic.name, topic.len, topic.by_id));
}

void topology_notice_coordinator(struct topology *t, enum coordinator_type type, const void *key,
				 size_t len)
{
	coordinators_drop(t->coordinators, (int)type, key, len);
}

void topology_notice_broker(struct topology *t, int32_t broker)
{
	wake_for_notices(t, notice_broker(&t->notices, broker));
}

void topology_notice_all(struct topology *t)
{
	wake_for_notices(t, notice_all(&t->notices));
}

/* ---- from and to ---- */

const struct snapshot *topology_snapshot(struct topology *t)
{
	return publisher_current(t->publisher);
}

int64_t topology_age_ms(struct topology *t)
{
	int64_t at = atomic_load(&t->heard_at);

	return at < 0 ? -1 : clock_ms() - at;
}

int32_t topology_coordinator(struct topology *t, enum coordinator_type type, const void *key,
			     size_t len)
{
	return coordinators_get(t->coordinators, (int)type, key, len);
}

void topology_subscribe(struct topology *t, struct mailbox *mailbox,
			void (*on_snapshot)(void *owner, const struct snapshot *s))
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

static void make_parts(struct topology *t)
{
	static const struct control_events control_events = { candidates, on_live, on_lost };
	static const struct members_events members_events = { on_members_change };
	static const struct refresh_events refresh_events = { on_metadata, is_published };
	static const struct finds_events finds_events = { on_found, is_known, want_brokers };
	const struct config *c = t->config;

	t->resolver = resolver_new();
	t->control = control_new(t->loop, t->resolver, c->connect_timeout_ms, c->max_frame_bytes,
				 &control_events, t);
	t->members = members_new(t->loop, t->resolver, c->connect_timeout_ms, &members_events, t);
	t->refresh = refresh_new(t->loop, t->control, c->metadata_refresh_ms, &refresh_events, t);
	t->finds = finds_new(t->loop, t->control, &finds_events, t);
}

struct topology *topology_new(const struct config *config)
{
	struct topology *t = mem_zalloc(sizeof *t);

	t->config = config;
	t->loop = ev_loop_new(EVFLAG_AUTO);
	mailbox_init(&t->inbox, t->loop, t);
	t->stop_letter.deliver = deliver_stop;
	t->notice_letter.deliver = deliver_notices;
	t->publisher = publisher_new();
	t->coordinators = coordinators_new();
	notice_board_init(&t->notices);
	atomic_init(&t->heard_at, -1);
	t->controller = NO_BROKER;
	t->features_epoch = -1;
	TAILQ_INIT(&t->by_age);
	ev_timer_init(&t->query_timer, on_query_timer, 0., 0.);
	ev_timer_init(&t->first_timer, on_first_timer, FIRST_WAIT_MS / 1e3, 0.);
	ev_prepare_init(&t->prepare, on_prepare);
	make_parts(t);
	return t;
}

static void *run(void *arg)
{
	struct topology *t = arg;

	ev_prepare_start(t->loop, &t->prepare);
	control_start(t->control);
	ev_run(t->loop, 0);
	return NULL;
}

void topology_start(struct topology *t)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
	error = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		log_error("who=topology event=no_thread err=\"%s\"", strerror(error));
		abort();
	}
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

static void free_parts(struct topology *t)
{
	struct topology_query *q;

	while ((q = TAILQ_FIRST(&t->by_age)) != NULL)
		query_answer(q, NO_BROKER);
	finds_free(t->finds);
	refresh_free(t->refresh);
	members_free(t->members);
	control_free(t->control);
	resolver_free(t->resolver);
	coordinators_free(t->coordinators);
	publisher_free(t->publisher);
	notice_board_deinit(&t->notices);
}

void topology_free(struct topology *t)
{
	if (t == NULL)
		return;
	stop_thread(t);
	free_parts(t);
	ev_timer_stop(t->loop, &t->query_timer);
	ev_timer_stop(t->loop, &t->first_timer);
	ev_prepare_stop(t->loop, &t->prepare);
	ev_loop_destroy(t->loop);
	snapshot_unref(t->draft);
	versions_deinit(&t->control_versions);
	features_deinit(&t->finalized);
	free(t->cluster_id);
	free(t);
}
