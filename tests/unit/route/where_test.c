/* Where one thing belongs, and why: brokers 0 and 5; topic "a" is led by 5, 0, nobody, and a broker
 * that is gone. */
#include "route/where.h"

#include "topology/snapshot_build.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct snapshot *make_snapshot(void)
{
	static const int32_t leaders[] = { 5, 0, NO_BROKER, 9 };
	struct snapshot *s = snapshot_new(NULL);
	struct topic *t = snapshot_add_topic(s, "a", 1, (uint8_t[16]){ 1 }, 4);

	for (int i = 0; i < 4; i++)
		t->partitions[i].leader = leaders[i];
	t->partitions[0].sole_replica = 5;
	t->partitions[1].sole_replica = 77;
	s->brokers = mem_zalloc(2 * sizeof *s->brokers);
	s->broker_count = 2;
	s->brokers[1].id = 5;
	return s;
}

static void assert_where(const struct where_question *q, int32_t target, enum where_why why)
{
	struct where w = where_of(q);

	assert_int_equal(w.target, target);
	assert_int_equal(w.why, why);
}

static void a_partition_is_at_its_leader(void **state)
{
	static const struct {
		int32_t partition, target;
		enum where_why why;
	} rows[] = {
		{ -1, TARGET_UNKNOWN, WHERE_PARTITION_UNKNOWN },
		{ 0, 5, WHERE_LEADER },
		{ 1, 0, WHERE_LEADER },
		{ 2, TARGET_UNKNOWN, WHERE_NO_LEADER },
		{ 3, TARGET_UNKNOWN, WHERE_NO_LEADER },
		{ 4, TARGET_UNKNOWN, WHERE_PARTITION_UNKNOWN },
	};
	const struct kapi api = { .route = TO_LEADER };
	struct snapshot *s = make_snapshot();
	struct where_question q = { .api = &api,
				    .snapshot = s,
				    .topic = snapshot_topic(s, "a", 1) };

	(void)state;
	assert_non_null(q.topic);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		q.partition = rows[i].partition;
		assert_where(&q, rows[i].target, rows[i].why);
	}
	q.topic = NULL;
	assert_where(&q, TARGET_UNKNOWN, WHERE_TOPIC_UNKNOWN);
	snapshot_unref(s);
}

static void a_key_is_at_its_coordinator(void **state)
{
	static const enum kroute routes[] = { TO_GROUP, TO_TXN };
	static const enum coordinator_type types[] = { COORDINATOR_GROUP, COORDINATOR_TXN };
	struct snapshot *s = make_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct kapi api = { .route = routes[i] };
		struct where_question q = { .api = &api, .snapshot = s };

		assert_int_equal(where_coordinator_type(&api), types[i]);
		assert_false(where_has_coordinator(&q));
		assert_where(&q, TARGET_ANY, WHERE_NO_KEY); /* null */
		q.key = (const uint8_t *)"g";
		for (q.key_len = 0; q.key_len <= 1; q.key_len++) { /* "" is a key too */
			assert_true(where_has_coordinator(&q));
			q.coordinator = NO_BROKER;
			assert_where(&q, TARGET_UNKNOWN, WHERE_COORDINATOR_UNKNOWN);
			q.coordinator = 5;
			assert_where(&q, 5, WHERE_COORDINATOR);
		}
	}
	snapshot_unref(s);
}

static void a_brokers_own_settings_are_at_that_broker(void **state)
{
	static const struct {
		int16_t type;
		const char *name;
		int32_t target;
	} rows[] = {
		{ RESOURCE_BROKER, "5", 5 },
		{ RESOURCE_BROKER_LOGGER, "0", 0 },
		{ RESOURCE_BROKER, "", TARGET_ANY },
		{ RESOURCE_BROKER, "7", TARGET_ANY },
		{ RESOURCE_BROKER, "5x", TARGET_ANY },
		{ RESOURCE_BROKER, "-5", TARGET_ANY },
		{ RESOURCE_BROKER, "4294967301", TARGET_ANY },
		{ 2, "5", TARGET_ANY }, /* a topic of that name */
	};
	const struct kapi api = { .route = TO_RESOURCE };
	struct snapshot *s = make_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct where_question q = { .api = &api,
						  .snapshot = s,
						  .key = (const uint8_t *)rows[i].name,
						  .key_len = (uint32_t)strlen(rows[i].name),
						  .resource_type = rows[i].type };

		assert_where(&q, rows[i].target,
			     rows[i].target >= 0 ? WHERE_RESOURCE : WHERE_ANY_RESOURCE);
	}
	snapshot_unref(s);
}

