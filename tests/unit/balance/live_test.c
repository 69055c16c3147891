#include "balance/live.h"

#include "util/hash.h"

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

static uint64_t hashed(uint64_t n)
{
	return (n * 0x9e3779b97f4a7c15) | 1;
}

/* More than it has room for at first, each with how often it was added. */
static void it_grows(void **state)
{
	struct live *l = live_new();

	(void)state;
	for (uint64_t key = 1; key <= MANY; key++) {
		live_add(l, hashed(key));
		if (key % 2 == 0)
			live_add(l, hashed(key));
	}
	for (uint64_t key = 1; key <= MANY; key++) {
		assert_int_equal(live_count(l, hashed(key)), key % 2 == 0 ? 2 : 1);
		assert_int_equal(live_count(l, 2 * key + 1), 0);
		live_remove(l, hashed(key));
	}
	for (uint64_t key = 1; key <= MANY; key++)
		assert_int_equal(live_count(l, hashed(key)), key % 2 == 0 ? 1 : 0);
	live_free(l);
}

/* Keys that all want a few places at the end of the table, so that chains are long and go round. */
static void find_crowded(uint64_t *keys)
{
	uint64_t key = 1;

	for (int i = 0; i < KEYS; key += 2) {
		if ((hash_bytes(&key, sizeof key) & 0x3f0) == 0x3f0)
			keys[i++] = key;
	}
}

static void who_is_behind_a_hole_is_found(void **state)
{
	struct live *l = live_new();
	unsigned counts[KEYS] = { 0 };
	uint64_t random = 88172645463325252, keys[KEYS];

	(void)state;
	find_crowded(keys);
	for (int step = 0; step < STEPS; step++) {
		unsigned i;

		random = random * 6364136223846793005 + 1442695040888963407;
		i = (unsigned)(random >> 40) % KEYS;
		/* some are there twice or more, and many are not there */
		if (counts[i] > 0 && (random >> 33) % 4 != 0) {
			live_remove(l, keys[i]);
			counts[i]--;
		} else {
			live_add(l, keys[i]);
			counts[i]++;
		}
		for (i = 0; step % 16 == 0 && i < KEYS; i++)
			assert_int_equal(live_count(l, keys[i]), counts[i]);
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
		live_add(a->live, a->first + 2 * i);
		if (i % 2 == 1)
			live_remove(a->live, a->first + 2 * i);
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
		adders[t].first = ((uint64_t)(t + 1) << 20) + 1;
		assert_int_equal(
			pthread_create(&adders[t].thread, NULL, add_and_remove, &adders[t]), 0);
	}
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_join(adders[t].thread, NULL), 0);
	assert_int_equal(live_count(l, 1), 0);
	for (unsigned t = 0; t < THREADS; t++) {
		for (uint64_t i = 0; i < ROUNDS; i++)
			assert_int_equal(live_count(l, adders[t].first + 2 * i),
					 i % 2 == 0 ? 1 : 0);
	}
	live_free(l);
}

/* Everything that is taken, in the order in which it came and went. */
static void assert_taken(struct live *l, const uint64_t *expected, size_t count)
{
	uint64_t keys[8];
	size_t n = live_take(l, keys, 8);

	assert_int_equal(n, count);
	for (size_t i = 0; i < count; i++)
		assert_true(keys[i] == expected[i]);
}

static void what_comes_and_goes_is_taken_in_order(void **state)
{
	struct live *l = live_new();

	(void)state;
	live_add(l, 5);
	assert_taken(l, (uint64_t[]){ 5 }, 1); /* what was there before the first time */
	live_add(l, 5);
	live_add(l, 7);
	live_remove(l, 5);
	assert_taken(l, (uint64_t[]){ 7 }, 1); /* the other of two is still there */
	live_remove(l, 5);
	live_add(l, 5);
	live_remove(l, 7);
	assert_taken(l, (uint64_t[]){ 4, 5, 6 }, 3);
	assert_taken(l, NULL, 0);
	live_tell_all(l);
	live_remove(l, 5);
	assert_taken(l, (uint64_t[]){ 5, 4 }, 2);
	live_free(l);
}

static void it_is_taken_in_parts(void **state)
{
	struct live *l = live_new();
	uint64_t keys[7];
	size_t n, all = 0;

	(void)state;
	assert_int_equal(live_take(l, keys, 7), 0);
	for (uint64_t key = 1; key <= MANY; key++)
		live_add(l, 2 * key + 1);
	while ((n = live_take(l, keys, 7)) > 0) {
		for (size_t i = 0; i < n; i++)
			assert_true(keys[i] == 2 * ++all + 1);
	}
	assert_int_equal(all, MANY);
	live_free(l);
}

/* Nobody takes: then it is what is there that counts, not how it came to that. */
static void too_much_is_told_as_what_is_there(void **state)
{
	enum { SOME = 100 };
	struct live *l = live_new();
	uint64_t keys[LIVE_WAITING];
	size_t n;

	(void)state;
	assert_int_equal(live_take(l, keys, 7), 0);
	for (uint64_t key = 1; key <= SOME; key++)
		live_add(l, 2 * key + 1);
	for (int i = 0; i < LIVE_WAITING; i++) {
		live_add(l, 1);
		live_remove(l, 1);
		if (i % SOME == 0)
			live_tell_all(l);
	}
	n = live_take(l, keys, LIVE_WAITING);
	assert_true(n >= SOME && n < LIVE_WAITING);
	for (size_t i = 0; i < SOME; i++)
		assert_true(keys[i] > 1 && keys[i] & 1); /* each of them, once */
	live_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_added_twice_is_there_until_removed_twice),
		cmocka_unit_test(it_grows),
		cmocka_unit_test(who_is_behind_a_hole_is_found),
		cmocka_unit_test(threads_share_it),
		cmocka_unit_test(what_comes_and_goes_is_taken_in_order),
		cmocka_unit_test(it_is_taken_in_parts),
		cmocka_unit_test(too_much_is_told_as_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
