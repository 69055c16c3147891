/* A group's time is known to all; the table is bounded, and the long times stay. */
#include "session/rebalances.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Groups of one bucket. */
static uint64_t group(uint32_t n)
{
	return (uint64_t)(n + 1) << 32 | 77;
}

static void what_a_member_said_is_known(void **state)
{
	struct rebalances *r = rebalances_new();

	(void)state;
	assert_int_equal(rebalances_of(r, group(0)), 0);
	rebalances_note(r, group(0), 60000);
	rebalances_note(r, group(1), 300000);
	assert_int_equal(rebalances_of(r, group(0)), 60000);
	assert_int_equal(rebalances_of(r, group(1)), 300000);
	rebalances_note(r, group(1), 10000); /* the last word counts */
	assert_int_equal(rebalances_of(r, group(1)), 10000);
	assert_int_equal(rebalances_of(r, group(0)), 60000);
	assert_int_equal(rebalances_of(r, group(0) + 1), 0); /* of the next bucket */
	rebalances_free(r);
}

static void groups_without_end_push_out_short_times(void **state)
{
	struct rebalances *r = rebalances_new();

	(void)state;
	rebalances_note(r, group(0), 3600000);
	for (uint32_t n = 1; n < 1000; n++) {
		rebalances_note(r, group(n), 1000 + n);
		assert_int_equal(rebalances_of(r, group(n)), 1000 + n);
		assert_int_equal(rebalances_of(r, group(0)), 3600000);
	}
	assert_int_equal(rebalances_of(r, group(1)), 0);
	rebalances_free(r);
	rebalances_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_member_said_is_known),
		cmocka_unit_test(groups_without_end_push_out_short_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
