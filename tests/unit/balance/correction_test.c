#include "balance/correction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A node that closes what it is told to, and sees some of it come back. */
struct run {
	struct correction c;
	struct correction_input in;
	double comes_back; /* the share of what is closed */
	double joins;	   /* for each that is closed, a client of another node comes */
	int begun, ended, in_vain;
	unsigned most; /* closed in one second */
};

static struct run start(double own, double mean)
{
	return (struct run){ .in = { .now_ms = 1000000,
				     .own = own,
				     .mean = mean,
				     .is_steady = true,
				     .is_on = true,
				     .members = 1,
				     .tolerance = 10,
				     .per_second = 5,
				     .returned = -1 } };
}

static void seconds(struct run *r, int n)
{
	for (int i = 0; i < n; i++) {
		enum correction_event event;
		unsigned closed = correction_step(&r->c, &r->in, &event);

		r->begun += event == CORRECTION_BEGUN;
		r->ended += event == CORRECTION_ENDED;
		r->in_vain += event == CORRECTION_IN_VAIN;
		r->most = closed > r->most ? closed : r->most;
		r->in.closed += closed;
		r->in.own -= closed * (1 - r->comes_back - r->joins);
		if (r->in.returned >= 0)
			r->in.returned += (int64_t)(closed * r->comes_back);
		r->in.now_ms += 1000;
	}
}

static void a_round_ends_at_the_mean(void **state)
{
	struct run r = start(150, 100);

	(void)state;
	seconds(&r, 5);
	assert_int_equal(r.begun, 0); /* the nodes are known for too short a time */
	seconds(&r, 30);
	assert_int_equal(r.begun, 1);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.in.closed, 50);
	assert_int_equal(r.most, 5);
	seconds(&r, 60);
	assert_int_equal(r.begun, 1);
	assert_int_equal(r.in_vain, 0);
	r.in.own = 120; /* clients came */
	seconds(&r, 20);
	assert_int_equal(r.begun, 2);
	assert_int_equal(r.in.closed, 70);
}

static void what_is_within_the_tolerance_stays(void **state)
{
	struct run r = start(110, 100), few = start(5, 2);

	(void)state;
	seconds(&r, 60);
	seconds(&few, 60);
	assert_int_equal(r.begun + few.begun, 0);
	r.in.own = 111;
	seconds(&r, 12);
	assert_int_equal(r.in.closed, 11);
}

/* Where clients are known again, those that others have closed are not taken for them. */
static void who_joins_has_not_returned(void **state)
{
	struct run r = start(150, 100), blind = r, back = r;

	(void)state;
	r.in.returned = back.in.returned = 0;
	r.joins = blind.joins = 1;
	back.comes_back = 1;
	seconds(&r, 30);
	seconds(&blind, 30);
	seconds(&back, 30);
	assert_int_equal(r.in_vain, 0);
	assert_int_equal(blind.in_vain, 1);
	assert_int_equal(back.in_vain, 1);
	seconds(&r, 10);
	assert_true(r.begun > 1); /* it goes on, without a pause */
}

/* Those that are chosen and not closed yet are not chosen anew. */
static void who_is_about_to_be_closed_counts(void **state)
{
	struct run r = start(150, 100);
	enum correction_event event;
	unsigned all = 0;

	(void)state;
	seconds(&r, 5);
	for (int t = 0; t < 5; t++, r.in.now_ms += 1000) {
		r.in.chosen = all;
		all += correction_step(&r.c, &r.in, &event);
	}
	assert_int_equal(all, 25);
	r.in.chosen = 48;
	assert_int_equal(correction_step(&r.c, &r.in, &event), 2);
	r.in.chosen = 50;
	assert_int_equal(correction_step(&r.c, &r.in, &event), 0);
	assert_int_equal(event, CORRECTION_NONE);
	r.in.chosen = 0;
	r.in.closed += 50;
	assert_int_equal(correction_step(&r.c, &r.in, &event), 0);
	assert_int_equal(event, CORRECTION_ENDED);
}

/* The others' loads are heard three seconds late. */
static void nobody_is_above_while_all_grow(void **state)
{
	struct run r = start(0, 0);

	(void)state;
	for (int t = 0; t < 40; t++) {
		r.in.own = t < 20 ? 20 * t : 400;
		r.in.mean = t < 3 ? 0 : t < 23 ? 20 * (t - 3) : 400;
		seconds(&r, 1);
	}
	assert_int_equal(r.begun, 0);
}

static void a_moment_above_is_none(void **state)
{
	struct run r = start(100, 100);

	(void)state;
	for (int i = 0; i < 20; i++) {
		r.in.own = 150;
		seconds(&r, 2);
		r.in.own = 100;
		seconds(&r, 1);
	}
	assert_int_equal(r.begun, 0);
}

