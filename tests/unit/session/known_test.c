#include "session/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void who_was_added_is_known(void **state)
{
	static struct known k;

	(void)state;
	for (uint64_t key = 1; key < KNOWN_SLOTS; key++)
		assert_false(known_has(&k, key));
	for (uint64_t key = 1; key < KNOWN_SLOTS; key++)
		known_add(&k, key);
	for (uint64_t key = 1; key < KNOWN_SLOTS; key++) {
		assert_true(known_has(&k, key));
		assert_false(known_has(&k, key + KNOWN_SLOTS));
	}
}

static void nobody_has_the_key_0(void **state)
{
	static struct known k;

	(void)state;
	assert_false(known_has(&k, 0));
}

/* Two of one place: the newer one is known, and the older one again when it comes again. */
static void a_newer_one_pushes_out_an_older_one(void **state)
{
	static struct known k;
	const uint64_t older = 0x123456789abcdef, newer = older + 5ull * KNOWN_SLOTS;

	(void)state;
	known_add(&k, older + 1);
	known_add(&k, older);
	known_add(&k, newer);
	assert_true(known_has(&k, newer));
	assert_false(known_has(&k, older));
	assert_true(known_has(&k, older + 1));
	known_add(&k, older);
	assert_true(known_has(&k, older));
	assert_false(known_has(&k, newer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_added_is_known),
		cmocka_unit_test(nobody_has_the_key_0),
		cmocka_unit_test(a_newer_one_pushes_out_an_older_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
