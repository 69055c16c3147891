#include "route/advertise.h"

#include "topology/snapshot_build.h"
#include "unit/apis.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char host[] = "gateway";

static struct listener make_listener(enum advertise_mode mode)
{
	return (struct listener){ .advertised_host = host,
				  .advertised_port = 7000,
				  .min_broker_id = 10,
				  .advertised_mode = mode };
}

static struct snapshot *make_snapshot(const int32_t *ids, size_t count)
{
	struct snapshot *s = snapshot_new(NULL);

	s->brokers = mem_zalloc((count + 1) * sizeof *s->brokers);
	s->broker_count = count;
	for (size_t i = 0; i < count; i++)
		s->brokers[i].id = ids[i];
	return s;
}

static void a_broker_has_its_own_port(void **state)
{
	static const int32_t ids[] = { 10, 11, 13 };
	struct listener l = make_listener(ADVERTISE_PORTS);
	struct snapshot *s = make_snapshot(ids, 3);
	struct advertising a = { &l, 4 };
	struct advertised told;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(advertise_broker(&a, s, ids[i], &told));
		assert_int_equal(told.id, ids[i]);
		assert_int_equal(told.port, 7000 + ids[i] - 10);
		assert_string_equal(told.host, host);
		assert_true(advertise_has_own(&a, s, ids[i]));
	}
	assert_int_equal(advertise_ports_needed(&l, s), 3 + 3);
	snapshot_unref(s);
}

static void a_broker_has_its_own_name(void **state)
{
	static const int32_t ids[] = { 2, 11, 500 };
	struct listener l = make_listener(ADVERTISE_HOST);
	struct snapshot *s = make_snapshot(ids, 3);
	struct advertising a = { &l, 1 };
	struct advertised told;
	char pattern[] = "b{id}.kafka.test", expected[40];

	(void)state;
	l.advertised_pattern = pattern;
	for (size_t i = 0; i < 3; i++) {
		assert_true(advertise_broker(&a, s, ids[i], &told));
		snprintf(expected, sizeof expected, "b%d.kafka.test", ids[i]);
		assert_string_equal(told.host, expected);
		assert_int_equal(told.port, 7000);
		assert_int_equal(told.id, ids[i]);
		assert_true(advertise_has_own(&a, s, ids[i]));
	}
	assert_int_equal(advertise_ports_needed(&l, s), 1);
	snapshot_unref(s);
}

/* Below and above the range: shown as one that has a port, never on a port of
 * their own, the same each time, and not all as the same one. */
static void others_are_represented(void **state)
{
	static const int32_t ids[] = { 2, 3, 10, 11, 14, 15, 2147483647 };
	struct listener l = make_listener(ADVERTISE_PORTS);
	struct snapshot *s = make_snapshot(ids, 7);
	struct advertising a = { &l, 4 }; /* 10 to 13 */
	bool seen[2] = { false };

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct advertised told, again;
		bool own = ids[i] == 10 || ids[i] == 11;

		assert_true(advertise_broker(&a, s, ids[i], &told));
		assert_true(told.id == 10 || told.id == 11);
		assert_int_equal(told.port, 7000 + told.id - 10);
		assert_int_equal(advertise_has_own(&a, s, ids[i]), own);
		if (own)
			assert_int_equal(told.id, ids[i]);
		else
			seen[told.id - 10] = true;
		assert_true(advertise_broker(&a, s, ids[i], &again));
		assert_int_equal(told.id, again.id);
	}
	assert_true(seen[0] && seen[1]);
	snapshot_unref(s);
}

static void without_ports_there_is_nothing_to_tell(void **state)
{
	static const int32_t ids[] = { 1, 2 };
	struct listener l = make_listener(ADVERTISE_PORTS);
	struct snapshot *s = make_snapshot(ids, 2);
	struct advertising a = { &l, 4 };
	struct advertised told;

	(void)state;
	assert_false(advertise_broker(&a, s, 1, &told));
	assert_false(advertise_has_own(&a, s, 1));
	assert_int_equal(advertise_ports_needed(&l, s), 3);
	snapshot_unref(s);
}

static void single_is_one_broker(void **state)
{
	static const int32_t ids[] = { 1, 20 };
	struct listener l = make_listener(ADVERTISE_SINGLE);
	struct snapshot *s = make_snapshot(ids, 2);
	struct advertising a = { &l, 1 };
	struct advertised told;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(advertise_broker(&a, s, ids[i], &told));
		assert_int_equal(told.id, 10);
		assert_int_equal(told.port, 7000);
	}
	assert_int_equal(advertise_ports_needed(&l, s), 1);
	snapshot_unref(s);
}

