#include "balance/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { KEYS = KNOWN_BUCKETS * KNOWN_BUCKET };

static void who_was_added_is_known(void **state)
{
	static struct known k;

	(void)state;
	for (uint64_t key = 1; key < KEYS; key++)
		assert_false(known_has(&k, key));
	for (uint64_t key = 1; key < KEYS; key++)
		known_add(&k, key);
	for (uint64_t key = 1; key < KEYS; key++) {
		assert_true(known_has(&k, key));
		assert_false(known_has(&k, key + KEYS));
	}
}

static void nobody_has_the_key_0(void **state)
{
	static struct known k;

	(void)state;
	assert_false(known_has(&k, 0));
}

/* Many of one bucket: the oldest is forgotten, and one that comes again is the newest. */
static void the_newest_push_out_the_oldest(void **state)
{
	static struct known k;
	const uint64_t first = 0x123456789abcdef, step = KNOWN_BUCKETS;

	(void)state;
	known_add(&k, first + 1); /* of another bucket */
	for (uint64_t n = 0; n < KNOWN_BUCKET; n++)
		known_add(&k, first + n * step);
	known_add(&k, first);
	known_add(&k, first + 100 * step);
	assert_true(known_has(&k, first + 100 * step));
	assert_true(known_has(&k, first + 1));
	for (uint64_t n = 0; n < KNOWN_BUCKET; n++)
		assert_int_equal(known_has(&k, first + n * step), n != 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_added_is_known),
		cmocka_unit_test(nobody_has_the_key_0),
		cmocka_unit_test(the_newest_push_out_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
