#include "plan/sizing.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void takes_what_the_nodes_take(void **state)
{
	struct sizing_input in = {
		.nodes_take = 1000, .fd_limit = 16384, .listeners = 5, .nodes = 2, .splice = true
	};
	struct sizing s = sizing_of(&in);

	(void)state;
	assert_int_equal(s.connections, 1000);
	assert_int_equal(s.spare, 100);
	assert_int_equal(s.pipes, 275);
	assert_false(s.is_capped);
	/* 2 a connection, 2 a pipe, and more than nothing for the rest */
	assert_true(s.descriptors > 2 * 1100 + 2 * 275 + 5 + 2);
	assert_true(s.descriptors < 2 * 1100 + 2 * 275 + 5 + 2 + 300);
}

/* One connection more would not fit, whatever the limit. */
static void fills_the_limit(void **state)
{
	(void)state;
	for (int limit = 600; limit < 200000; limit += 997) {
		for (int splice = 0; splice < 2; splice++) {
			struct sizing_input in = { .nodes_take = INT_MAX / 4,
						   .fd_limit = limit,
						   .listeners = 5,
						   .nodes = 3,
						   .splice = splice == 1 };
			struct sizing s = sizing_of(&in);

			assert_true(s.is_capped);
			assert_true(s.connections > 0);
			assert_true(s.descriptors <= limit);
			in.wanted = s.connections + 1;
			assert_true(sizing_of(&in).descriptors > limit);
		}
	}
}

static void gives_no_more_pipes_than_the_kernel(void **state)
{
	struct sizing_input in = { .wanted = 100000, .fd_limit = 16384, .splice = true };

	(void)state;
	assert_int_equal(sizing_of(&in).pipes, 1024);
	in.splice = false;
	assert_int_equal(sizing_of(&in).pipes, 0);
}

static void says_when_nothing_fits(void **state)
{
	struct sizing_input in = { .fd_limit = 100, .listeners = 5, .nodes = 3 };
	struct sizing s = sizing_of(&in);

	(void)state;
	assert_int_equal(s.connections, 0);
	assert_true(s.descriptors > 100);
}

static void counts_source_ports(void **state)
{
	(void)state;
	assert_int_equal(sizing_source_ports(1, 28232), 28232);
	assert_int_equal(sizing_source_ports(5, 28232), 5 * 28232);
	assert_int_equal(sizing_source_ports(INT_MAX, 28232), INT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_nodes_take),
		cmocka_unit_test(fills_the_limit),
		cmocka_unit_test(gives_no_more_pipes_than_the_kernel),
		cmocka_unit_test(says_when_nothing_fits),
		cmocka_unit_test(counts_source_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
