#include "topology/inside.h"

#include "topology/snapshot_build.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/text.h"

enum {
	DEFAULT_PORT = 9092,
	FIRST_WAIT_MS = 500, /* for silent brokers, before the first snapshot */
};

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
	feature_list_free(s->supported, s->supported_count);
	feature_list_free(s->finalized, s->finalized_count);
	s->supported = supported.all;
	s->supported_count = supported.count;
	s->finalized = finalized.all;
	s->finalized_count = finalized.count;
	s->features_epoch = t->features_epoch;
}

/* Fills in the snapshot, all but the topics. */
static void fill(struct topology *t, struct snapshot *s)
{
	size_t count;
	const struct broker_versions **all = brokers_versions(t->brokers, &count);

	if (count == 0) {
		all[0] = &t->control_versions;
		count = 1;
	}
	offers_make(s->offers, all, count);
	set_features(t, s, all, count);
	free(all);
	broker_list_free(s->brokers, s->broker_count);
	s->brokers = brokers_copy(t->brokers, &s->broker_count);
	free(s->cluster_id);
	s->cluster_id = t->cluster_id != NULL ? mem_strdup(t->cluster_id) : NULL;
	s->controller = t->controller;
}

static bool may_publish(const struct topology *t)
{
	if (newest(t) == NULL)
		return false;
	/* who came now would find no broker whose name is still being looked up */
	return publisher_peek(t->publisher) != NULL || brokers_all_tried(t->brokers) ||
	       (t->has_waited && brokers_any_address(t->brokers));
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
	t->publications++;
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

/* A broker that answers this node is not lost, whatever the last probes of all said. */
static void count_lost(struct topology *t)
{
	size_t lost = brokers_lost(t->brokers);

	if (lost > 0 && lost == brokers_count(t->brokers) && control_is_live(t->control))
		lost--;
	atomic_store(&t->brokers_lost, (unsigned)lost);
}

static void on_brokers_change(void *owner, const struct broker_versions *v)
{
	struct topology *t = owner;

	t->is_changed = true;
	count_lost(t);
	if (v == NULL)
		return;
	atomic_store(&t->reached_at, clock_ms());
	hear_features(t, v);
}

/* Others lead by now, or soon, what that broker led. */
static void on_broker_lost(void *owner, int32_t id, bool is_new)
{
	struct topology *t = owner;

	count_lost(t);
	if (is_new)
		coordinators_drop_broker(t->coordinators, id);
	refresh_want_all(t->refresh);
}

/* It may come back and still take itself for what it was: it is not asked before others have said
 * so. */
static void on_broker_gone(void *owner, int32_t id)
{
	struct topology *t = owner;

	coordinators_drop_broker(t->coordinators, id);
}

static void on_address(void *owner)
{
	struct topology *t = owner;

	t->is_changed = true;
}

static void on_resolved(void *owner, const char *host)
{
	struct topology *t = owner;

	atomic_store(&t->names_failing, (unsigned)resolver_failing(t->resolver));
	control_resolved(t->control, host);
	brokers_resolved(t->brokers, host);
}

/* Everything known is of another cluster. */
static void forget_cluster(struct topology *t)
{
	const struct snapshot *old = t->draft;

	t->draft = snapshot_new(NULL);
	snapshot_unref(old);
	coordinators_drop_all(t->coordinators);
	brokers_update(t->brokers, NULL, 0);
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

/* DescribeQuorum is listed by KRaft brokers alone. */
static bool is_kraft(const struct topology *t)
{
	return t->control_versions.keys[KEY_DESCRIBE_QUORUM].max >= 0;
}

/* KRaft brokers name any broker as the controller, another each time: one that
 * is still there stays. */
static void set_controller(struct topology *t, int32_t controller)
{
	if (!is_kraft(t) || !brokers_has(t->brokers, t->controller))
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
	size_t before = brokers_count(t->brokers);

	brokers_update(t->brokers, m->brokers, m->broker_count);
	count_lost(t);
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

/* Told when it changes: an empty answer without an error is how brokers say it. */
static void note_right(struct topology *t, unsigned lacks, bool has_it)
{
	static const char *const rights[] = { [TOPOLOGY_LACKS_TOPICS] = "DESCRIBE on topics",
					      [TOPOLOGY_LACKS_GROUPS] = "DESCRIBE on groups",
					      [TOPOLOGY_LACKS_TRANSACTIONS] =
						      "DESCRIBE on transactional ids" };
	bool had_it = !(atomic_load(&t->lacks) & lacks);

	if (has_it == had_it)
		return;
	if (has_it) {
		atomic_fetch_and(&t->lacks, ~lacks);
		log_info("who=topology event=right right=\"%s\"", rights[lacks]);
	} else {
		atomic_fetch_or(&t->lacks, lacks);
		log_warn(
			"who=topology event=no_right right=\"%s\" reason=\"the gateway's account is "
			"shown none; anyportctl acls says which rights it needs\"",
			rights[lacks]);
	}
}

/* Without an account nobody could be allowed more. */
static bool has_account(const struct topology *t)
{
	return t->terms != NULL && t->terms->account != NULL;
}

static bool on_metadata(void *owner, const struct metadata *m, bool is_full)
{
	struct topology *t = owner;
	unsigned before = t->publications;

	if (!check_cluster(t, m, is_full))
		return false;
	set_topics(t, m, is_full);
	set_brokers(t, m);
	set_cluster_id(t, m);
	set_controller(t, m->controller);
	atomic_store(&t->heard_at, clock_ms());
	t->is_changed = true;
	if (publisher_peek(t->publisher) == NULL && !ev_is_active(&t->first_timer))
		ev_timer_start(t->loop, &t->first_timer);
	publish(t);
	if (is_full && has_account(t))
		note_right(t, TOPOLOGY_LACKS_TOPICS, m->topic_count > 0);
	if (is_full) {
		finds_renewed(t->finds);
		renew_versions(t);
	}
	return t->publications != before;
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

static void on_right(void *owner, int type, bool has_it)
{
	struct topology *t = owner;

	note_right(t,
		   type == COORDINATOR_GROUP ? TOPOLOGY_LACKS_GROUPS : TOPOLOGY_LACKS_TRANSACTIONS,
		   has_it);
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

	refresh_need_all(t->refresh);
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

static void add_brokers(struct topology *t, struct candidate **all, size_t *count)
{
	size_t n;
	struct broker *brokers = brokers_copy(t->brokers, &n);

	for (size_t i = 0; i < n; i++) {
		const struct broker *b = &brokers[(i + t->round) % n];

		add_candidate(all, count, b->host, b->port);
	}
	t->round++;
	broker_list_free(brokers, n);
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
	add_brokers(t, &all, count);
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

	atomic_store(&t->reached_at, clock_ms());
	copy_versions(&t->control_versions, v);
	hear_features(t, v);
	if (!is_new)
		return;
	t->renewed_at = clock_ms();
	if (brokers_lost(t->brokers) > 0)
		brokers_probe_all(t->brokers); /* others may be back as well */
	count_lost(t);
	refresh_begin(t->refresh, v);
	if (control_is_live(t->control))
		finds_begin(t->finds, v);
}

static void on_lost(void *owner)
{
	struct topology *t = owner;

	refresh_lost(t->refresh);
	finds_lost(t->finds);
	brokers_probe_all(t->brokers);
}

/* Is it this broker, or all of them? */
static void on_beat(void *owner, bool is_answered)
{
	struct topology *t = owner;

	if (is_answered)
		atomic_store(&t->reached_at, clock_ms());
	else
		brokers_probe_all(t->brokers);
}

static bool was_told(struct topology *t, const char *trouble)
{
	const uint64_t hash = hash_bytes(trouble, strlen(trouble));

	for (size_t i = 0; i < ARRAY_LEN(t->troubles_told.hashes); i++) {
		if (t->troubles_told.hashes[i] == hash)
			return true;
	}
	t->troubles_told.hashes[t->troubles_told.next++ % ARRAY_LEN(t->troubles_told.hashes)] =
		hash;
	return false;
}

/* Each is told once, until a broker can be asked; the last one is kept for who asks after it. */
static void on_trouble(void *owner, const char *broker, const char *why)
{
	struct topology *t = owner;
	char trouble[TOPOLOGY_TROUBLE_MAX] = "";

	if (why != NULL)
		snprintf(trouble, sizeof trouble, "broker %s: %s", broker, why);
	pthread_mutex_lock(&t->trouble_lock);
	memcpy(t->trouble, trouble, sizeof trouble);
	pthread_mutex_unlock(&t->trouble_lock);
	if (why == NULL)
		memset(&t->troubles_told, 0, sizeof t->troubles_told);
	else if (!was_told(t, trouble))
		log_warn("who=topology event=not_let_in broker=%s reason=\"%s\"", broker, why);
}

/* ---- begin and end ---- */

void learn_init(struct topology *t)
{
	static const struct control_events control_events = { candidates, on_live, on_lost, on_beat,
							      on_trouble };
	static const struct brokers_events brokers_events = { on_brokers_change, on_broker_lost,
							      on_broker_gone, on_address };
	static const struct refresh_events refresh_events = { on_metadata, is_published };
	static const struct finds_events finds_events = { on_found, is_known, want_brokers,
							  on_right };
	const struct config *c = t->config;

	t->resolver = resolver_new(t->loop, on_resolved, t);
	t->control = control_new(t->loop, t->resolver, t->terms, c->connect_timeout_ms,
				 c->max_frame_bytes, &control_events, t);
	t->brokers = brokers_new(t->loop, t->resolver, t->terms, c->connect_timeout_ms,
				 &brokers_events, t);
	t->refresh = refresh_new(t->loop, t->control, c->metadata_refresh_ms, &refresh_events, t);
	t->finds = finds_new(t->loop, t->control, &finds_events, t);
	t->controller = NO_BROKER;
	t->features_epoch = -1;
	atomic_init(&t->heard_at, -1);
	atomic_init(&t->reached_at, -1);
	ev_timer_init(&t->first_timer, on_first_timer, FIRST_WAIT_MS / 1e3, 0.);
	ev_prepare_init(&t->prepare, on_prepare);
}

void learn_start(struct topology *t)
{
	ev_prepare_start(t->loop, &t->prepare);
	control_start(t->control);
}

void learn_deinit(struct topology *t)
{
	ev_timer_stop(t->loop, &t->first_timer);
	ev_prepare_stop(t->loop, &t->prepare);
	finds_free(t->finds);
	refresh_free(t->refresh);
	brokers_free(t->brokers);
	control_free(t->control);
	resolver_free(t->resolver);
	snapshot_unref(t->draft);
	versions_deinit(&t->control_versions);
	features_deinit(&t->finalized);
	free(t->cluster_id);
}
