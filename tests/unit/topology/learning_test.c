/* The topology against a cluster that says what a test wants it to say. */
#include "unit/topology/fake.h"
#include "unit/topology/worker.h"

#include "util/log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct stage {
	struct fake *fake;
	struct config config;
	char bootstrap[64];
	struct topology *topology;
	struct worker worker;
};

static int set_up(void **state)
{
	struct stage *s = mem_zalloc(sizeof *s);

	s->fake = fake_new();
	fake_add_topic(s->fake, "orders", 1);
	fake_add_topic(s->fake, "audit", 2)->leader = 1;
	snprintf(s->bootstrap, sizeof s->bootstrap, "127.0.0.1:%d,127.0.0.1:%d", s->fake->ports[0],
		 s->fake->ports[1]);
	s->config = (struct config){ .bootstrap_servers = s->bootstrap,
				     .connect_timeout_ms = 2000,
				     .request_timeout_ms = 5000,
				     .metadata_refresh_ms = 60000,
				     .max_frame_bytes = 1 << 20 };
	worker_init(&s->worker);
	*state = s;
	return 0;
}

static void start(struct stage *s)
{
	fake_start(s->fake);
	s->topology = topology_new(&s->config, NULL);
	topology_subscribe(s->topology, &s->worker.mailbox, worker_on_snapshot);
	topology_start(s->topology);
}

static void start_and_see(struct stage *s)
{
	start(s);
	assert_true(worker_wait(&s->worker, worker_has_snapshot, &s->worker));
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	topology_free(s->topology);
	worker_deinit(&s->worker);
	fake_free(s->fake);
	free(s);
	return 0;
}

static const struct topic *topic_of(const struct stage *s, const char *name)
{
	return snapshot_topic(s->worker.snapshot, name, strlen(name));
}

static void ask_topic(struct stage *s, const char *name)
{
	const struct topology_name topic = { name, strlen(name), false };

	s->worker.answers = 0;
	topology_ask_topics(s->topology, &topic, 1, &s->worker.mailbox, worker_on_answer,
			    &s->worker);
	assert_true(worker_wait(&s->worker, worker_has_answer, &s->worker));
}

static void ask_id(struct stage *s, const uint8_t id[16])
{
	const struct topology_name topic = { id, 16, true };

	s->worker.answers = 0;
	topology_ask_topics(s->topology, &topic, 1, &s->worker.mailbox, worker_on_answer,
			    &s->worker);
	assert_true(worker_wait(&s->worker, worker_has_answer, &s->worker));
}

static int32_t ask_group(struct stage *s, const char *group)
{
	s->worker.answers = 0;
	topology_ask_coordinator(s->topology, COORDINATOR_GROUP, group, strlen(group),
				 &s->worker.mailbox, worker_on_answer, &s->worker);
	assert_true(worker_wait(&s->worker, worker_has_answer, &s->worker));
	return s->worker.broker;
}

static void the_first_snapshot_has_it_all(void **state)
{
	struct stage *s = *state;
	const struct snapshot *now;
	const uint8_t id[16] = { 1 };

	start_and_see(s);
	now = s->worker.snapshot;
	assert_string_equal(now->cluster_id, "one");
	assert_int_equal(now->broker_count, FAKE_BROKERS);
	assert_int_equal(snapshot_topic_count(now), 2);
	assert_ptr_equal(snapshot_topic_by_id(now, id), topic_of(s, "orders"));
	assert_int_equal(topic_of(s, "orders")->partitions[2].leader_epoch, 5);
	assert_int_equal(topic_of(s, "audit")->partitions[0].leader, 1);
	assert_int_equal(now->offers[0].max, 13);
	fake_lock(s->fake);
	assert_false(s->fake->creation_asked);
	assert_int_equal(s->fake->all_asked, 1);
	fake_unlock(s->fake);
}

