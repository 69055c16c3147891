#include "balance/weight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct weight_load load(double own, double mean)
{
	return (struct weight_load){ .own = own, .mean = mean, .room = 1 };
}

static void test_of(void **state)
{
	struct weight_load l;

	(void)state;
	l = load(100, 100);
	assert_int_equal(weight_of(&l), 100);
	l = load(50, 100);
	assert_int_equal(weight_of(&l), 100);
	l = load(200, 100);
	assert_int_equal(weight_of(&l), 50);
	l = load(130, 100);
	assert_int_equal(weight_of(&l), 75);
	l = load(5000, 100);
	assert_int_equal(weight_of(&l), 10);
	l = load(9, 3); /* too few to tell */
	assert_int_equal(weight_of(&l), 100);
	l = load(100, 100);
	l.bytes = 4e8;
	l.bytes_mean = 2e8;
	assert_int_equal(weight_of(&l), 50);
	l = load(100, 100);
	l.room = 0.04; /* 96 % of its connections are taken */
	assert_int_equal(weight_of(&l), 40);
	l.room = -1;
	assert_int_equal(weight_of(&l), 10);
}

static void test_steps(void **state)
{
	struct weight w = { 0 };
	struct weight_load even = load(100, 100), much = load(200, 100);

	(void)state;
	assert_int_equal(weight_step(&w, &even), 100);
	for (int i = 0; i < 4; i++)
		assert_int_equal(weight_step(&w, &much), 100);
	for (int i = 0; i < 5; i++)
		assert_int_equal(weight_step(&w, &much), 75);
	assert_int_equal(weight_step(&w, &much), 65);
	for (int i = 0; i < 50; i++)
		weight_step(&w, &much);
	assert_true(w.now <= 60);
	for (int i = 0; i < 50; i++)
		weight_step(&w, &even);
	assert_int_equal(w.now, 100);
}

/* Load that comes and goes every second, as after each change of a weight, moves nothing. */
static void test_no_swing(void **state)
{
	struct weight w = { 0 };
	struct weight_load even = load(100, 100), much = load(200, 100), near = load(105, 100);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(weight_step(&w, i % 2 ? &much : &even), 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(weight_step(&w, &near), 100);
	for (int i = 0; i < 5; i++)
		weight_step(&w, &much);
	assert_int_equal(w.now, 75);
	for (int i = 0; i < 100; i++) /* once too much, once too little: it waits where it is */
		assert_int_equal(weight_step(&w, i % 2 ? &much : &even), 75);
}

/* A node that asks for less gets less, and stays where that has led it. */
static void test_settles(void **state)
{
	struct weight w = { 0 };
	double own = 180;
	int changes = 0, before = 100;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct weight_load l = load(own, 100);
		int now = weight_step(&w, &l);

		own += (100.0 * now / 80 - own) * 0.05;
		changes += now != before;
		before = now;
	}
	assert_true(changes <= 4);
	assert_true(own > 80 && own < 130);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_no_swing),
		cmocka_unit_test(test_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
