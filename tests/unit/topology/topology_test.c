/* The whole topology against librdkafka's mock cluster. */
#include "unit/topology/worker.h"

#include "kafka/api.h"
#include "util/log.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { BROKER_COUNT = 3, TOPIC_PARTITIONS = 4 };

struct cluster {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *mock;
	struct config config;
	struct topology *topology;
	struct worker worker;
};

static bool wait_for(struct cluster *c, bool (*condition)(void *ctx))
{
	return worker_wait(&c->worker, condition, c);
}

static bool has_snapshot(void *ctx)
{
	const struct cluster *c = ctx;

	return c->worker.snapshot != NULL;
}

static bool has_answer(void *ctx)
{
	const struct cluster *c = ctx;

	return c->worker.answers > 0;
}

static void create_topic(struct cluster *c, const char *name)
{
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, name, TOPIC_PARTITIONS, BROKER_COUNT),
			 0);
}

static int set_up(void **state)
{
	struct cluster *c = mem_zalloc(sizeof *c);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char errstr[256];

	rd_kafka_conf_set(conf, "log_level", "0", errstr, sizeof errstr);
	c->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof errstr);
	assert_non_null(c->rk);
	c->mock = rd_kafka_mock_cluster_new(c->rk, BROKER_COUNT);
	assert_non_null(c->mock);
	create_topic(c, "first");
	c->config = (struct config){
		.bootstrap_servers = mem_strdup(rd_kafka_mock_cluster_bootstraps(c->mock)),
		.connect_timeout_ms = 2000,
		.request_timeout_ms = 5000,
		.metadata_refresh_ms = 60000, /* what is learnt sooner, somebody noticed */
		.max_frame_bytes = 10 * 1024 * 1024,
	};
	worker_init(&c->worker);
	c->topology = topology_new(&c->config, NULL);
	topology_subscribe(c->topology, &c->worker.mailbox, worker_on_snapshot);
	assert_int_equal(topology_age_ms(c->topology), -1);
	topology_start(c->topology);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct cluster *c = *state;

	topology_free(c->topology);
	worker_deinit(&c->worker);
	rd_kafka_mock_cluster_destroy(c->mock);
	rd_kafka_destroy(c->rk);
	free(c->config.bootstrap_servers);
	free(c);
	return 0;
}

static void test_first_snapshot(void **state)
{
	struct cluster *c = *state;
	const struct snapshot *s, *same;
	const struct topic *t;

	assert_true(wait_for(c, has_snapshot));
	s = c->worker.snapshot;
	assert_non_null(s->cluster_id);
	assert_int_equal(s->broker_count, BROKER_COUNT);
	for (size_t i = 0; i < BROKER_COUNT; i++) {
		assert_int_equal(s->brokers[i].id, i + 1);
		assert_true(s->brokers[i].address_len > 0);
		assert_ptr_equal(snapshot_broker(s, (int32_t)i + 1), &s->brokers[i]);
	}
	assert_int_equal(snapshot_topic_count(s), 1);
	t = snapshot_topic(s, "first", 5);
	assert_non_null(t);
	assert_int_equal(t->partition_count, TOPIC_PARTITIONS);
	for (int i = 0; i < TOPIC_PARTITIONS; i++)
		assert_non_null(snapshot_broker(s, t->partitions[i].leader));
	assert_true(s->offers[0].max >= 3);		  /* Produce */
	assert_true(s->offers[18].max > 2);		  /* ApiVersions: ours, not the mock's */
	assert_true(s->offers[4].max < s->offers[4].min); /* LeaderAndIsr: never */
	assert_true(topology_age_ms(c->topology) >= 0);
	same = topology_snapshot(c->topology);
	assert_ptr_equal(same, s);
	snapshot_unref(same);
}

static int32_t leader_of_first(const struct cluster *c)
{
	return snapshot_topic(c->worker.snapshot, "first", 5)->partitions[0].leader;
}

static bool first_is_led_by_3(void *ctx)
{
	return leader_of_first(ctx) == 3;
}

static bool first_is_led_by_1(void *ctx)
{
	return leader_of_first(ctx) == 1;
}

static void test_leader_change_is_noticed(void **state)
{
	struct cluster *c = *state;

	assert_true(wait_for(c, has_snapshot));
	rd_kafka_mock_partition_set_leader(c->mock, "first", 0, 3);
	topology_notice_all(c->topology);
	assert_true(wait_for(c, first_is_led_by_3));
	rd_kafka_mock_partition_set_leader(c->mock, "first", 0, 1);
	topology_notice_topic(c->topology, (struct topology_name){ "first", 5, false });
	assert_true(wait_for(c, first_is_led_by_1));
}