static void old_brokers_are_understood(void **state)
{
	struct stage *s = *state;

	s->fake->versions_max = 2; /* 4 and 3 are answered with error 35 */
	s->fake->metadata_max = 2;
	s->fake->find_max = 1;
	s->fake->coordinator = 2;
	start_and_see(s);
	assert_int_equal(topic_of(s, "orders")->partitions[0].leader_epoch, -1);
	assert_int_equal(ask_group(s, "g"), 2);
	fake_lock(s->fake);
	fake_add_topic(s->fake, "late", 3);
	fake_unlock(s->fake);
	ask_topic(s, "late");
	assert_non_null(topic_of(s, "late"));
	fake_lock(s->fake);
	assert_int_equal(s->fake->topics_asked, 0); /* it would create them */
	fake_unlock(s->fake);
}

static void one_topic_is_asked_for_alone(void **state)
{
	struct stage *s = *state;
	const struct topic *audit;

	start_and_see(s);
	audit = topic_of(s, "audit");
	fake_lock(s->fake);
	s->fake->topics[0].leader = 2;
	s->fake->topics[0].epoch = 6;
	fake_unlock(s->fake);
	ask_topic(s, "orders");
	assert_int_equal(topic_of(s, "orders")->partitions[0].leader, 2);
	assert_ptr_equal(topic_of(s, "audit"), audit); /* shared */
	fake_lock(s->fake);
	assert_int_equal(s->fake->topics_asked, 1);
	assert_int_equal(s->fake->all_asked, 1);
	/* a broker that is behind */
	s->fake->topics[0].leader = 0;
	s->fake->topics[0].epoch = 4;
	fake_unlock(s->fake);
	ask_topic(s, "orders");
	assert_int_equal(topic_of(s, "orders")->partitions[0].leader, 2);
	assert_int_equal(topic_of(s, "orders")->partitions[0].leader_epoch, 6);
}

static void topics_are_asked_for_by_id(void **state)
{
	struct stage *s = *state;
	const uint8_t late[16] = { 9 }, never[16] = { 77 }, audit[16] = { 2 };

	start_and_see(s);
	fake_lock(s->fake);
	fake_add_topic(s->fake, "late", 9);
	fake_unlock(s->fake);
	ask_id(s, late);
	assert_string_equal(snapshot_topic_by_id(s->worker.snapshot, late)->name, "late");
	ask_id(s, never);
	assert_null(snapshot_topic_by_id(s->worker.snapshot, never));
	/* deleted and made anew under the same name */
	fake_lock(s->fake);
	s->fake->topics[1] = (struct fake_topic){ .name = "audit", .id = { 8 }, .epoch = 0 };
	fake_unlock(s->fake);
	ask_id(s, audit);
	assert_null(topic_of(s, "audit"));
	ask_topic(s, "audit");
	assert_int_equal(topic_of(s, "audit")->id[0], 8);
	assert_int_equal(topic_of(s, "audit")->partitions[0].leader_epoch, 0);
}

static bool has_no_audit(void *ctx)
{
	return topic_of(ctx, "audit") == NULL;
}

static void a_full_answer_tells_what_is_gone(void **state)
{
	struct stage *s = *state;

	start_and_see(s);
	fake_lock(s->fake);
	s->fake->topic_count = 1;
	fake_unlock(s->fake);
	topology_notice_all(s->topology);
	assert_true(worker_wait(&s->worker, has_no_audit, s));
	assert_non_null(topic_of(s, "orders"));
}

static void questions_of_one_moment_go_together(void **state)
{
	struct stage *s = *state;
	unsigned asked;

	s->fake->coordinator = 1;
	start_and_see(s);
	for (int i = 0; i < 100; i++)
		topology_ask_coordinator(s->topology, COORDINATOR_GROUP, i % 2 ? "a" : "b", 1,
					 &s->worker.mailbox, worker_on_answer, &s->worker);
	while (s->worker.answers < 100 && s->worker.broker != NO_BROKER)
		ev_run(s->worker.loop, EVRUN_ONCE);
	assert_int_equal(s->worker.answers, 100);
	assert_int_equal(s->worker.broker, 1);
	fake_lock(s->fake);
	asked = s->fake->find_keys;
	fake_unlock(s->fake);
	assert_in_range(asked, 2, 50);
}

