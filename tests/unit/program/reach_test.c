/* Which brokers are passed over, and which are asked later. */
#include "program/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void who_is_lost_is_out_for_a_while(void **state)
{
	struct reach r = { 0 };

	(void)state;
	assert_false(reach_is_out(&r, 0, 5));
	reach_lost(&r, 0, 0, 100);
	reach_lost(&r, 7, 0, 200);
	assert_true(reach_is_out(&r, 0, 99) && !reach_is_out(&r, 0, 100));
	reach_lost(&r, 0, 50, 250);
	assert_true(reach_is_out(&r, 0, 299) && reach_is_out(&r, 7, 199));
	assert_false(reach_is_out(&r, 7, 200));
	assert_int_equal(r.count, 2);
	reach_deinit(&r);
	assert_false(reach_is_out(&r, 0, 5));
}

/* However many, none is asked again before its time; who comes later takes the places of those that are over. */
static void all_that_are_lost_are_out(void **state)
{
	enum { MANY = 100 };
	struct reach r = { 0 };

	(void)state;
	for (int32_t i = 0; i < MANY; i++)
		reach_lost(&r, i, i, 1000);
	for (int32_t i = 0; i < MANY; i++) {
		assert_true(reach_is_out(&r, i, 999 + i));
		assert_false(reach_is_out(&r, i, 1000 + i));
	}
	for (int32_t i = 0; i < MANY; i++)
		reach_lost(&r, MANY + i, 2000, 1000);
	assert_int_equal(r.count, MANY);
	for (int32_t i = 0; i < MANY; i++)
		assert_true(reach_is_out(&r, MANY + i, 2999) && !reach_is_out(&r, i, 500));
	reach_deinit(&r);
}

static void doubts_take_turns(void **state)
{
	struct doubts d = { 0 };

	(void)state;
	for (int32_t i = 1; i <= 3; i++)
		doubts_add(&d, i);
	doubts_add(&d, 2);
	assert_int_equal(d.count, 3);
	doubts_put_off_first(&d);
	assert_true(d.brokers[0] == 2 && d.brokers[1] == 3 && d.brokers[2] == 1);
	doubts_drop_first(&d);
	assert_true(doubts_has(&d, 1) && doubts_has(&d, 3) && !doubts_has(&d, 2));
	doubts_drop_first(&d);
	doubts_put_off_first(&d);
	assert_true(d.count == 1 && d.brokers[0] == 1);
	doubts_deinit(&d);
	assert_int_equal(d.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_lost_is_out_for_a_while),
		cmocka_unit_test(all_that_are_lost_are_out),
		cmocka_unit_test(doubts_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