struct place {
	int32_t broker;
	const struct mapping_node *node;
};

static const struct mapping_node *node_of(const void *ctx, int32_t broker)
{
	const struct place *p = ctx;

	return broker == p->broker ? p->node : NULL;
}

/* One broker is told as another node's whatever the mapping says, and who is told as that one
 * too; the others follow the mapping. */
static void what_stays_is_told_where_it_is(void **state)
{
	static const int32_t ids[] = { 10, 11, 12, 25 };
	static const struct mapping_node nodes[] = {
		{ .node_id = "b",
		  .host = "chosen",
		  .port = 8000,
		  .port_count = 3,
		  .min_broker_id = 10 },
		{ .node_id = "c",
		  .host = "stayed",
		  .port = 9000,
		  .port_count = 3,
		  .min_broker_id = 10,
		  .leaves = true },
	};
	struct listener l = make_listener(ADVERTISE_PORTS);
	struct snapshot *s = make_snapshot(ids, 4);
	struct mapping *m = mapping_new(nodes, 2);
	const struct place eleven = { 11, mapping_find(m, mapping_tag("c", 1), 11, NULL) };
	struct advertising a = { .listener = &l, .port_count = 3, .mapping = m };

	(void)state;
	assert_non_null(eleven.node);
	for (int with = 0; with < 2; with++) {
		for (size_t i = 0; i < 4; i++) {
			const int32_t id = ids[i] == 25 ? 11 : ids[i]; /* 25 % 3 = 1: the second */
			const bool stays = with == 1 && id == eleven.broker;
			struct advertised told;

			assert_true(advertise_broker(&a, s, ids[i], &told));
			assert_int_equal(told.id, id);
			assert_string_equal(told.host, stays ? "stayed" : "chosen");
			assert_int_equal(told.port, (stays ? 9000 : 8000) + id - 10);
		}
		a.stays = node_of;
		a.stays_ctx = &eleven;
	}
	mapping_free(m);
	snapshot_unref(s);
}

/* Where no node is in the broker's rack; these brokers are in none. */
static void the_zone_has_a_say(void **state)
{
	static const int32_t ids[] = { 10, 11 };
	static const struct mapping_node nodes[] = {
		{ .node_id = "b",
		  .host = "b",
		  .rack = "rb",
		  .port = 8000,
		  .port_count = 3,
		  .min_broker_id = 10 },
		{ .node_id = "c",
		  .host = "c",
		  .rack = "rc",
		  .port = 9000,
		  .port_count = 3,
		  .min_broker_id = 10 },
	};
	struct listener l = make_listener(ADVERTISE_PORTS);
	struct snapshot *s = make_snapshot(ids, 2);
	struct mapping *m = mapping_new(nodes, 2);
	struct advertising a = { .listener = &l, .port_count = 3, .mapping = m };
	struct advertised told;

	(void)state;
	s->brokers[1].rack = mem_strdup("rc");
	for (a.key = 1; a.key < 100; a.key++) {
		a.zone = "rb";
		assert_true(advertise_broker(&a, s, 10, &told));
		assert_string_equal(told.host, "b");
		assert_true(advertise_broker(&a, s, 11, &told));
		assert_string_equal(told.host, "c");
		a.zone = "rc";
		assert_true(advertise_broker(&a, s, 10, &told));
		assert_string_equal(told.host, "c");
	}
	mapping_free(m);
	snapshot_unref(s);
}

/* In `single` nobody can tell at which broker a share session is. */
static void share_sessions_want_a_port_for_each_broker(void **state)
{
	static const int keys[] = { KEY_SHARE_FETCH, KEY_SHARE_ACKNOWLEDGE };
	const struct listener ports = make_listener(ADVERTISE_PORTS);
	const struct listener single = make_listener(ADVERTISE_SINGLE);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_true(advertise_serves(&ports, api_of(keys[i])));
		assert_false(advertise_serves(&single, api_of(keys[i])));
		assert_true(advertise_serves(&single, api_of(KEY_SHARE_GROUP_HEARTBEAT)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_has_its_own_port),
		cmocka_unit_test(a_broker_has_its_own_name),
		cmocka_unit_test(others_are_represented),
		cmocka_unit_test(without_ports_there_is_nothing_to_tell),
		cmocka_unit_test(single_is_one_broker),
		cmocka_unit_test(what_stays_is_told_where_it_is),
		cmocka_unit_test(the_zone_has_a_say),
		cmocka_unit_test(share_sessions_want_a_port_for_each_broker),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}