static void test_topics_are_asked_for(void **state)
{
	struct cluster *c = *state;
	const struct topology_name names[] = { { "second", 6, false }, { "missing", 7, false } };

	assert_true(wait_for(c, has_snapshot));
	assert_null(snapshot_topic(c->worker.snapshot, "second", 6));
	create_topic(c, "second");
	topology_ask_topics(c->topology, names, 2, &c->worker.mailbox, worker_on_answer,
			    &c->worker);
	assert_true(wait_for(c, has_answer));
	assert_int_equal(c->worker.broker, NO_BROKER);
	/* the snapshot came before the answer */
	assert_non_null(snapshot_topic(c->worker.snapshot, "second", 6));
	/* and the question created nothing */
	assert_null(snapshot_topic(c->worker.snapshot, "missing", 7));
	topology_notice_all(c->topology);
	c->worker.answers = 0;
	topology_ask_topics(c->topology, names, 2, &c->worker.mailbox, worker_on_answer,
			    &c->worker);
	assert_true(wait_for(c, has_answer));
	assert_null(snapshot_topic(c->worker.snapshot, "missing", 7));
}

static void test_coordinators_are_asked_for(void **state)
{
	struct cluster *c = *state;

	assert_true(wait_for(c, has_snapshot));
	rd_kafka_mock_coordinator_set(c->mock, "group", "g1", 2);
	rd_kafka_mock_coordinator_set(c->mock, "transaction", "g1", 3);
	assert_int_equal(topology_coordinator(c->topology, COORDINATOR_GROUP, "g1", 2), NO_BROKER);
	topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g1", 2, &c->worker.mailbox,
				 worker_on_answer, &c->worker);
	assert_true(wait_for(c, has_answer));
	assert_int_equal(c->worker.broker, 2);
	assert_int_equal(topology_coordinator(c->topology, COORDINATOR_GROUP, "g1", 2), 2);
	assert_int_equal(topology_coordinator(c->topology, COORDINATOR_TXN, "g1", 2), NO_BROKER);

	c->worker.answers = 0;
	topology_ask_coordinator(c->topology, COORDINATOR_TXN, "g1", 2, &c->worker.mailbox,
				 worker_on_answer, &c->worker);
	assert_true(wait_for(c, has_answer));
	assert_int_equal(c->worker.broker, 3);

	topology_notice_coordinator(c->topology, COORDINATOR_GROUP, "g1", 2);
	assert_int_equal(topology_coordinator(c->topology, COORDINATOR_GROUP, "g1", 2), NO_BROKER);
	assert_int_equal(topology_coordinator(c->topology, COORDINATOR_TXN, "g1", 2), 3);
}

static void on_answer_never(void *owner, int32_t broker)
{
	(void)owner;
	fail_msg("a cancelled question was answered: %d", (int)broker);
}

static void test_cancelled_question_is_silent(void **state)
{
	struct cluster *c = *state;
	struct topology_query *q;

	assert_true(wait_for(c, has_snapshot));
	q = topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g4", 2, &c->worker.mailbox,
				     on_answer_never, NULL);
	topology_cancel(q);
	topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g4", 2, &c->worker.mailbox,
				 worker_on_answer, &c->worker);
	assert_true(wait_for(c, has_answer));
}

static void all_down(struct cluster *c, bool down)
{
	for (int32_t id = 1; id <= BROKER_COUNT; id++) {
		if (down)
			rd_kafka_mock_broker_set_down(c->mock, id);
		else
			rd_kafka_mock_broker_set_up(c->mock, id);
	}
}

/* One after the other is taken away: the control connection must have been on
 * one of them and have gone on to another. */
static void test_brokers_go_and_come(void **state)
{
	struct cluster *c = *state;

	assert_true(wait_for(c, has_snapshot));
	for (int32_t id = 1; id <= BROKER_COUNT; id++) {
		const int32_t leader = id == 1 ? 3 : 1;

		rd_kafka_mock_broker_set_down(c->mock, id);
		rd_kafka_mock_partition_set_leader(c->mock, "first", 0, leader);
		topology_notice_broker(c->topology, id, 1);
		assert_true(wait_for(c, leader == 3 ? first_is_led_by_3 : first_is_led_by_1));
		rd_kafka_mock_broker_set_up(c->mock, id);
	}
	all_down(c, true);
	topology_notice_all(c->topology);
	topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g5", 2, &c->worker.mailbox,
				 worker_on_answer, &c->worker);
	assert_true(wait_for(c, has_answer));
	assert_int_equal(c->worker.broker, NO_BROKER); /* five seconds have passed */
	rd_kafka_mock_partition_set_leader(c->mock, "first", 0, 3);
	all_down(c, false);
	assert_true(wait_for(c, first_is_led_by_3));
}

