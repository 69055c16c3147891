/* Who may log in at the gateway itself, and who seems to. */
#include "auth/users.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char disguise[] = "a secret of 16 or more";

static struct user user_of(const char *name, const struct scram_hash *h, int iterations,
			   size_t salt_len)
{
	struct user u = { .name = mem_strdup(name),
			  .row = { .hash = h,
				   .iterations = iterations,
				   .salt_len = salt_len,
				   .is_known = true } };

	memset(u.row.salt, *name, salt_len);
	memset(u.row.stored, *name, h->size);
	return u;
}

static void set(struct users *u, const char *secret, size_t count, ...)
{
	struct user *list = mem_zalloc((count + 1) * sizeof *list);
	va_list args;

	va_start(args, count);
	for (size_t i = 0; i < count; i++)
		list[i] = va_arg(args, struct user);
	va_end(args);
	users_set(u, list, count, secret, strlen(secret));
}

static struct user_row get(struct users *u, const struct scram_hash *h, const char *name)
{
	struct user_row row;

	users_get(u, h, name, &row);
	return row;
}

static bool is_same(const struct user_row *a, const struct user_row *b)
{
	return a->hash == b->hash && a->iterations == b->iterations && a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0 &&
	       memcmp(a->stored, b->stored, a->hash->size) == 0;
}

static void each_has_its_own(void **state)
{
	struct users *u = users_new();
	struct user_row row;

	(void)state;
	set(u, disguise, 3, user_of("carol", &scram_sha_512, 5000, 20),
	    user_of("alice", &scram_sha_512, 4096, 24), user_of("alice", &scram_sha_256, 8192, 16));
	row = get(u, &scram_sha_256, "alice");
	assert_true(row.is_known && row.iterations == 8192 && row.salt[15] == 'a');
	assert_int_equal(get(u, &scram_sha_512, "alice").iterations, 4096);
	assert_ptr_equal(get(u, NULL, "alice").hash, &scram_sha_256);
	assert_ptr_equal(get(u, NULL, "carol").hash, &scram_sha_512);
	assert_true(get(u, NULL, "carol").is_known);
	assert_false(get(u, &scram_sha_256, "carol").is_known);
	set(u, disguise, 0);
	assert_false(get(u, NULL, "alice").is_known);
	users_free(u);
}

/* The same each time and at each node with the same file; another one for each name, mechanism and file. */
static void strangers_look_like_the_others(void **state)
{
	struct users *one = users_new(), *other = users_new();
	struct user_row row, again;

	(void)state;
	set(one, disguise, 1, user_of("alice", &scram_sha_512, 9000, 100));
	set(other, disguise, 1, user_of("bob", &scram_sha_512, 9000, 100));
	row = get(one, &scram_sha_512, "eve");
	again = get(other, &scram_sha_512, "eve");
	assert_false(row.is_known);
	assert_true(is_same(&row, &again));
	assert_int_equal(row.iterations, 9000);
	assert_int_equal(row.salt_len, 100);
	assert_memory_not_equal(row.salt, row.salt + 36, 64); /* no part is there twice */
	again = get(one, &scram_sha_512, "mallory");
	assert_memory_not_equal(row.salt, again.salt, row.salt_len);
	again = get(one, NULL, "eve");
	assert_ptr_equal(again.hash, &scram_sha_512);
	again = get(one, &scram_sha_256, "eve"); /* nobody has that mechanism */
	assert_int_equal(again.iterations, SCRAM_ITERATIONS_MIN);
	assert_memory_not_equal(row.salt, again.salt, 24);
	set(other, "another secret of 16", 1, user_of("alice", &scram_sha_512, 9000, 100));
	again = get(other, &scram_sha_512, "eve");
	assert_memory_not_equal(row.salt, again.salt, row.salt_len);
	users_free(one);
	users_free(other);
}

/* Of users of two kinds as many strangers seem to be. */
static void strangers_have_their_shares(void **state)
{
	struct users *u = users_new();
	int many = 0;
	char name[16];

	(void)state;
	set(u, disguise, 4, user_of("a", &scram_sha_256, 4096, 24),
	    user_of("b", &scram_sha_256, 4096, 24), user_of("c", &scram_sha_256, 4096, 24),
	    user_of("d", &scram_sha_256, 16384, 24));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "stranger%d", i);
		many += get(u, &scram_sha_256, name).iterations == 16384;
	}
	assert_in_range(many, 190, 310);
	users_free(u);
}

/* Each user has as many iterations in both: so has who is not there. */
static void strangers_look_like_one_user_in_all_mechanisms(void **state)
{
	struct users *u = users_new();
	char name[16];

	(void)state;
	set(u, disguise, 4, user_of("a", &scram_sha_256, 4096, 24),
	    user_of("a", &scram_sha_512, 4096, 24), user_of("b", &scram_sha_256, 9000, 30),
	    user_of("b", &scram_sha_512, 9000, 30));
	for (int i = 0; i < 100; i++) {
		struct user_row rows[2], any;

		snprintf(name, sizeof name, "stranger%d", i);
		rows[0] = get(u, &scram_sha_256, name);
		rows[1] = get(u, &scram_sha_512, name);
		any = get(u, NULL, name);
		assert_int_equal(rows[0].iterations, rows[1].iterations);
		assert_int_equal(rows[0].salt_len, rows[1].salt_len);
		assert_ptr_equal(any.hash, &scram_sha_256);
		assert_int_equal(any.iterations, rows[0].iterations);
	}
	users_free(u);
}

