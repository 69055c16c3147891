#include "simulate/sticktable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int match(struct sticktable *t, const char *key, int64_t now)
{
	return sticktable_match(t, key, strlen(key), now);
}

static void store(struct sticktable *t, const char *key, int server, int64_t now)
{
	sticktable_store(t, key, strlen(key), server, now);
}

static void remembers(void **state)
{
	struct sticktable *t = sticktable_new(10, 0, 1), *copy;

	(void)state;
	assert_int_equal(match(t, "a", 0), STICKTABLE_NONE);
	store(t, "a", 1, 0);
	store(t, "ab", 2, 0);
	store(t, "a", 3, 1);
	copy = sticktable_copy(t);
	store(t, "ab", 4, 1);
	assert_int_equal(match(t, "a", INT64_MAX), 3);
	assert_int_equal(match(t, "ab", 5), 4);
	assert_int_equal(match(copy, "ab", 5), 2);
	assert_int_equal(sticktable_used(t), 2);
	sticktable_free(t);
	sticktable_free(copy);
}

/* Each use begins its time anew. */
static void forgets(void **state)
{
	struct sticktable *t = sticktable_new(10, 100, 1);

	(void)state;
	store(t, "a", 1, 0);
	store(t, "b", 2, 50);
	assert_int_equal(match(t, "a", 99), 1);
	assert_int_equal(match(t, "b", 150), STICKTABLE_NONE);
	assert_int_equal(match(t, "a", 198), 1);
	assert_int_equal(match(t, "a", 298), STICKTABLE_NONE);
	assert_int_equal(sticktable_used(t), 0);
	assert_int_equal(sticktable_most_used(t), 2);
	assert_int_equal(sticktable_evicted(t), 0);
	sticktable_free(t);
}

static void throws_out_the_oldest(void **state)
{
	struct sticktable *t = sticktable_new(512, 0, 3);
	char key[16];

	(void)state;
	for (int i = 0; i < 512; i++) {
		snprintf(key, sizeof key, "k%d", i);
		store(t, key, i, i);
	}
	assert_int_equal(match(t, "k0", 600), 0); /* no longer the oldest */
	store(t, "new", 7, 601);
	assert_int_equal(sticktable_evicted(t), 3);
	assert_int_equal(sticktable_used(t), 510);
	assert_int_equal(match(t, "k0", 602), 0);
	assert_int_equal(match(t, "k1", 602), STICKTABLE_NONE);
	assert_int_equal(match(t, "k3", 602), STICKTABLE_NONE);
	assert_int_equal(match(t, "k4", 602), 4);
	assert_int_equal(match(t, "new", 602), 7);
	sticktable_free(t);
}

static void grows(void **state)
{
	struct sticktable *t = sticktable_new(100000, 1000, 391);
	char key[16];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			snprintf(key, sizeof key, "k%d", i);
			store(t, key, i, round * 10000);
		}
		for (int i = 0; i < 5000; i++) {
			snprintf(key, sizeof key, "k%d", i);
			assert_int_equal(match(t, key, round * 10000 + 1), i);
		}
		assert_int_equal(sticktable_used(t), 5000);
	}
	sticktable_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(forgets),
		cmocka_unit_test(throws_out_the_oldest),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
