/* How many clients the file descriptors allow. */
#include "program/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct files_need usual = {
	.limit = 262144, .workers = 4, .ports = 32, .brokers = 30, .clients = 10000
};

static void a_client_may_need_a_connection_to_each_broker(void **state)
{
	struct files_need need = usual;
	struct files_plan plan = files_plan(&need);

	(void)state;
	assert_int_equal(plan.a_client, 31);
	assert_int_equal(plan.clients, plan.fit);
	assert_in_range(plan.clients * 31 + (need.limit - plan.kept_from), need.limit - 31,
			need.limit);
	need.is_single = true;
	plan = files_plan(&need);
	assert_int_equal(plan.a_client, 61);
	assert_in_range(plan.clients, 4000, 4300);
}

static void more_than_was_asked_for_are_not_taken(void **state)
{
	struct files_need need = usual;

	(void)state;
	need.brokers = 3;
	assert_int_equal(files_plan(&need).clients, 10000);
	assert_true(files_plan(&need).fit > 10000);
}

static void what_is_given_counts_and_a_quarter_is_kept(void **state)
{
	struct files_need need = usual;
	struct files_plan plan;

	(void)state;
	need.is_given = true;
	plan = files_plan(&need);
	assert_int_equal(plan.clients, 10000);
	assert_true(plan.fit < 10000);
	assert_int_equal(plan.kept_from, 262144 / 4 * 3);
}

static void a_small_limit_still_lets_somebody_in(void **state)
{
	struct files_need need = usual;
	struct files_plan plan;

	(void)state;
	need.limit = 60;
	plan = files_plan(&need);
	assert_int_equal(plan.kept_from, 45);
	assert_int_equal(plan.clients, 1);
	need.brokers = 3;
	assert_int_equal(files_plan(&need).clients, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_may_need_a_connection_to_each_broker),
		cmocka_unit_test(more_than_was_asked_for_are_not_taken),
		cmocka_unit_test(what_is_given_counts_and_a_quarter_is_kept),
		cmocka_unit_test(a_small_limit_still_lets_somebody_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