/* The keys of one request: one answer when all are known, one request to the cluster. */
static void many_keys_are_asked_for_at_once(void **state)
{
	enum { MANY = 15 };
	struct stage *s = *state;
	struct topology_name keys[MANY + 1];
	char texts[MANY][8], *too_long = mem_zalloc(40000);
	unsigned requests;

	s->fake->coordinator = 1;
	start_and_see(s);
	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof texts[i], "g%d", i);
		keys[i] = (struct topology_name){ texts[i], strlen(texts[i]), false };
	}
	keys[MANY] = (struct topology_name){ too_long, 40000, false }; /* can't be asked for */
	fake_lock(s->fake);
	requests = s->fake->finds;
	fake_unlock(s->fake);
	topology_ask_coordinators(s->topology, COORDINATOR_GROUP, keys, MANY + 1,
				  &s->worker.mailbox, worker_on_answer, &s->worker);
	while (s->worker.answers < 1)
		ev_run(s->worker.loop, EVRUN_ONCE);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(topology_coordinator(s->topology, COORDINATOR_GROUP, texts[i],
						      strlen(texts[i])),
				 1);
	fake_lock(s->fake);
	assert_in_range(s->fake->finds - requests, 1, 2);
	fake_unlock(s->fake);
	ev_run(s->worker.loop, EVRUN_NOWAIT);
	assert_int_equal(s->worker.answers, 1);
	/* none at all: answered too */
	topology_ask_coordinators(s->topology, COORDINATOR_GROUP, keys, 0, &s->worker.mailbox,
				  worker_on_answer, &s->worker);
	while (s->worker.answers < 2)
		ev_run(s->worker.loop, EVRUN_ONCE);
	free(too_long);
}

static void an_unavailable_coordinator_is_asked_for_again(void **state)
{
	struct stage *s = *state;

	s->fake->coordinator = 1;
	s->fake->coordinator_error = 15;
	s->fake->coordinator_errors = 3;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 1);
	assert_int_equal(s->fake->coordinator_errors, 0);
}

static void a_refused_coordinator_is_told_at_once(void **state)
{
	struct stage *s = *state;
	int64_t began;

	s->fake->coordinator_error = 30;
	s->fake->coordinator_errors = 1000;
	start_and_see(s);
	began = clock_ms();
	assert_int_equal(ask_group(s, "g"), NO_BROKER);
	assert_true(clock_ms() - began < 4000);
	assert_int_equal(topology_coordinator(s->topology, COORDINATOR_GROUP, "g", 1), NO_BROKER);
}

static void a_new_coordinator_is_made_known_first(void **state)
{
	struct stage *s = *state;

	s->fake->brokers = 2;
	s->fake->coordinator = 2;
	start_and_see(s);
	assert_null(snapshot_broker(s->worker.snapshot, 2));
	fake_lock(s->fake);
	s->fake->brokers = 3;
	fake_unlock(s->fake);
	assert_int_equal(ask_group(s, "g"), 2);
	assert_non_null(snapshot_broker(s->worker.snapshot, 2));
}

static bool has_two_brokers(void *ctx)
{
	const struct stage *s = ctx;

	return s->worker.snapshot->broker_count == 2;
}

/* It answers still, and may come back as one that does not know yet who has taken its place. */
static void a_coordinator_that_has_left_is_not_asked_when_it_comes_back(void **state)
{
	struct stage *s = *state;

	s->fake->coordinator = 2;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 2);
	fake_lock(s->fake);
	s->fake->brokers = 2;
	s->fake->coordinator = 1;
	fake_unlock(s->fake);
	topology_notice_all(s->topology);
	assert_true(worker_wait(&s->worker, has_two_brokers, s));
	assert_int_equal(topology_coordinator(s->topology, COORDINATOR_GROUP, "g", 1), NO_BROKER);
}

static bool is_cluster_two(void *ctx)
{
	const struct stage *s = ctx;

	return strcmp(s->worker.snapshot->cluster_id, "two") == 0;
}

