/* Whether clients who came now would be served. */
#include "program/serving.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum serving of(int64_t silent_ms, int64_t cut_off_ms, bool no_files)
{
	const struct serving_facts f = { silent_ms, cut_off_ms, no_files };
	const char *why;
	enum serving got = serving_of(&f, &why);

	assert_true((why == NULL) == (got == SERVES));
	return got;
}

static void while_brokers_answer_it_serves(void **state)
{
	(void)state;
	assert_int_equal(of(-1, 0, false), SERVES); /* not started: others say that */
	assert_int_equal(of(0, 0, false), SERVES);
	assert_int_equal(of(1500, 0, false), SERVES); /* a beat that is late */
	assert_int_equal(of(1500, 1500, false), SERVES);
}

static void the_nodes_doubt_before_one_leaves(void **state)
{
	(void)state;
	assert_int_equal(of(2500, 0, false), DOUBTS);
	assert_int_equal(of(4000, 0, false), CANNOT);
	assert_int_equal(of(0, 2500, false), DOUBTS);
	assert_int_equal(of(0, 4000, false), CANNOT); /* the topology reaches them, clients don't */
	assert_int_equal(of(4000, 2500, false), CANNOT);
}

static void without_descriptors_nobody_is_served(void **state)
{
	(void)state;
	assert_int_equal(of(0, 0, true), CANNOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_brokers_answer_it_serves),
		cmocka_unit_test(the_nodes_doubt_before_one_leaves),
		cmocka_unit_test(without_descriptors_nobody_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
