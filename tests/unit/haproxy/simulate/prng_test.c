#include "simulate/prng.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The first numbers of splitmix64 from seed 0, as its authors publish them. */
static void is_splitmix64(void **state)
{
	struct prng r = prng_seeded(0);

	(void)state;
	assert_int_equal(prng_next(&r), UINT64_C(0xe220a8397b1dcdaf));
	assert_int_equal(prng_next(&r), UINT64_C(0x6e789e6aa1b965f4));
	assert_int_equal(prng_next(&r), UINT64_C(0x06c45d188009454f));
}

static void stays_below(void **state)
{
	struct prng r = prng_seeded(1);
	unsigned counts[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		counts[prng_below(&r, 7)]++;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		assert_in_range(counts[i], 9600, 10400);
	assert_int_equal(prng_below(&r, 1), 0);
	for (int i = 0; i < 1000; i++) {
		double x = prng_unit(&r);

		assert_true(x >= 0 && x < 1);
	}
}

static void has_the_mean(void **state)
{
	struct prng r = prng_seeded(2);
	double sum = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		sum += prng_exponential(&r, 50);
	assert_true(sum / 100000 > 49 && sum / 100000 < 51);
}

static void names_are_uneven(void **state)
{
	double sums[4];
	struct prng r = prng_seeded(3);
	unsigned counts[4] = { 0 };

	(void)state;
	prng_zipf_sums(sums, 4, 1); /* 12 : 6 : 4 : 3 of 25 */
	for (int i = 0; i < 25000; i++)
		counts[prng_zipf(&r, sums, 4)]++;
	assert_in_range(counts[0], 11600, 12400);
	assert_in_range(counts[1], 5700, 6300);
	assert_in_range(counts[2], 3700, 4300);
	assert_in_range(counts[3], 2700, 3300);
	prng_zipf_sums(sums, 4, 0);
	assert_true(sums[3] == 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_splitmix64),
		cmocka_unit_test(stays_below),
		cmocka_unit_test(has_the_mean),
		cmocka_unit_test(names_are_uneven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