static void nothing_while_nodes_come_or_loads_are_unknown(void **state)
{
	struct run r = start(150, 100);

	(void)state;
	for (int i = 0; i < 10; i++) {
		r.in.members++;
		seconds(&r, 4);
	}
	r.in.is_steady = false;
	seconds(&r, 20);
	r.in.is_steady = true;
	r.in.is_on = false;
	seconds(&r, 20);
	assert_int_equal(r.begun, 0);
	r.in.is_on = true;
	seconds(&r, 8);
	assert_int_equal(r.begun, 1);
	r.in.is_steady = false; /* it begins to drain: no further one */
	r.most = 0;
	seconds(&r, 5);
	assert_int_equal(r.most, 0);
	assert_int_equal(r.ended, 1);
}

static void what_comes_back_makes_it_pause(void **state)
{
	struct run r = start(150, 100);
	uint64_t closed;

	(void)state;
	r.comes_back = 1;
	seconds(&r, 25);
	assert_int_equal(r.ended, 1);
	closed = r.in.closed;
	assert_int_equal(closed, 50);
	seconds(&r, 6);
	assert_int_equal(r.in_vain, 1);
	assert_int_equal(r.in.closed, closed);
	seconds(&r, 3600);
	assert_true(r.begun >= 9 && r.begun <= 13); /* ever rarer: 10 s, 20, 40 ... 10 min */
	assert_true(r.c.pause_ms == 600000);
}

static void nobody_to_close_ends_it(void **state)
{
	struct run r = start(150, 100);

	(void)state;
	for (int i = 0; i < 40; i++) {
		enum correction_event event;

		correction_step(&r.c, &r.in, &event);
		r.in.now_ms += 1000;
		r.ended += event == CORRECTION_ENDED;
		r.in_vain += event == CORRECTION_IN_VAIN;
	}
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.in_vain, 1);
}

/* One good round, and clients that come after it. */
static struct run after_a_good_one(double own)
{
	struct run r = start(150, 100);

	seconds(&r, 40);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.in_vain, 0);
	r.in.own = own;
	return r;
}

static void what_was_of_use_goes_on(void **state)
{
	struct run within = after_a_good_one(105), r = after_a_good_one(106);

	(void)state;
	seconds(&within, 60);
	assert_int_equal(within.begun, 1);
	seconds(&r, 30);
	assert_int_equal(r.begun, 2);
	assert_int_equal(r.in.own, 100);
}

static void it_does_not_go_on_among_other_nodes(void **state)
{
	struct run r = after_a_good_one(106);

	(void)state;
	r.in.members++;
	seconds(&r, 60);
	assert_int_equal(r.begun, 1);
	r.in.own = 111;
	seconds(&r, 30);
	assert_int_equal(r.begun, 2);
	r.in.own = 106;
	seconds(&r, 30);
	assert_int_equal(r.begun, 3);
}

static void what_was_in_vain_does_not_go_on(void **state)
{
	struct run r = after_a_good_one(150);

	(void)state;
	r.comes_back = 1;
	for (int i = 0; i < 60 && r.in_vain == 0; i++)
		seconds(&r, 1);
	assert_int_equal(r.in_vain, 1);
	assert_int_equal(r.begun, 2);
	r.in.own = 106;
	seconds(&r, 60);
	assert_int_equal(r.begun, 2);
}

static void who_asks_waits_for_nothing(void **state)
{
	struct run r = start(104, 100);

	(void)state;
	r.in.is_on = false;
	seconds(&r, 3);
	r.c.is_asked = true;
	seconds(&r, 2);
	assert_int_equal(r.begun, 1);
	assert_true(r.c.by_request);
	assert_int_equal(r.in.closed, 4);
	r.c.is_asked = true;
	seconds(&r, 10);
	assert_int_equal(r.begun, 1); /* there is nothing more to do */
	assert_false(r.c.is_asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_ends_at_the_mean),
		cmocka_unit_test(who_joins_has_not_returned),
		cmocka_unit_test(who_is_about_to_be_closed_counts),
		cmocka_unit_test(what_is_within_the_tolerance_stays),
		cmocka_unit_test(nobody_is_above_while_all_grow),
		cmocka_unit_test(a_moment_above_is_none),
		cmocka_unit_test(nothing_while_nodes_come_or_loads_are_unknown),
		cmocka_unit_test(what_comes_back_makes_it_pause),
		cmocka_unit_test(nobody_to_close_ends_it),
		cmocka_unit_test(what_was_of_use_goes_on),
		cmocka_unit_test(it_does_not_go_on_among_other_nodes),
		cmocka_unit_test(what_was_in_vain_does_not_go_on),
		cmocka_unit_test(who_asks_waits_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