/* Clients are told of broker 0 at the first port; 5 has none, and is dialled as 0. */
static void who_is_dialled_tells_what_he_has(void **state)
{
	static const struct {
		enum kroute route;
		bool by_dialled;
		int32_t dialled, partition, target;
		enum where_why why;
	} rows[] = {
		{ TO_ALL, true, 0, 0, 0, WHERE_DIALLED },
		{ TO_ALL, false, 0, 0, TARGET_ANY, WHERE_ALL },
		{ TO_ALL, true, 5, 0, TARGET_ANY, WHERE_ALL }, /* clients do not know it */
		{ TO_ALL, true, 7, 0, TARGET_ANY, WHERE_ALL }, /* there is none */
		{ TO_ALL, true, NO_BROKER, 0, TARGET_ANY, WHERE_ALL },
		{ TO_LEADER, true, 0, 0, 5, WHERE_LEADER },
		{ TO_LEADER, true, 0, 1, 0, WHERE_LEADER },
		{ TO_LEADER, true, 0, 2, 0,
		  WHERE_DIALLED }, /* nobody leads it: it says so itself */
		{ TO_LEADER, true, 0, 4, 0, WHERE_DIALLED },
		{ TO_LEADER, false, 0, 2, TARGET_UNKNOWN, WHERE_NO_LEADER },
		{ TO_LEADER, true, 7, 0, 5, WHERE_LEADER },
		{ TO_ANY, false, 0, 0, TARGET_ANY, WHERE_ANY },
		{ TO_ANY, true, 0, 0, 0, WHERE_DIALLED },
		{ TO_CONTROLLER, false, 0, 0, TARGET_ANY, WHERE_CONTROLLER },
		{ TO_CONTROLLER, true, 0, 0, 0, WHERE_DIALLED },
		/* only broker 5 has 0, and no broker that is there 1; several have 2 */
		{ TO_REPLICA, true, 0, 0, 5, WHERE_REPLICA },
		{ TO_REPLICA, true, 0, 1, 0, WHERE_DIALLED },
		{ TO_REPLICA, true, 0, 2, 0, WHERE_DIALLED },
		{ TO_REPLICA, true, NO_BROKER, 0, 5, WHERE_REPLICA },
		{ TO_REPLICA, true, NO_BROKER, 1, TARGET_VETTED, WHERE_REPLICAS },
		{ TO_REPLICA, true, NO_BROKER, 2, TARGET_VETTED, WHERE_REPLICAS },
		{ TO_REPLICA, true, NO_BROKER, 4, TARGET_UNKNOWN, WHERE_PARTITION_UNKNOWN },
	};
	struct listener l = { .advertised_mode = ADVERTISE_PORTS };
	const struct advertising a = { .listener = &l, .port_count = 3 };
	struct snapshot *s = make_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kapi api = { .route = rows[i].route,
					  .by_dialled = rows[i].by_dialled };
		const struct where_question q = {
			.api = &api,
			.snapshot = s,
			.hint = { rows[i].dialled,
				  rows[i].dialled == NO_BROKER ? HINT_NONE : HINT_PORT },
			.advertising = &a,
			.topic = snapshot_topic(s, "a", 1),
			.partition = rows[i].partition
		};

		assert_where(&q, rows[i].target, rows[i].why);
	}
	snapshot_unref(s);
}

