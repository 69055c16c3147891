/* Which replica a client in a zone reads, and why, by a snapshot of four brokers. */
#include "route/nearest.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "racks.h"

enum { COUNT = 2 };

/* Brokers 0 to 3 in racks a, b, b and none; broker 0 leads, 1 and 2 are in sync. */
static struct snapshot *make_snapshot(void)
{
	static const char *const racks[] = { "a", "b", "b", NULL };
	struct snapshot *s = snapshot_in_racks(racks, ARRAY_LEN(racks), COUNT);
	const struct topic *t = snapshot_topic(s, "orders", 6);

	for (int p = 0; p < COUNT; p++) {
		t->partitions[p].in_sync[0] = 1;
		t->partitions[p].in_sync[1] = 2;
		t->partitions[p].in_sync[2] = NO_BROKER;
	}
	return s;
}

static struct partition *first_of(const struct snapshot *s)
{
	return &snapshot_topic(s, "orders", 6)->partitions[0];
}

static bool is_that(const void *ctx, int32_t broker)
{
	return *(const int32_t *)ctx == broker;
}

/* barred: NO_BROKER: none is. */
static struct nearest nearest_in(const struct snapshot *s, const char *zone, int32_t partition,
				 int32_t barred)
{
	const struct nearest_question q = { .snapshot = s,
					    .topic = snapshot_topic(s, "orders", 6),
					    .partition = partition,
					    .zone = zone,
					    .is_barred = barred != NO_BROKER ? is_that : NULL,
					    .ctx = &barred };

	return nearest_of(&q);
}

static void check_nearest(struct nearest n, int32_t follower, enum nearest_why why)
{
	assert_int_equal(n.follower, follower);
	assert_int_equal(n.why, why);
}

static void followers_share_the_partitions(void **state)
{
	struct snapshot *s = make_snapshot();

	(void)state;
	check_nearest(nearest_in(s, "b", 0, NO_BROKER), 1, NEAREST_FOLLOWER);
	check_nearest(nearest_in(s, "b", 1, NO_BROKER), 2, NEAREST_FOLLOWER);
	check_nearest(nearest_in(s, "b", 0, 1), 2, NEAREST_FOLLOWER);
	first_of(s)->in_sync[1] = NO_BROKER;
	check_nearest(nearest_in(s, "b", 0, NO_BROKER), 1, NEAREST_FOLLOWER);
	snapshot_unref(s);
}

static void else_the_leader_and_why(void **state)
{
	struct snapshot *s = make_snapshot();

	(void)state;
	check_nearest(nearest_in(s, "a", 0, NO_BROKER), NO_BROKER, NEAREST_LEADER_IS_NEAR);
	check_nearest(nearest_in(s, "c", 0, NO_BROKER), NO_BROKER, NEAREST_NONE_IN_SYNC);
	check_nearest(nearest_in(s, "b", -1, NO_BROKER), NO_BROKER, NEAREST_NO_LEADER);
	check_nearest(nearest_in(s, "b", COUNT, NO_BROKER), NO_BROKER, NEAREST_NO_LEADER);
	first_of(s)->in_sync[1] = NO_BROKER;
	check_nearest(nearest_in(s, "b", 0, 1), NO_BROKER, NEAREST_NONE_IN_SYNC);
	s->brokers[1].address_len = 0; /* nobody knows where it is */
	check_nearest(nearest_in(s, "b", 0, NO_BROKER), NO_BROKER, NEAREST_NONE_IN_SYNC);
	first_of(s)->leader = NO_BROKER;
	check_nearest(nearest_in(s, "b", 0, NO_BROKER), NO_BROKER, NEAREST_NO_LEADER);
	snapshot_unref(s);
}

static void a_zone_has_brokers_that_can_be_reached(void **state)
{
	struct snapshot *s = make_snapshot();

	(void)state;
	assert_true(nearest_has_brokers(s, "a"));
	assert_true(nearest_has_brokers(s, "b"));
	assert_false(nearest_has_brokers(s, "c"));
	s->brokers[0].address_len = 0;
	assert_false(nearest_has_brokers(s, "a"));
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(followers_share_the_partitions),
		cmocka_unit_test(else_the_leader_and_why),
		cmocka_unit_test(a_zone_has_brokers_that_can_be_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
