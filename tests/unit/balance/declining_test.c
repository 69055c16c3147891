#include "balance/declining.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEP = 40, BACK_S = 60, FIRST_S = 6 /* so many steps until the first change */ };

/* A node to which so many would belong if it declined none; they follow the mapping at once. */
struct run {
	struct declining d;
	struct declining_input in;
	double belong;
	bool is_own_fixed;
	int since, closest; /* seconds since the last change; the least between two */
	unsigned biggest;   /* change */
};

static void follow(struct run *r)
{
	r->in.at_home = r->belong * (1000 - r->d.now) / 1000;
	if (!r->is_own_fixed)
		r->in.own = r->in.at_home;
}

static struct run start(double belong, double mean)
{
	struct run r = { .in = { .now_ms = 1000000,
				 .is_on = true,
				 .is_steady = true,
				 .members = 1,
				 .mean = mean,
				 .tolerance = 10 },
			 .belong = belong,
			 .closest = 1000 };

	follow(&r);
	return r;
}

static void note_change(struct run *r, unsigned before, unsigned now)
{
	const unsigned change = now > before ? now - before : before - now;

	if (change > r->biggest)
		r->biggest = change;
	if (before > 0 && r->since < r->closest)
		r->closest = r->since;
	r->since = 0;
}

static void seconds(struct run *r, int n)
{
	for (int i = 0; i < n; i++) {
		const unsigned before = r->d.now;
		const unsigned now = declining_step(&r->d, &r->in);

		assert_int_equal(now, r->d.now);
		r->since++;
		if (now != before)
			note_change(r, before, now);
		r->in.now_ms += 1000;
		follow(r);
	}
}

static void it_declines_in_steps_until_the_mean_belongs_here(void **state)
{
	struct run r = start(200, 100);

	(void)state;
	seconds(&r, FIRST_S - 1);
	assert_int_equal(r.d.now, 0);
	seconds(&r, 1);
	assert_int_equal(r.d.now, STEP);
	seconds(&r, 30);
	assert_in_range(r.d.now, 4 * STEP, 10 * STEP);
	seconds(&r, 300);
	assert_int_equal(r.biggest, STEP);
	assert_true(r.closest >= DECLINING_LAG_S);
	assert_true(r.in.at_home >= 99 && r.in.at_home <= 103);
	r.closest = 1000;
	seconds(&r, 1000);
	assert_int_equal(r.closest, 1000); /* that is where it stays */
}

static void what_is_near_the_mean_stays(void **state)
{
	struct run r = start(1024, 1000), few = start(7, 4);

	(void)state;
	seconds(&r, 60);
	seconds(&few, 60);
	assert_int_equal(r.d.now, 0);
	assert_int_equal(few.d.now, 0);
	r.belong = 1030;
	few.belong = 8;
	seconds(&r, 60);
	seconds(&few, 60);
	assert_in_range(r.d.now, 1, STEP);
	assert_in_range(few.d.now, 1, 1000);
}

static void nothing_while_loads_are_unknown_or_it_is_off(void **state)
{
	struct run r = start(200, 100);

	(void)state;
	r.in.is_steady = false;
	seconds(&r, 60);
	r.in.is_steady = true;
	r.in.is_on = false;
	seconds(&r, 60);
	r.in.is_on = true;
	for (int i = 0; i < 20; i++) {
		r.in.is_steady = false;
		seconds(&r, 1);
		r.in.is_steady = true;
		seconds(&r, DECLINING_LAG_S - 1);
	}
	assert_int_equal(r.d.now, 0);
	seconds(&r, 1);
	assert_int_equal(r.d.now, STEP);
}

static void nothing_while_nodes_come(void **state)
{
	struct run r = start(200, 100);

	(void)state;
	for (int i = 0; i < 20; i++) {
		r.in.members++;
		seconds(&r, 5);
	}
	assert_int_equal(r.d.now, 0);
	seconds(&r, 1);
	assert_int_equal(r.d.now, STEP);
}

