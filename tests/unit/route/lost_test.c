/* What a client hears when its broker was lost: before the broker had the request, and after. */
#include "route/lost.h"

#include "kafka/errors.h"
#include "unit/apis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t key[] = "k";

static void assert_codes(int api, int unsent, int unknown)
{
	const struct layout with_key = {
		.has_key = true, .key = key, .key_len = 1, .all_seen = true
	};

	assert_int_equal(lost_code(api_of(api), &with_key, LOST_UNSENT), unsent);
	assert_int_equal(lost_code(api_of(api), &with_key, LOST_UNKNOWN), unknown);
}

/* Nothing happened: the client looks for the new leader or coordinator.  After: nobody knows
 * whether a Produce was written, so it is not said that it was not. */
static void what_each_kind_of_request_hears(void **state)
{
	(void)state;
	assert_codes(KEY_PRODUCE, ERROR_NOT_LEADER_OR_FOLLOWER, ERROR_REQUEST_TIMED_OUT);
	assert_codes(KEY_FETCH, ERROR_NOT_LEADER_OR_FOLLOWER, ERROR_NOT_LEADER_OR_FOLLOWER);
	assert_codes(KEY_LIST_OFFSETS, ERROR_NOT_LEADER_OR_FOLLOWER, ERROR_NOT_LEADER_OR_FOLLOWER);
	assert_codes(KEY_HEARTBEAT, ERROR_COORDINATOR_NOT_AVAILABLE,
		     ERROR_COORDINATOR_NOT_AVAILABLE);
	assert_codes(KEY_METADATA, LOST_SAYS_NOTHING, LOST_SAYS_NOTHING);
	assert_codes(KEY_DESCRIBE_CONFIGS, ERROR_REQUEST_TIMED_OUT, LOST_SAYS_NOTHING);
	assert_codes(KEY_FIND_COORDINATOR, ERROR_COORDINATOR_NOT_AVAILABLE,
		     ERROR_COORDINATOR_NOT_AVAILABLE);
	assert_codes(KEY_LIST_GROUPS, ERROR_COORDINATOR_LOAD_IN_PROGRESS,
		     ERROR_COORDINATOR_LOAD_IN_PROGRESS);
}

/* Of a long OffsetCommit only the group was read: clients take a partition that the answer does not
 * name for committed. */
static void what_was_not_read_to_its_end_says_nothing(void **state)
{
	const struct layout partly = { .has_key = true, .key = key, .key_len = 1 };

	(void)state;
	assert_int_equal(lost_code(api_of(KEY_OFFSET_COMMIT), &partly, LOST_UNSENT),
			 LOST_SAYS_NOTHING);
	assert_int_equal(lost_code(api_of(KEY_OFFSET_COMMIT), &partly, LOST_UNKNOWN),
			 LOST_SAYS_NOTHING);
	assert_int_equal(lost_code(api_of(KEY_HEARTBEAT), &partly, LOST_UNSENT),
			 ERROR_COORDINATOR_NOT_AVAILABLE);
}

/* Any broker gives a producer without transactions its id: none coordinates it. */
static void a_producer_without_a_transaction_has_no_coordinator(void **state)
{
	const struct layout without = { .has_key = true };

	(void)state;
	assert_int_equal(lost_code(api_of(KEY_INIT_PRODUCER_ID), &without, LOST_UNSENT),
			 ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	assert_int_equal(lost_code(api_of(KEY_INIT_PRODUCER_ID), &without, LOST_UNKNOWN),
			 ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	assert_codes(KEY_INIT_PRODUCER_ID, ERROR_COORDINATOR_NOT_AVAILABLE,
		     ERROR_COORDINATOR_NOT_AVAILABLE);
}

/* An API without rows can't be answered here: the connection is closed. */
static void what_has_no_rows_says_nothing(void **state)
{
	const struct layout none = { 0 };
	size_t n, seen = 0;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (all[i]->response != NULL)
			continue;
		seen++;
		assert_int_equal(lost_code(all[i], &none, LOST_UNSENT), LOST_SAYS_NOTHING);
		assert_int_equal(lost_code(all[i], &none, LOST_UNKNOWN), LOST_SAYS_NOTHING);
	}
	assert_true(seen > 0);
}

/* A code that is said must be one that a stub can carry; what was not sent is never said to be
 * less certain than what was. */
static void every_api_says_a_code_or_nothing(void **state)
{
	const struct layout with_key = { .has_key = true, .key = key, .key_len = 1 };
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		int unsent = lost_code(all[i], &with_key, LOST_UNSENT);
		int unknown = lost_code(all[i], &with_key, LOST_UNKNOWN);

		assert_true(unsent != ERROR_NONE && unknown != ERROR_NONE);
		if (unknown != LOST_SAYS_NOTHING)
			assert_true(unsent != LOST_SAYS_NOTHING);
	}
}

/* An item that no answer has, though all came. */
static void an_item_without_an_answer(void **state)
{
	(void)state;
	assert_int_equal(lost_missing_code(api_of(KEY_PRODUCE)), ERROR_NOT_LEADER_OR_FOLLOWER);
	assert_int_equal(lost_missing_code(api_of(KEY_FETCH)), ERROR_NONE);
	assert_int_equal(lost_missing_code(api_of(KEY_DESCRIBE_GROUPS)),
			 ERROR_COORDINATOR_NOT_AVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_each_kind_of_request_hears),
		cmocka_unit_test(what_was_not_read_to_its_end_says_nothing),
		cmocka_unit_test(a_producer_without_a_transaction_has_no_coordinator),
		cmocka_unit_test(what_has_no_rows_says_nothing),
		cmocka_unit_test(every_api_says_a_code_or_nothing),
		cmocka_unit_test(an_item_without_an_answer),
	};

	return cmocka_run_group_tests_name("lost", tests, apis_set_up, apis_tear_down);
}
