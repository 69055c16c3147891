#include "balance/skew.h"

#include "unit/cluster/nodes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <math.h>

enum { NOW = 100000 };

static char group[] = "anyport_x";
static const struct config config = { .group_id = group };

/* "a" is this node; a node that has told no load has -1. */
static struct cluster_view *make_view(const int64_t loads[], size_t count)
{
	struct cluster_view *v = view_new(&config, "_anyport_x");

	for (size_t i = 0; i < count; i++) {
		struct cluster_member m = make_member((char)('a' + i));

		m.is_self = i == 0;
		m.load = (struct cluster_load){ (uint64_t)loads[i], (uint64_t)loads[i] * 1000 };
		m.load_at = loads[i] < 0 ? -1 : NOW - 2000;
		view_add(v, &m);
		identity_deinit(&m);
	}
	view_finish(v);
	return v;
}

static const struct cluster_load own = { 100, 90000 };

static void assert_near(double is, double want)
{
	assert_true(fabs(is - want) < 1e-6 * want);
}

static void own_and_fresh_loads_are_counted(void **state)
{
	static const int64_t loads[] = { 7, 130, 70 };
	struct cluster_view *v = make_view(loads, 3);
	struct cluster_skew s = skew_of(v, &own, NOW);

	(void)state;
	assert_int_equal(s.nodes, 3);
	assert_true(s.is_whole && !s.is_leaving);
	assert_near(s.connections.own, 100);
	assert_near(s.connections.mean, 100);
	assert_near(skew_ratio(&s.connections), 1.3);
	assert_near(skew_share(&s.connections), 1);
	assert_near(s.bytes.mean, 290000. / 3);
	assert_near(skew_ratio(&s.bytes), 130000 / (290000. / 3));
	assert_near(skew_share(&s.bytes), 90000 / (290000. / 3));
	cluster_view_unref(v);
}

static void old_and_unknown_loads_are_not(void **state)
{
	static const int64_t loads[] = { 7, 200, -1 };
	struct cluster_view *v = make_view(loads, 3);
	struct cluster_skew s = skew_of(v, &own, NOW);

	(void)state;
	assert_int_equal(s.nodes, 2);
	assert_false(s.is_whole);
	assert_near(s.connections.mean, 150);
	s = skew_of(v, &own, NOW + 10000);
	assert_int_equal(s.nodes, 1);
	assert_near(s.connections.mean, 100);
	cluster_view_unref(v);
}

/* Another load balancer's, or of another mode: their clients are none of ours. */
static void who_has_other_clients_is_not(void **state)
{
	static const int64_t loads[] = { 7, 500, -1, 20 };
	struct cluster_view *v = make_view(loads, 4);
	struct cluster_skew s;

	(void)state;
	v->members[1].mode = ADVERTISE_SINGLE;
	v->members[2].internal = false; /* its load is not waited for either */
	s = skew_of(v, &own, NOW);
	assert_int_equal(s.nodes, 2);
	assert_true(s.is_whole);
	assert_near(s.connections.mean, 60);
	v->members[1].is_draining = true;
	s = skew_of(v, &own, NOW);
	assert_false(s.is_moving); /* its clients do not come here */
	cluster_view_unref(v);
}

static void who_drains_is_not(void **state)
{
	static const int64_t loads[] = { 7, 50, 20 };
	struct cluster_view *v = make_view(loads, 3);
	struct cluster_skew s;

	(void)state;
	v->members[2].is_draining = true;
	s = skew_of(v, &own, NOW);
	assert_int_equal(s.nodes, 2);
	assert_true(s.is_whole && !s.is_leaving);
	assert_near(s.connections.mean, 75);
	v->members[0].is_draining = true;
	s = skew_of(v, &own, NOW);
	assert_int_equal(s.nodes, 1);
	assert_true(s.is_leaving);
	assert_near(s.connections.max, 50);
	assert_near(s.connections.own, 100);
	cluster_view_unref(v);
}

/* Another one's clients are still to come, as far as is known. */
static void who_drains_with_clients_moves_them(void **state)
{
	static const int64_t loads[] = { 7, 50, 0, -1 };
	struct cluster_view *v = make_view(loads, 4);

	(void)state;
	assert_false(skew_of(v, &own, NOW).is_moving);
	for (size_t i = 0; i < 4; i++) {
		v->members[i].is_draining = true;
		assert_int_equal(skew_of(v, &own, NOW).is_moving, i == 1);
		assert_false(skew_of(v, &own, NOW + 10000).is_moving);
		v->members[i].is_draining = false;
	}
	cluster_view_unref(v);
}

static void nothing_is_even(void **state)
{
	static const int64_t loads[] = { 0, 0 };
	static const struct cluster_load none = { 0, 0 };
	struct cluster_view *v = make_view(loads, 2);
	struct cluster_skew s = skew_of(v, &none, NOW);

	(void)state;
	assert_near(skew_ratio(&s.connections), 1);
	assert_near(skew_share(&s.bytes), 1);
	cluster_view_unref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_and_fresh_loads_are_counted),
		cmocka_unit_test(old_and_unknown_loads_are_not),
		cmocka_unit_test(who_has_other_clients_is_not),
		cmocka_unit_test(who_drains_is_not),
		cmocka_unit_test(who_drains_with_clients_moves_them),
		cmocka_unit_test(nothing_is_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
