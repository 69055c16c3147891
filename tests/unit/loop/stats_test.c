/* stats_test.c - what is counted, and that blocks add up. */
#include "loop/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct stats a, b, sum;

static int clear(void **state)
{
	(void)state;
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	memset(&sum, 0, sizeof sum);
	return 0;
}

static void a_latency_falls_into_its_bucket(void **state)
{
	static const struct {
		uint64_t us;
		int bucket;
	} rows[] = {
		{ 0, 0 },
		{ 63, 0 },
		{ 64, 1 },
		{ 127, 1 },
		{ 128, 2 },
		{ 1000, 4 },
		{ (UINT64_C(64) << (STATS_BUCKETS - 1)) - 1, STATS_BUCKETS - 1 },
		{ UINT64_C(64) << (STATS_BUCKETS - 1), STATS_BUCKETS },
		{ UINT64_C(1) << 40, STATS_BUCKETS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		clear(NULL);
		stats_latency(&a, rows[i].us);
		assert_int_equal(a.latency[rows[i].bucket], 1);
		assert_int_equal(a.latency_sum_us, rows[i].us);
	}
}

static void only_errors_in_the_table_are_counted(void **state)
{
	(void)state;
	for (int code = -3; code < STATS_ERRORS + 3; code++)
		stats_error(&a, code);
	assert_int_equal(a.errors[0], 1); /* -1 */
	assert_int_equal(a.errors[1], 0); /* 0: no error */
	for (int i = 2; i < STATS_ERRORS; i++)
		assert_int_equal(a.errors[i], 1);
}

/* Every cell of a block is a uint64_t, so that none can be left out of the sum. */
static void every_cell_is_summed(void **state)
{
	enum { CELLS = STAT_COUNT + STATS_APIS + STATS_ERRORS + STATS_BUCKETS + 1 + 1 };

	(void)state;
	for (int i = 0; i < CELLS; i++) {
		((stat_cell *)&a)[i] = (uint64_t)i + 1;
		((stat_cell *)&b)[i] = UINT64_C(1) << 40;
	}
	stats_sum(&sum, &a);
	stats_sum(&sum, &b);
	for (int i = 0; i < CELLS; i++)
		assert_int_equal(((stat_cell *)&sum)[i], (UINT64_C(1) << 40) + (uint64_t)i + 1);
	assert_int_equal(sum.latency_sum_us, (UINT64_C(1) << 40) + CELLS);
}

/* Read one after the other, the second may be ahead. */
static void what_is_open_is_never_less_than_nothing(void **state)
{
	(void)state;
	stats_add(&sum, STAT_CLIENTS_ACCEPTED, 5);
	stats_add(&sum, STAT_CLIENTS_CLOSED, 2);
	assert_int_equal(stats_open(&sum, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED), 3);
	stats_add(&sum, STAT_CLIENTS_CLOSED, 4);
	assert_int_equal(stats_open(&sum, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_latency_falls_into_its_bucket, clear),
		cmocka_unit_test_setup(only_errors_in_the_table_are_counted, clear),
		cmocka_unit_test_setup(every_cell_is_summed, clear),
		cmocka_unit_test_setup(what_is_open_is_never_less_than_nothing, clear),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
