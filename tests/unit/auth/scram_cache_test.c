/* Keys of a salt that was met are there at once, and are those that would be made. */
#include "auth/scram_cache.h"

#include "util/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char password[] = "alice-secret";

static void check_keys(struct scram_cache *c, const struct scram_hash *h, const char *salt,
		       int iterations)
{
	const struct scram_salt s = { (const uint8_t *)salt, strlen(salt), iterations };
	struct scram_keys made, kept;

	scram_keys_make(h, password, strlen(password), &s, &made);
	for (int i = 0; i < 2; i++) {
		memset(&kept, 0, sizeof kept);
		scram_cache_keys(c, &s, &kept);
		assert_memory_equal(kept.client, made.client, h->size);
		assert_memory_equal(kept.server, made.server, h->size);
	}
}

static void they_are_the_same(void **state)
{
	struct scram_cache *c = scram_cache_new(&scram_sha_256, password);
	char salt[100];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < SCRAM_CACHE_SALTS + 5; i++) {
			snprintf(salt, sizeof salt, "salt %d", i);
			check_keys(c, &scram_sha_256, salt, 4096);
		}
	}
	check_keys(c, &scram_sha_256, "salt 1", 5000); /* another count of the same salt */
	memset(salt, 'x', sizeof salt - 1);	       /* too long to be kept */
	salt[sizeof salt - 1] = '\0';
	check_keys(c, &scram_sha_256, salt, 4096);
	scram_cache_free(c);
	scram_cache_free(NULL);
}

static void they_are_there_at_once(void **state)
{
	struct scram_cache *c = scram_cache_new(&scram_sha_512, password);
	const struct scram_salt salt = { (const uint8_t *)"salt", 4, SCRAM_ITERATIONS_MAX };
	struct scram_keys keys;
	int64_t began = clock_ms(), first;

	(void)state;
	scram_cache_keys(c, &salt, &keys);
	first = clock_ms() - began;
	began = clock_ms();
	for (int i = 0; i < 200; i++) /* each would take as long */
		scram_cache_keys(c, &salt, &keys);
	assert_true(clock_ms() - began < 50 * (first + 1));
	scram_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_the_same),
		cmocka_unit_test(they_are_there_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