/* What is set for all brokers together is asked of the one that was dialled. */
static void settings_of_no_broker_are_the_dialled_ones(void **state)
{
	const struct kapi api = { .route = TO_RESOURCE, .by_dialled = true };
	struct listener l = { .advertised_mode = ADVERTISE_PORTS };
	const struct advertising a = { .listener = &l, .port_count = 3 };
	struct snapshot *s = make_snapshot();
	struct where_question q = { .api = &api,
				    .snapshot = s,
				    .hint = { 0, HINT_PORT },
				    .advertising = &a,
				    .key = (const uint8_t *)"5",
				    .resource_type = RESOURCE_BROKER };

	(void)state;
	assert_where(&q, 0, WHERE_DIALLED);
	q.key_len = 1;
	assert_where(&q, 5, WHERE_RESOURCE);
	q.resource_type = 2;
	assert_where(&q, TARGET_ANY, WHERE_ANY_RESOURCE);
	q.key_len = 0;
	assert_where(&q, TARGET_ANY, WHERE_ANY_RESOURCE);
	snapshot_unref(s);
}

/* Another broker leads it and has a port of its own: who is dialled answers all the same. */
static void who_is_dialled_answers_for_a_follower(void **state)
{
	const struct kapi api = { .route = TO_LEADER, .by_dialled = true };
	struct listener l = { .advertised_mode = ADVERTISE_PORTS };
	const struct advertising a = { .listener = &l, .port_count = 6 };
	struct snapshot *s = make_snapshot();
	struct where_question q = { .api = &api,
				    .snapshot = s,
				    .hint = { 0, HINT_CLIENT },
				    .advertising = &a,
				    .topic = snapshot_topic(s, "a", 1) };

	(void)state;
	assert_where(&q, 0, WHERE_DIALLED);
	q.topic = NULL;
	assert_where(&q, 0, WHERE_DIALLED);
	snapshot_unref(s);
}

/* Its one id stands for all brokers. */
static void in_single_nobody_is_dialled(void **state)
{
	struct listener l = { .advertised_mode = ADVERTISE_SINGLE };
	const struct advertising a = { .listener = &l, .port_count = 1 };
	const struct kapi all = { .route = TO_ALL, .by_dialled = true };
	const struct kapi leader = { .route = TO_LEADER, .by_dialled = true };
	const struct kapi replica = { .route = TO_REPLICA, .by_dialled = true };
	struct snapshot *s = make_snapshot();
	struct where_question q = { .api = &all,
				    .snapshot = s,
				    .hint = { 0, HINT_CLIENT },
				    .advertising = &a,
				    .topic = snapshot_topic(s, "a", 1) };

	(void)state;
	assert_where(&q, TARGET_ANY, WHERE_ALL);
	q.api = &leader;
	assert_where(&q, 5, WHERE_LEADER);
	/* the one broker that there is leads all, and has its replicas */
	q.api = &replica;
	assert_where(&q, 5, WHERE_REPLICA);
	q.partition = 1;
	assert_where(&q, 0, WHERE_LEADER);
	snapshot_unref(s);
}

static void other_routes_ask_for_nothing(void **state)
{
	static const struct {
		enum kroute route;
		enum where_why why;
	} rows[] = {
		{ TO_ANY, WHERE_ANY }, { TO_CONTROLLER, WHERE_CONTROLLER }, { TO_ALL, WHERE_ALL },
		{ HERE, WHERE_HERE },  { NOT_FOR_CLIENTS, WHERE_REFUSED },
	};
	struct snapshot *s = make_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kapi api = { .route = rows[i].route };
		const struct where_question q = { .api = &api, .snapshot = s };

		assert_where(&q, TARGET_ANY, rows[i].why);
	}
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_is_at_its_leader),
		cmocka_unit_test(a_key_is_at_its_coordinator),
		cmocka_unit_test(a_brokers_own_settings_are_at_that_broker),
		cmocka_unit_test(who_is_dialled_tells_what_he_has),
		cmocka_unit_test(settings_of_no_broker_are_the_dialled_ones),
		cmocka_unit_test(who_is_dialled_answers_for_a_follower),
		cmocka_unit_test(in_single_nobody_is_dialled),
		cmocka_unit_test(other_routes_ask_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
