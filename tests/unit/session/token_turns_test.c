/* Who may make a delegation token, and when: twenty a second at all nodes, in the order of coming, each
 * principal's once. */
#include "session/token_turns.h"

#include "auth/mechanism.h"
#include "topology/snapshot.h"
#include "util/clock.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000 };

static const struct token_wanted any = { .good_until_ms = 0 };

/* When the key's turn is; it is taken when that is now. */
static int64_t turn_of(struct token_turns *t, const char *key, int64_t now)
{
	struct token found;
	int64_t at = now;

	switch (token_turns_ask(t, key, &any, now, &at, &found)) {
	case TURN_NOW:
		token_turns_end(t, key, NULL);
		return now;
	case TURN_LATER:
		return at;
	case TURN_FOUND:
		break;
	}
	fail_msg("a token is there for %s", key);
	return 0;
}

static int64_t turn_of_nth(struct token_turns *t, int n, int64_t now)
{
	char *key = mem_printf("user-%d", n);
	int64_t at = turn_of(t, key, now);

	free(key);
	return at;
}

static struct token token(const char *id, int64_t left_ms)
{
	return (struct token){ .owner = mem_strdup("bob"),
			       .id = mem_strdup(id),
			       .credentials = scram_credentials(&mechanism_scram_sha_256,
								SCRAM_OF_TOKEN, id, "secret"),
			       .expires_ms = clock_wall_ms() + left_ms };
}

/* In no second more than that, wherever it begins. */
static void assert_paced(int nodes, int share, int64_t span)
{
	struct token_turns *t = token_turns_new();
	int64_t at[1000];

	token_turns_share(t, (size_t)nodes);
	for (int i = 0; i < 1000; i++) {
		at[i] = turn_of_nth(t, i, NOW);
		if (i > 0)
			assert_true(at[i] >= at[i - 1]);
		if (i >= share)
			assert_true(at[i] - at[i - share] >= span);
	}
	assert_int_equal(at[share - 1], NOW);
	assert_int_equal(at[999], NOW + 999 / share * span);
	token_turns_free(t);
}

static void twenty_a_second(void **state)
{
	(void)state;
	assert_paced(1, 20, 1000);
	assert_paced(2, 10, 1000);
	assert_paced(3, 6, 900);
	assert_paced(20, 1, 1000);
	assert_paced(40, 1, 2000);
	token_turns_free(NULL);
}

/* Who does not ask for so long goes to the end. */
static void a_turn_is_kept_for_its_principal(void **state)
{
	struct token_turns *t = token_turns_new();
	int64_t at;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(turn_of_nth(t, i, NOW), NOW);
	at = turn_of(t, "bob", NOW);
	assert_int_equal(at, NOW + 1000);
	assert_int_equal(turn_of(t, "bob", NOW + 500), at);
	assert_int_equal(turn_of_nth(t, 20, NOW + 500), at);
	assert_int_equal(turn_of(t, "bob", at + 1500), at + 1500);
	for (int i = 21; i < 60; i++)
		(void)turn_of_nth(t, i, at + 1500);
	assert_true(turn_of_nth(t, 20, at + 2000) > at + 2000);
	token_turns_free(t);
}

static void one_worker_makes_what_all_get(void **state)
{
	struct token_turns *t = token_turns_new();
	struct token made = token("one", 3600000), found;
	struct token_wanted wanted = any;
	int64_t at;

	(void)state;
	assert_false(token_turns_find(t, "bob", &any, &found));
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW, &at, &found), TURN_NOW);
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW, &at, &found), TURN_LATER);
	assert_true(at > NOW && at < NOW + 1000);
	token_turns_end(t, "bob", &made);
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW, &at, &found), TURN_FOUND);
	assert_string_equal(found.id, "one");
	token_deinit(&found);
	assert_true(token_turns_find(t, "bob", &any, &found));
	token_deinit(&found);
	assert_false(token_turns_find(t, "eve", &any, &found));
	/* not for long enough, or not that one */
	wanted.good_until_ms = made.expires_ms;
	assert_false(token_turns_find(t, "bob", &wanted, &found));
	wanted = (struct token_wanted){ .not_id = "one" };
	assert_int_equal(token_turns_ask(t, "bob", &wanted, NOW, &at, &found), TURN_NOW);
	token_deinit(&made);
	token_turns_free(t);
}

static void who_has_listed_it_all_hear(void **state)
{
	struct token_turns *t = token_turns_new();
	struct token one = token("one", 3600000), two = token("two", 3600000);

	(void)state;
	token_turns_listed(t, "bob", "one", 2);
	assert_int_equal(token_turns_listed_by(t, "bob", "one"), NO_BROKER);
	token_turns_end(t, "bob", &one);
	assert_int_equal(token_turns_listed_by(t, "bob", "one"), NO_BROKER);
	token_turns_listed(t, "bob", "one", 2);
	token_turns_end(t, "bob", &one); /* as another worker has found it */
	assert_int_equal(token_turns_listed_by(t, "bob", "one"), 2);
	assert_int_equal(token_turns_listed_by(t, "bob", "two"), NO_BROKER);
	token_turns_end(t, "bob", &two);
	token_turns_listed(t, "bob", "one", 2); /* by who has heard of it late */
	assert_int_equal(token_turns_listed_by(t, "bob", "one"), NO_BROKER);
	assert_int_equal(token_turns_listed_by(t, "bob", "two"), NO_BROKER);
	token_deinit(&one);
	token_deinit(&two);
	token_turns_free(t);
}

/* Nor does a maker that says nothing stop the others for ever. */
static void who_fails_gives_way(void **state)
{
	struct token_turns *t = token_turns_new();
	struct token found;
	int64_t at;

	(void)state;
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW, &at, &found), TURN_NOW);
	token_turns_end(t, "bob", NULL);
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW, &at, &found), TURN_NOW);
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW + 59000, &at, &found), TURN_LATER);
	assert_int_equal(token_turns_ask(t, "bob", &any, NOW + 60000, &at, &found), TURN_NOW);
	token_turns_free(t);
}

/* Those that are of no use any more make room; what is good stays. */
static void names_without_end(void **state)
{
	struct token_turns *t = token_turns_new();
	struct token kept = token("kept", 3600000), over = token("over", -1), found;
	int64_t now = NOW;

	(void)state;
	token_turns_end(t, "kept", &kept);
	token_turns_end(t, "over", &over);
	for (int i = 0; i < 5000; i++, now += 3000)
		assert_int_equal(turn_of_nth(t, i, now), now);
	assert_true(token_turns_find(t, "kept", &any, &found));
	token_deinit(&found);
	assert_false(token_turns_find(t, "over", &any, &found));
	token_deinit(&kept);
	token_deinit(&over);
	token_turns_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_a_second),
		cmocka_unit_test(a_turn_is_kept_for_its_principal),
		cmocka_unit_test(one_worker_makes_what_all_get),
		cmocka_unit_test(who_has_listed_it_all_hear),
		cmocka_unit_test(who_fails_gives_way),
		cmocka_unit_test(names_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
