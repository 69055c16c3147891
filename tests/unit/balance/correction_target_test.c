/* Where a round of corrections stops when others move too. */
#include "balance/correction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct correction_input begin_at(double own, double mean)
{
	return (struct correction_input){ .now_ms = 1000000,
					  .own = own,
					  .mean = mean,
					  .is_steady = true,
					  .is_on = true,
					  .members = 1,
					  .tolerance = 10,
					  .per_second = 5 };
}

/* A second: what it closes is gone at once. */
static unsigned second(struct correction *c, struct correction_input *in)
{
	enum correction_event event;
	unsigned n = correction_step(c, in, &event);

	in->closed += n;
	in->own -= n;
	in->now_ms += 1000;
	return n;
}

/* Half of the way is done by clients that go by themselves: it stops at the mean all the same. */
static void who_goes_by_himself_counts(void **state)
{
	struct correction c = { 0 };
	struct correction_input in = begin_at(150, 100);

	(void)state;
	while (c.state != CORRECTION_ROUND)
		second(&c, &in);
	in.own -= 25;
	for (int i = 0; i < 30; i++)
		second(&c, &in);
	assert_int_equal(in.own, 100);
	assert_int_equal(in.closed, 25);
}

/* New clients come: it stops at the mean, or where the tolerance lets it. */
static void who_comes_changes_no_target(void **state)
{
	struct correction c = { 0 };
	struct correction_input in = begin_at(150, 100);

	(void)state;
	while (c.state != CORRECTION_ROUND)
		second(&c, &in);
	in.own += 7;
	for (int i = 0; i < 30; i++)
		second(&c, &in);
	assert_true(in.own >= 100 && in.own <= 110);
	assert_true(in.closed >= 50);
}

/* The others have caught up: the mean has risen to it. */
static void a_mean_that_rises_ends_it(void **state)
{
	struct correction c = { 0 };
	struct correction_input in = begin_at(150, 100);

	(void)state;
	while (c.state != CORRECTION_ROUND)
		second(&c, &in);
	in.mean = in.own;
	assert_int_equal(second(&c, &in), 0);
	assert_int_not_equal(c.state, CORRECTION_ROUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_goes_by_himself_counts),
		cmocka_unit_test(who_comes_changes_no_target),
		cmocka_unit_test(a_mean_that_rises_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
