#include "simulate/lbhash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static uint32_t of(const char *words, const char *text)
{
	struct lbhash_type type;

	assert_true(lbhash_parse(words, &type));
	return lbhash_sample(&type, text, strlen(text));
}

/* Values that are published for these functions. */
static void is_the_function_of_that_name(void **state)
{
	(void)state;
	assert_int_equal(of("map-based crc32", "123456789"), 0xcbf43926);
	assert_int_equal(of("map-based djb2", ""), 5381);
	assert_int_equal(of("map-based djb2", "a"), 5381 * 33 + 'a');
	assert_int_equal(of("map-based sdbm", ""), 0);
	assert_int_equal(of("map-based", "ab"), 'a' * 65599 + 'b');
	assert_int_equal(of("map-based wt6", ""), 0xa53c965a ^ 0x5ca6953a);
}

static void mixes_after_the_function(void **state)
{
	(void)state;
	assert_int_equal(of("consistent", "app"), lbhash_mix(of("consistent sdbm", "app")));
	assert_int_equal(of("map-based wt6 avalanche", "app"),
			 lbhash_mix(of("map-based wt6", "app")));
	assert_int_not_equal(lbhash_mix(1), lbhash_mix(2));
}

static void takes_an_address_as_numbers(void **state)
{
	static const uint8_t v4[] = { 10, 0, 0, 7 };
	static const uint8_t v6[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2 };
	struct lbhash_type type;

	(void)state;
	assert_true(lbhash_parse("map-based wt6", &type)); /* its function does not count */
	assert_int_equal(lbhash_source(&type, v4, sizeof v4), 0x0a000007);
	assert_int_equal(lbhash_source(&type, v6, sizeof v6), 0x20010db8 ^ 1 ^ 2);
	assert_true(lbhash_parse("consistent", &type));
	assert_int_equal(lbhash_source(&type, v4, sizeof v4), lbhash_mix(0x0a000007));
}

static void knows_the_words(void **state)
{
	static const char *const bad[] = { "",
					   "hash",
					   "consistent md5",
					   "consistent sdbm twice",
					   "consistent sdbm avalanche more",
					   "avalanche",
					   "consistent avalanche",
					   "map-basedsdbm" };
	struct lbhash_type type;
	char words[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(lbhash_parse(bad[i], &type));
	assert_true(lbhash_parse("  consistent\t", &type));
	lbhash_print(&type, words, sizeof words);
	assert_string_equal(words, "consistent sdbm avalanche");
	assert_true(lbhash_parse("map-based", &type));
	lbhash_print(&type, words, sizeof words);
	assert_string_equal(words, "map-based sdbm");
	assert_true(lbhash_parse(words, &type) && !type.consistent && !type.avalanche);
}

/* 2001:db8::1 by xxHash's own program. */
static void places_by_address(void **state)
{
	static const uint8_t v4[] = { 10, 0, 0, 7 };
	static const uint8_t v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };

	(void)state;
	assert_int_equal(lbhash_address(v4, sizeof v4), lbhash_mix(0x0700000a));
	assert_int_equal(lbhash_address(v6, sizeof v6), 0x0a4d51c7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_function_of_that_name),
		cmocka_unit_test(mixes_after_the_function),
		cmocka_unit_test(takes_an_address_as_numbers),
		cmocka_unit_test(knows_the_words),
		cmocka_unit_test(places_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
