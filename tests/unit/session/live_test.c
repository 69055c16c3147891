#include "session/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

enum { KEYS = 200, STEPS = 20000, MANY = 5000, THREADS = 4, ROUNDS = 5000 };

static void one_added_twice_is_there_until_removed_twice(void **state)
{
	struct live *l = live_new();

	(void)state;
	assert_int_equal(live_count(l, 7), 0);
	live_add(l, 7);
	live_add(l, 7);
	assert_int_equal(live_count(l, 7), 2);
	live_remove(l, 7);
	assert_int_equal(live_count(l, 7), 1);
	live_remove(l, 7);
	assert_int_equal(live_count(l, 7), 0);
	live_add(l, 7);
	assert_int_equal(live_count(l, 7), 1);
	live_free(l);
	live_free(NULL);
}

/* More than it has room for at first, each with how often it was added. */
static void it_grows(void **state)
{
	struct live *l = live_new();

	(void)state;
	for (uint64_t key = 1; key <= MANY; key++) {
		live_add(l, key * 0x9e3779b97f4a7c15);
		if (key % 2 == 0)
			live_add(l, key * 0x9e3779b97f4a7c15);
	}
	for (uint64_t key = 1; key <= MANY; key++) {
		assert_int_equal(live_count(l, key * 0x9e3779b97f4a7c15), key % 2 == 0 ? 2 : 1);
		assert_int_equal(live_count(l, key), 0);
		live_remove(l, key * 0x9e3779b97f4a7c15);
	}
	for (uint64_t key = 1; key <= MANY; key++)
		assert_int_equal(live_count(l, key * 0x9e3779b97f4a7c15), key % 2 == 0 ? 1 : 0);
	live_free(l);
}

/* All want a few places at the end of the table, so that chains are long and go round. */
static uint64_t crowded(unsigned i)
{
	return ((uint64_t)(i + 1) << 32) | (0xfff0 + i % 16);
}

static void who_is_behind_a_hole_is_found(void **state)
{
	struct live *l = live_new();
	unsigned counts[KEYS] = { 0 };
	uint64_t random = 88172645463325252;

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		unsigned i;

		random = random * 6364136223846793005 + 1442695040888963407;
		i = (unsigned)(random >> 40) % KEYS;
		/* some are there twice or more, and many are not there */
		if (counts[i] > 0 && (random >> 33) % 4 != 0) {
			live_remove(l, crowded(i));
			counts[i]--;
		} else {
			live_add(l, crowded(i));
			counts[i]++;
		}
		for (i = 0; step % 16 == 0 && i < KEYS; i++)
			assert_int_equal(live_count(l, crowded(i)), counts[i]);
	}
	live_free(l);
}

struct adder {
	pthread_t thread;
	struct live *live;
	uint64_t first; /* of the keys that are its own */
};

/* Every second key of its own stays; the one that all share never does. */
static void *add_and_remove(void *arg)
{
	const struct adder *a = arg;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		live_add(a->live, 1);
		live_add(a->live, a->first + i);
		if (i % 2 == 1)
			live_remove(a->live, a->first + i);
		live_remove(a->live, 1);
	}
	return NULL;
}

static void threads_share_it(void **state)
{
	struct adder adders[THREADS];
	struct live *l = live_new();

	(void)state;
	for (unsigned t = 0; t < THREADS; t++) {
		adders[t].live = l;
		adders[t].first = (uint64_t)(t + 1) << 20;
		assert_int_equal(
			pthread_create(&adders[t].thread, NULL, add_and_remove, &adders[t]), 0);
	}
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_join(adders[t].thread, NULL), 0);
	assert_int_equal(live_count(l, 1), 0);
	for (unsigned t = 0; t < THREADS; t++) {
		for (uint64_t i = 0; i < ROUNDS; i++)
			assert_int_equal(live_count(l, adders[t].first + i), i % 2 == 0 ? 1 : 0);
	}
	live_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_added_twice_is_there_until_removed_twice),
		cmocka_unit_test(it_grows),
		cmocka_unit_test(who_is_behind_a_hole_is_found),
		cmocka_unit_test(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