/* Drops every coordinator of a broker that went away. */
static bool g6_is_forgotten(void *ctx)
{
	struct cluster *c = ctx;

	return topology_coordinator(c->topology, COORDINATOR_GROUP, "g6", 2) == NO_BROKER;
}

static void test_lost_broker_takes_its_coordinators(void **state)
{
	struct cluster *c = *state;

	assert_true(wait_for(c, has_snapshot));
	rd_kafka_mock_coordinator_set(c->mock, "group", "g6", 2);
	topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g6", 2, &c->worker.mailbox,
				 worker_on_answer, &c->worker);
	assert_true(wait_for(c, has_answer));
	topology_notice_broker(c->topology, 1, 1);
	assert_false(g6_is_forgotten(c));
	rd_kafka_mock_broker_set_down(c->mock, 2);
	topology_notice_broker(c->topology, 2, 1);
	assert_true(wait_for(c, g6_is_forgotten));
}

static bool broker_2_is(struct cluster *c, enum broker_state state)
{
	size_t count;
	struct broker_known *all = topology_brokers_known(c->topology, &count);
	const struct broker_known *two = broker_known_find(all, count, 2);
	bool is = two != NULL && two->state == state;

	assert_null(broker_known_find(all, count, 77));
	for (size_t i = 0; is && i < count; i++) {
		bool is_lost = all[i].state == BROKER_LOST;

		is = all[i].id == 2 || all[i].state == BROKER_UP;
		assert_true(is_lost == (all[i].lost_at > 0));
		assert_true(is_lost == (all[i].why[0] != '\0'));
		if (is_lost)
			assert_in_range(all[i].lost_at, 1, clock_ms());
	}
	free(all);
	return is;
}

static bool only_2_is_lost(void *ctx)
{
	return broker_2_is(ctx, BROKER_LOST);
}

static bool all_are_up(void *ctx)
{
	return broker_2_is(ctx, BROKER_UP);
}

static void test_each_broker_is_told_to_be_up_or_lost(void **state)
{
	struct cluster *c = *state;

	assert_true(wait_for(c, has_snapshot));
	assert_true(wait_for(c, all_are_up));
	rd_kafka_mock_broker_set_down(c->mock, 2);
	topology_notice_broker(c->topology, 2, 1);
	assert_true(wait_for(c, only_2_is_lost));
	rd_kafka_mock_broker_set_up(c->mock, 2);
	assert_true(wait_for(c, all_are_up));
}

static void test_free_answers_what_is_asked(void **state)
{
	struct cluster *c = *state;
	const struct topology_name keys[] = { { "g7", 2, false }, { "g8", 2, false } };
	struct worker late;

	assert_true(wait_for(c, has_snapshot));
	all_down(c, true);
	worker_init(&late);
	for (int i = 0; i < 10; i++)
		topology_ask_coordinator(c->topology, COORDINATOR_GROUP, "g7", 2, &late.mailbox,
					 worker_on_answer, &late);
	topology_ask_coordinators(c->topology, COORDINATOR_GROUP, keys, ARRAY_LEN(keys),
				  &late.mailbox, worker_on_answer, &late);
	topology_free(c->topology);
	c->topology = NULL;
	worker_deinit(&late); /* delivers */
	assert_int_equal(late.answers, 11);
	assert_int_equal(late.broker, NO_BROKER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_snapshot),
		TEST(test_leader_change_is_noticed),
		TEST(test_topics_are_asked_for),
		TEST(test_coordinators_are_asked_for),
		TEST(test_cancelled_question_is_silent),
		TEST(test_brokers_go_and_come),
		TEST(test_lost_broker_takes_its_coordinators),
		TEST(test_each_broker_is_told_to_be_up_or_lost),
		TEST(test_free_answers_what_is_asked),
	};
	int failed;

#ifdef __SANITIZE_THREAD__
	puts("left out: librdkafka's own threads don't run under ThreadSanitizer");
	return 0;
#endif
	if (!apis_compile(stderr))
		return 1;
	if (getenv("TOPOLOGY_LOG") != NULL)
		log_set_level(LOG_DEBUG);
	else
		log_set_level(LOG_ERROR);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	apis_free();
	return failed;
}
