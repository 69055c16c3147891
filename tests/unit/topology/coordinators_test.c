#include "topology/coordinators.h"

#include "topology/names.h"
#include "topology/notices.h"
#include "topology/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/clock.h"

static void keys_are_told_apart(void **state)
{
	struct coordinators *c = coordinators_new();

	(void)state;
	assert_int_equal(coordinators_get(c, 0, "a", 1), NO_BROKER);
	coordinators_put(c, 0, "a", 1, 1);
	coordinators_put(c, 1, "a", 1, 2);
	coordinators_put(c, 0, "ab", 2, 3);
	coordinators_put(c, 0, "", 0, 4);
	assert_int_equal(coordinators_get(c, 0, "a", 1), 1);
	assert_int_equal(coordinators_get(c, 1, "a", 1), 2);
	assert_int_equal(coordinators_get(c, 0, "ab", 2), 3);
	assert_int_equal(coordinators_get(c, 0, "", 0), 4);
	coordinators_put(c, 0, "a", 1, 7);
	assert_int_equal(coordinators_get(c, 0, "a", 1), 7);
	assert_int_equal(coordinators_count(c), 4);
	coordinators_drop(c, 0, "a", 1);
	coordinators_drop(c, 0, "never", 5);
	assert_int_equal(coordinators_get(c, 0, "a", 1), NO_BROKER);
	assert_int_equal(coordinators_get(c, 1, "a", 1), 2);
	coordinators_drop_all(c);
	assert_int_equal(coordinators_count(c), 0);
	coordinators_free(c);
}

static void what_was_put_before_is_not_sure(void **state)
{
	struct coordinators *c = coordinators_new();
	const int64_t before = clock_ms();

	(void)state;
	coordinators_put(c, 0, "a", 1, 1);
	assert_int_equal(coordinators_get_since(c, 0, "a", 1, before), 1);
	assert_int_equal(coordinators_get_since(c, 0, "a", 1, clock_ms() + 1), NO_BROKER);
	assert_int_equal(coordinators_get(c, 0, "a", 1), 1);
	coordinators_free(c);
}

static void a_broker_goes_with_all_its_keys(void **state)
{
	struct coordinators *c = coordinators_new();
	char key[16];

	(void)state;
	for (int i = 0; i < 300; i++)
		coordinators_put(c, 0, key, (size_t)snprintf(key, sizeof key, "%d", i), i % 3);
	coordinators_drop_broker(c, 1);
	for (int i = 0; i < 300; i++) {
		int32_t want = i % 3 == 1 ? NO_BROKER : i % 3;

		assert_int_equal(
			coordinators_get(c, 0, key, (size_t)snprintf(key, sizeof key, "%d", i)),
			want);
	}
	assert_int_equal(coordinators_count(c), 200);
	coordinators_free(c);
}

static void the_oldest_makes_room(void **state)
{
	struct coordinators *c = coordinators_new();
	char key[16];

	(void)state;
	for (int i = 0; i < COORDINATORS_MAX; i++)
		coordinators_put(c, 0, key, (size_t)snprintf(key, sizeof key, "%d", i), 1);
	coordinators_put(c, 0, "0", 1, 2); /* is young again */
	coordinators_put(c, 0, "new", 3, 3);
	assert_int_equal(coordinators_count(c), COORDINATORS_MAX);
	assert_int_equal(coordinators_get(c, 0, "0", 1), 2);
	assert_int_equal(coordinators_get(c, 0, "1", 1), NO_BROKER);
	assert_int_equal(coordinators_get(c, 0, "2", 1), 1);
	assert_int_equal(coordinators_get(c, 0, "new", 3), 3);
	coordinators_free(c);
}

/* Clients choose the keys: long ones have no more memory than short ones. */
static void long_keys_make_room_sooner(void **state)
{
	enum { LONG = 32000, MANY = 2 * COORDINATORS_BYTES / LONG };
	static char key[LONG];
	struct coordinators *c = coordinators_new();

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof key, "%d", i);
		coordinators_put(c, 0, key, sizeof key, 1);
	}
	assert_int_equal(coordinators_count(c), COORDINATORS_BYTES / LONG);
	assert_int_equal(coordinators_get(c, 0, key, sizeof key), 1);
	coordinators_drop_all(c);
	for (int i = 0; i < 300; i++)
		coordinators_put(c, 0, key, (size_t)snprintf(key, sizeof key, "%d", i), 1);
	assert_int_equal(coordinators_count(c), 300);
	coordinators_free(c);
}

static void names_are_there_once(void **state)
{
	struct names n = { 0 };
	char name[16];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < NAMES_MAX; i++) {
			size_t len = (size_t)snprintf(name, sizeof name, "%d", i);

			assert_true(names_add(&n, name, len));
		}
	}
	assert_int_equal(n.count, NAMES_MAX);
	assert_memory_equal(n.all[4095].bytes, "4095", 4);
	assert_false(names_add(&n, "one more", 8));
	assert_true(names_add(&n, "77", 2));
	assert_int_equal(n.count, NAMES_MAX);
	names_deinit(&n);
	assert_true(names_add(&n, "again", 5));
	names_deinit(&n);
}

static void notices_wake_once(void **state)
{
	struct notice_board b;
	struct notices n;

	(void)state;
	notice_board_init(&b);
	assert_true(notice_topic(&b, "a", 1, false));
	assert_false(notice_topic(&b, "a", 1, false));
	assert_false(notice_broker(&b, 3, 1));
	assert_false(notice_broker(&b, 3, 1));
	assert_false(notice_broker(&b, 3, 2));
	n = notices_take(&b);
	assert_int_equal(n.names.count, 1);
	assert_int_equal(n.loss_count, 2); /* two clients' */
	assert_int_equal(n.losses[0].broker, 3);
	assert_int_equal(n.losses[1].who, 2);
	assert_false(n.all);
	notices_deinit(&n);
	assert_true(notice_topic(&b, "0123456789abcdef", 16, true));
	n = notices_take(&b);
	assert_int_equal(n.names.count, 0);
	assert_int_equal(n.ids.count, 1);
	assert_false(n.all);
	notices_deinit(&n);
	assert_true(notice_all(&b));
	notice_board_deinit(&b);
}

static void too_many_notices_are_everything(void **state)
{
	struct notice_board b;
	struct notices n;
	char name[16];

	(void)state;
	notice_board_init(&b);
	for (int i = 0; i <= NAMES_MAX; i++) {
		size_t len = (size_t)snprintf(name, sizeof name, "%d", i);

		assert_int_equal(notice_topic(&b, name, len, false), i == 0);
	}
	for (int i = 0; i < 2 * NOTICES_BROKERS; i++)
		assert_false(notice_broker(&b, i, 1));
	n = notices_take(&b);
	assert_true(n.all);
	assert_int_equal(n.names.count, NAMES_MAX);
	assert_int_equal(n.loss_count, NOTICES_BROKERS);
	notices_deinit(&n);
	notice_board_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_told_apart),
		cmocka_unit_test(what_was_put_before_is_not_sure),
		cmocka_unit_test(a_broker_goes_with_all_its_keys),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(long_keys_make_room_sooner),
		cmocka_unit_test(names_are_there_once),
		cmocka_unit_test(notices_wake_once),
		cmocka_unit_test(too_many_notices_are_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