/* Nodes of two versions serve beside each other for a time: were a stranger somebody else at each, it would be known by
 * that.  What is drawn, and the salt, may change in no version. */
static void strangers_are_the_same_in_every_version(void **state)
{
	static const struct {
		const char *name;
		int iterations, iterations_of_512;
		uint8_t salt[4];
	} rows[] = {
		{ "nobody", 4096, 8192, { 0x0f, 0x9f, 0x12, 0x77 } },
		{ "eve", 16384, 10000, { 0x21, 0xee, 0x64, 0x30 } },
		{ "mallory", 16384, 12000, { 0xa2, 0x84, 0xc9, 0xcf } },
		{ "trent", 16384, 12000, { 0x35, 0xd8, 0x84, 0x52 } },
	};
	struct users *u = users_new();

	(void)state;
	set(u, disguise, 6, user_of("a", &scram_sha_256, 4096, 24),
	    user_of("a", &scram_sha_512, 8192, 24), user_of("b", &scram_sha_256, 16384, 40),
	    user_of("b", &scram_sha_512, 10000, 40), user_of("c", &scram_sha_256, 4096, 24),
	    user_of("d", &scram_sha_512, 12000, 26));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct user_row of_256 = get(u, &scram_sha_256, rows[i].name);
		const struct user_row of_512 = get(u, &scram_sha_512, rows[i].name);

		assert_false(of_256.is_known);
		assert_int_equal(of_256.iterations, rows[i].iterations);
		assert_int_equal(of_512.iterations, rows[i].iterations_of_512);
		assert_memory_equal(of_256.salt, rows[i].salt, sizeof rows[i].salt);
	}
	users_free(u);
}

static void who_has_shown_it_is_known(void **state)
{
	const struct scram_keys keys = { .client = "c", .server = "s" };
	struct users *u = users_new();
	struct scram_keys found;
	struct user_row row;

	(void)state;
	set(u, disguise, 2, user_of("alice", &scram_sha_256, 4096, 24),
	    user_of("bob", &scram_sha_256, 4096, 24));
	row = get(u, NULL, "alice");
	assert_false(users_knows(u, "alice", &row, "word", &found));
	users_note(u, "alice", &row, "word", &keys);
	assert_true(users_knows(u, "alice", &row, "word", &found));
	assert_memory_equal(&found, &keys, sizeof keys);
	assert_false(users_knows(u, "alice", &row, "words", &found));
	row = get(u, NULL, "bob");
	assert_false(users_knows(u, "bob", &row, "word", &found));
	/* a stranger never is */
	row = get(u, NULL, "eve");
	users_note(u, "eve", &row, "word", &keys);
	assert_false(users_knows(u, "eve", &row, "word", &found));
	/* nor who has another password by now */
	row = get(u, NULL, "alice");
	set(u, disguise, 1, user_of("alice", &scram_sha_256, 4096, 24));
	assert_false(users_knows(u, "alice", &row, "word", &found));
	users_free(u);
}

#define KEY_32 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static void rows_are_read(void **state)
{
	static const struct {
		struct user_texts texts;
		const char *why; /* NULL: good */
	} cases[] = {
		{ { "SCRAM-SHA-256", 4096, "c2FsdA==", KEY_32, KEY_32 }, NULL },
		{ { "SCRAM-SHA-1", 4096, "c2FsdA==", KEY_32, KEY_32 }, "a mechanism is" },
		{ { "SCRAM-SHA-256", 4095, "c2FsdA==", KEY_32, KEY_32 }, "iterations are 4096 to" },
		{ { "SCRAM-SHA-256", 16385, "c2FsdA==", KEY_32, KEY_32 },
		  "iterations are 4096 to" },
		{ { "SCRAM-SHA-256", 4096, "", KEY_32, KEY_32 }, "a salt is base64" },
		{ { "SCRAM-SHA-256", 4096, "c2Fs?A==", KEY_32, KEY_32 }, "a salt is base64" },
		{ { "SCRAM-SHA-256", 4096, "c2FsdA==", "c2FsdA==", KEY_32 }, "stored_key is no" },
		{ { "SCRAM-SHA-512", 4096, "c2FsdA==", KEY_32, KEY_32 }, "stored_key is no" },
		{ { "SCRAM-SHA-256", 4096, "c2FsdA==", KEY_32, KEY_32 KEY_32 },
		  "server_key is no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char why[USERS_WHY_MAX] = "";
		struct user_row row;
		bool good = user_row_read(&cases[i].texts, &row, why);

		assert_int_equal(good, cases[i].why == NULL);
		if (!good && strstr(why, cases[i].why) != why)
			fail_msg("%zu: %s", i, why);
		if (good)
			assert_memory_equal(row.salt, "salt", row.salt_len);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_own),
		cmocka_unit_test(strangers_look_like_the_others),
		cmocka_unit_test(strangers_have_their_shares),
		cmocka_unit_test(strangers_look_like_one_user_in_all_mechanisms),
		cmocka_unit_test(strangers_are_the_same_in_every_version),
		cmocka_unit_test(who_has_shown_it_is_known),
		cmocka_unit_test(rows_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