static void another_cluster_replaces_everything(void **state)
{
	struct stage *s = *state;

	s->fake->coordinator = 1;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 1);
	fake_lock(s->fake);
	s->fake->cluster_id = "two";
	s->fake->topics[0].epoch = 1; /* lower, but of another cluster */
	fake_unlock(s->fake);
	log_set_level(LOG_ERROR + 1); /* it is told loudly */
	topology_notice_topic(s->topology, (struct topology_name){ "audit", 5, false });
	assert_true(worker_wait(&s->worker, is_cluster_two, s));
	log_set_level(LOG_ERROR);
	assert_int_equal(topic_of(s, "orders")->partitions[0].leader_epoch, 1);
	assert_int_equal(topology_coordinator(s->topology, COORDINATOR_GROUP, "g", 1), NO_BROKER);
}

static void a_quiet_cluster_is_not_published_again(void **state)
{
	struct stage *s = *state;
	unsigned before;

	start_and_see(s);
	ask_topic(s, "orders"); /* the brokers' versions are in by now, or will be */
	before = s->worker.snapshots;
	for (int i = 0; i < 3; i++) {
		topology_notice_all(s->topology);
		ask_topic(s, "none");
		ask_topic(s, "orders");
	}
	assert_int_equal(s->worker.snapshots, before);
}

static bool was_asked_for_all_again(void *ctx)
{
	struct stage *s = ctx;
	bool asked;

	fake_lock(s->fake);
	asked = s->fake->all_asked > 1;
	fake_unlock(s->fake);
	return asked;
}

static void a_silent_broker_is_left(void **state)
{
	struct stage *s = *state;

	start_and_see(s);
	fake_lock(s->fake);
	s->fake->silent = true;
	fake_unlock(s->fake);
	assert_int_equal(ask_group(s, "g"), NO_BROKER);
	fake_lock(s->fake);
	s->fake->silent = false;
	s->fake->coordinator = 1;
	fake_unlock(s->fake);
	assert_true(worker_wait(&s->worker, was_asked_for_all_again, s));
	assert_int_equal(ask_group(s, "g"), 1);
}

static void a_broker_that_is_down_blocks_nothing(void **state)
{
	struct stage *s = *state;
	int64_t began = clock_ms();

	close(s->fake->listeners[2]); /* refuses */
	s->fake->listeners[2] = -1;
	s->fake->deaf[1] = true; /* takes connections and is silent */
	start_and_see(s);
	assert_true(clock_ms() - began < 3000);
	assert_int_equal(s->worker.snapshot->broker_count, FAKE_BROKERS);
	assert_int_equal(s->worker.snapshot->offers[0].max, 13);
}

static bool offers_the_less(void *ctx)
{
	const struct stage *s = ctx;

	return s->worker.snapshot->offers[0].max == 9;
}

static const struct feature *finalized(const struct stage *s, const char *name)
{
	const struct snapshot *now = s->worker.snapshot;

	for (size_t i = 0; i < now->finalized_count; i++) {
		if (strcmp(now->finalized[i].name, name) == 0)
			return &now->finalized[i];
	}
	return NULL;
}

static void an_older_broker_lowers_the_offer(void **state)
{
	struct stage *s = *state;

	s->fake->brokers = 1;
	s->fake->old_produce = 9;
	start_and_see(s);
	assert_int_equal(s->worker.snapshot->offers[0].max, 13);
	assert_int_equal(finalized(s, "transaction.version")->max, 2);
	assert_null(finalized(s, "share.version")); /* its requests are not offered */
	assert_non_null(finalized(s, "group.version"));
	fake_lock(s->fake);
	s->fake->brokers = 2; /* it joins */
	fake_unlock(s->fake);
	topology_notice_all(s->topology);
	assert_true(worker_wait(&s->worker, offers_the_less, s));
	assert_int_equal(finalized(s, "transaction.version")->max, 1);
}

static bool knows_the_upgrade(void *ctx)
{
	const struct stage *s = ctx;

	return s->worker.snapshot->offers[0].max == 12;
}