/* The others' loads are heard three seconds late. */
static void nobody_has_too_many_while_all_grow(void **state)
{
	struct run r = start(0, 0);

	(void)state;
	for (int t = 0; t < 40; t++) {
		r.in.at_home = r.in.own = t < 20 ? 20 * t : 400;
		r.in.mean = t < 3 ? 0 : t < 23 ? 20 * (t - 3) : 400;
		assert_int_equal(declining_step(&r.d, &r.in), 0);
		r.in.now_ms += 1000;
	}
}

static void nobody_has_too_few_while_all_shrink(void **state)
{
	struct run r = start(0, 0);

	(void)state;
	r.d.now = 300;
	for (int t = 0; t < 40; t++) {
		r.in.at_home = r.in.own = t < 20 ? 400 - 20 * t : 0;
		r.in.mean = t < 3 ? 400 : t < 23 ? 400 - 20 * (t - 3) : 0;
		assert_int_equal(declining_step(&r.d, &r.in), 300);
		r.in.now_ms += 1000;
	}
}

static void a_moment_above_is_none(void **state)
{
	struct run r = start(100, 100);

	(void)state;
	for (int i = 0; i < 20; i++) {
		r.belong = 150;
		seconds(&r, DECLINING_LAG_S - 2);
		r.belong = 100;
		seconds(&r, 1);
	}
	assert_int_equal(r.d.now, 0);
}

/* One that declines half, for long. */
static struct run settled(void)
{
	struct run r = start(200, 100);

	seconds(&r, 400);
	assert_in_range(r.d.now, 450, 510);
	return r;
}

static void the_way_back_is_slow(void **state)
{
	struct run r = settled();
	const unsigned before = r.d.now;

	(void)state;
	r.belong = 0;
	follow(&r);
	seconds(&r, 10);
	assert_int_equal(r.d.now, before - STEP);
	seconds(&r, BACK_S - 10);
	assert_int_equal(r.d.now, before - STEP);
	seconds(&r, 10);
	assert_int_equal(r.d.now, before - 2 * STEP);
	r.closest = 1000;
	seconds(&r, 20 * BACK_S);
	assert_int_equal(r.d.now, 0);
	assert_int_equal(r.closest, BACK_S);
}

/* A node may have its share though it belongs elsewhere. */
static void there_is_no_way_back_with_enough_clients(void **state)
{
	struct run r = settled();
	const unsigned before = r.d.now;

	(void)state;
	r.is_own_fixed = true;
	r.belong = 50;
	r.in.own = 100;
	seconds(&r, 10 * BACK_S);
	assert_int_equal(r.d.now, before);
	r.in.own = 90;
	seconds(&r, BACK_S);
	assert_int_equal(r.d.now, before - STEP);
}

static void off_is_none_at_once(void **state)
{
	struct run r = settled();

	(void)state;
	r.in.is_on = false;
	seconds(&r, 1);
	assert_int_equal(r.d.now, 0);
	seconds(&r, 60);
	assert_int_equal(r.d.now, 0);
}

/* What is not known any more changes nothing. */
static void unsteady_is_as_it_was(void **state)
{
	struct run r = settled();
	const unsigned before = r.d.now;

	(void)state;
	r.in.is_steady = false;
	r.belong = 0;
	seconds(&r, 10 * BACK_S);
	assert_int_equal(r.d.now, before);
}

static void some_are_always_taken(void **state)
{
	struct run r = start(100000, 10);

	(void)state;
	seconds(&r, 600);
	assert_int_equal(r.d.now, DECLINES_MOST);
	assert_int_equal(r.biggest, STEP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_declines_in_steps_until_the_mean_belongs_here),
		cmocka_unit_test(what_is_near_the_mean_stays),
		cmocka_unit_test(nothing_while_loads_are_unknown_or_it_is_off),
		cmocka_unit_test(nothing_while_nodes_come),
		cmocka_unit_test(nobody_has_too_many_while_all_grow),
		cmocka_unit_test(nobody_has_too_few_while_all_shrink),
		cmocka_unit_test(a_moment_above_is_none),
		cmocka_unit_test(the_way_back_is_slow),
		cmocka_unit_test(there_is_no_way_back_with_enough_clients),
		cmocka_unit_test(off_is_none_at_once),
		cmocka_unit_test(unsteady_is_as_it_was),
		cmocka_unit_test(some_are_always_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
