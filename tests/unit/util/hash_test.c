#include "util/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* SipHash-1-3 of 00, 00 01, 00 01 02 ... under the key 00 01 ... 0f: the vectors that
 * implementations in other languages test themselves with, read as little endian. */
static const uint64_t vectors[] = {
	0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
	0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
};

static void known_answers(void **state)
{
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	unsigned char bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	for (size_t n = 0; n < sizeof vectors / sizeof *vectors; n++)
		assert_int_equal(hash_keyed(key, bytes, n), vectors[n]);
}

static void the_key_of_the_process_is_one_and_secret(void **state)
{
	const uint64_t zero[2] = { 0, 0 };
	const char text[] = "orders";
	uint64_t once = hash_bytes(text, sizeof text);

	(void)state;
	assert_int_equal(hash_bytes(text, sizeof text), once);
	assert_int_not_equal(hash_keyed(zero, text, sizeof text), once);
}

/* Every byte and the length count, on both sides of each word's end. */
static void every_byte_counts(void **state)
{
	unsigned char bytes[33] = { 0 };

	(void)state;
	for (size_t n = 1; n <= sizeof bytes; n++) {
		uint64_t plain = hash_bytes(bytes, n);

		assert_int_not_equal(plain, hash_bytes(bytes, n - 1));
		for (size_t i = 0; i < n; i++) {
			bytes[i] = 1;
			assert_int_not_equal(hash_bytes(bytes, n), plain);
			bytes[i] = 0;
		}
	}
	assert_int_equal(hash_bytes(NULL, 0), hash_bytes(bytes, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(the_key_of_the_process_is_one_and_secret),
		cmocka_unit_test(every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