static void a_broker_that_closed_is_asked_again(void **state)
{
	struct stage *s = *state;

	s->fake->produce_max = 11;
	start_and_see(s);
	assert_int_equal(s->worker.snapshot->offers[0].max, 11);
	fake_lock(s->fake);
	s->fake->produce_max = 12; /* restarted as a newer one */
	fake_unlock(s->fake);
	for (int32_t id = 0; id < FAKE_BROKERS; id++)
		topology_notice_broker(s->topology, id, 1);
	assert_true(worker_wait(&s->worker, knows_the_upgrade, s));
}

static void notices_come_together(void **state)
{
	struct stage *s = *state;
	unsigned asked;

	start_and_see(s);
	for (int i = 0; i < 1000; i++)
		topology_notice_all(s->topology);
	assert_true(worker_wait(&s->worker, was_asked_for_all_again, s));
	ask_topic(s, "orders");
	fake_lock(s->fake);
	asked = s->fake->all_asked;
	fake_unlock(s->fake);
	assert_in_range(asked, 2, 4);
}

/* ---- what is believed ---- */

static unsigned all_asked(struct stage *s)
{
	unsigned asked;

	fake_lock(s->fake);
	asked = s->fake->all_asked;
	fake_unlock(s->fake);
	return asked;
}

struct wait {
	struct stage *s;
	int64_t until;
};

static bool is_later(void *ctx)
{
	const struct wait *w = ctx;

	return clock_ms() >= w->until;
}

static void pass(struct stage *s, int ms)
{
	struct wait w = { s, clock_ms() + ms };

	assert_true(worker_wait(&s->worker, is_later, &w));
}

static bool is_forgotten(void *ctx)
{
	struct stage *s = ctx;

	return topology_coordinator(s->topology, COORDINATOR_GROUP, "g", 1) == NO_BROKER;
}

static void what_one_client_loses_is_not_lost(void **state)
{
	struct stage *s = *state;
	unsigned probes;

	s->fake->coordinator = 1;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 1);
	fake_lock(s->fake);
	probes = s->fake->accepted[1];
	fake_unlock(s->fake);
	for (int i = 0; i < 50; i++) { /* a client that is closed again and again */
		topology_notice_broker(s->topology, 1, 77);
		pass(s, 20);
	}
	assert_int_equal(all_asked(s), 1);
	assert_int_equal(topology_coordinator(s->topology, COORDINATOR_GROUP, "g", 1), 1);
	fake_lock(s->fake);
	probes = s->fake->accepted[1] - probes;
	fake_unlock(s->fake);
	assert_in_range(probes, 1, 2); /* but the broker was asked */
}

static void several_clients_are_believed(void **state)
{
	struct stage *s = *state;

	s->fake->coordinator = 1;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 1);
	for (uint64_t who = 1; who <= 3; who++)
		topology_notice_broker(s->topology, 1, who);
	assert_true(worker_wait(&s->worker, is_forgotten, s));
	assert_true(worker_wait(&s->worker, was_asked_for_all_again, s));
}

static void a_broker_that_refuses_is_lost_at_once(void **state)
{
	struct stage *s = *state;

	s->fake->coordinator = 2;
	start_and_see(s);
	assert_int_equal(ask_group(s, "g"), 2);
	pass(s, 1100); /* since the last probe */
	fake_lock(s->fake);
	close(s->fake->listeners[2]);
	s->fake->listeners[2] = -1;
	fake_unlock(s->fake);
	topology_notice_broker(s->topology, 2, 1);
	assert_true(worker_wait(&s->worker, is_forgotten, s));
	assert_true(worker_wait(&s->worker, was_asked_for_all_again, s));
}

static void refreshes_in_vain_are_asked_for_less_often(void **state)
{
	struct stage *s = *state;

	start_and_see(s);
	for (int i = 0; i < 70; i++) { /* at 1, 3 and 7 s */
		topology_notice_all(s->topology);
		pass(s, 100);
	}
	assert_in_range(all_asked(s), 3, 4);
}

/* ---- many threads ---- */

enum { ASKERS = 3, ROUNDS = 60 };

struct asker {
	pthread_t thread;
	struct topology *topology;
	struct worker worker;
	unsigned wanted;
};

static bool has_what_it_wants(void *ctx)
{
	const struct asker *a = ctx;

	return a->worker.answers >= a->wanted;
}

static void ask_once(struct asker *a, unsigned i)
{
	const struct topology_name orders = { "orders", 6, false };
	char group[16];
	size_t len = (size_t)snprintf(group, sizeof group, "g%u", i % 5);

	topology_ask_coordinator(a->topology, COORDINATOR_GROUP, group, len, &a->worker.mailbox,
				 worker_on_answer, &a->worker);
	topology_ask_topics(a->topology, &orders, 1, &a->worker.mailbox, worker_on_answer,
			    &a->worker);
	a->wanted += 2;
	topology_notice_coordinator(a->topology, COORDINATOR_GROUP, group, len);
	(void)topology_coordinator(a->topology, COORDINATOR_GROUP, group, len);
	(void)topology_age_ms(a->topology);
	topology_notice_topic(a->topology, orders);
	topology_notice_broker(a->topology, (int32_t)i % FAKE_BROKERS, i);
}

static void *ask_on_and_on(void *arg)
{
	struct asker *a = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct snapshot *s = topology_snapshot(a->topology);

		ask_once(a, i);
		if (s != NULL && snapshot_topic(s, "orders", 6) == NULL)
			abort();
		snapshot_unref(s);
		if (!worker_wait(&a->worker, has_what_it_wants, a))
			break;
	}
	return NULL;
}

static void many_threads_ask(void **state)
{
	struct stage *s = *state;
	struct asker askers[ASKERS];

	fake_start(s->fake);
	s->topology = topology_new(&s->config, NULL);
	topology_subscribe(s->topology, &s->worker.mailbox, worker_on_snapshot);
	for (int i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){ .topology = s->topology };
		worker_init(&askers[i].worker);
		topology_subscribe(s->topology, &askers[i].worker.mailbox, worker_on_snapshot);
	}
	topology_start(s->topology);
	assert_true(worker_wait(&s->worker, worker_has_snapshot, &s->worker));
	for (int i = 0; i < ASKERS; i++)
		pthread_create(&askers[i].thread, NULL, ask_on_and_on, &askers[i]);
	for (int i = 0; i < 50; i++) {
		fake_lock(s->fake);
		s->fake->topics[0].leader = i % FAKE_BROKERS;
		s->fake->topics[0].epoch++;
		fake_unlock(s->fake);
		ask_topic(s, "orders");
	}
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].worker.answers, 2 * ROUNDS);
		assert_true(askers[i].worker.snapshots > 1);
	}
	topology_free(s->topology);
	s->topology = NULL;
	for (int i = 0; i < ASKERS; i++)
		worker_deinit(&askers[i].worker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_snapshot_has_it_all),
		TEST(old_brokers_are_understood),
		TEST(one_topic_is_asked_for_alone),
		TEST(topics_are_asked_for_by_id),
		TEST(a_full_answer_tells_what_is_gone),
		TEST(questions_of_one_moment_go_together),
		TEST(many_keys_are_asked_for_at_once),
		TEST(an_unavailable_coordinator_is_asked_for_again),
		TEST(a_refused_coordinator_is_told_at_once),
		TEST(a_new_coordinator_is_made_known_first),
		TEST(a_coordinator_that_has_left_is_not_asked_when_it_comes_back),
		TEST(another_cluster_replaces_everything),
		TEST(a_quiet_cluster_is_not_published_again),
		TEST(a_silent_broker_is_left),
		TEST(a_broker_that_is_down_blocks_nothing),
		TEST(an_older_broker_lowers_the_offer),
		TEST(a_broker_that_closed_is_asked_again),
		TEST(notices_come_together),
		TEST(what_one_client_loses_is_not_lost),
		TEST(several_clients_are_believed),
		TEST(a_broker_that_refuses_is_lost_at_once),
		TEST(refreshes_in_vain_are_asked_for_less_often),
		TEST(many_threads_ask),
	};
	int failed;

	if (!apis_compile(stderr))
		return 1;
	log_set_level(getenv("TOPOLOGY_LOG") != NULL ? LOG_DEBUG : LOG_ERROR);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	apis_free();
	return failed;
}
