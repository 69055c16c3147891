/* What names that nobody has look like. */
#include "auth/looks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NAMES = 2000 };

static const struct look often = { .by = { { 4096, 24 }, { 4096, 24 } } };
static const struct look seldom = { .by = { { 9000, 24 }, { 0, 0 } } };

static struct looks *some(int of_often, int of_seldom)
{
	struct looks *l = looks_new();

	for (int i = 0; i < of_often; i++)
		looks_add(l, &often);
	for (int i = 0; i < of_seldom; i++)
		looks_add(l, &seldom);
	return l;
}

static int drawn(const struct looks *l, uint64_t name, int hash)
{
	const uint64_t chance[2] = { name * 0x9e3779b97f4a7c15, ~name };

	return looks_draw(l, chance, hash)->by[0].iterations;
}

static void nobody_is_there(void **state)
{
	const uint64_t chance[2] = { 1, 2 };
	struct looks *l = looks_new();

	(void)state;
	assert_null(looks_draw(l, chance, LOOKS_ANY));
	looks_add(l, &seldom);
	assert_non_null(looks_draw(l, chance, LOOKS_ANY));
	assert_non_null(looks_draw(l, chance, 0));
	assert_null(looks_draw(l, chance, 1)); /* nobody has that */
	looks_free(l);
}

static void shares_are_those_of_users(void **state)
{
	struct looks *l = some(9, 1);
	int count = 0;

	(void)state;
	for (uint64_t name = 0; name < NAMES; name++) {
		count += drawn(l, name, LOOKS_ANY) == 9000;
		assert_int_equal(drawn(l, name, 0), drawn(l, name, LOOKS_ANY));
		assert_int_equal(drawn(l, name, 1), 4096);
	}
	assert_in_range(count, NAMES / 10 - 60, NAMES / 10 + 60);
	looks_free(l);
}

/* Of a hundred users one more is of the other kind: hardly a name looks different for that. */
static void a_new_user_moves_few(void **state)
{
	struct looks *before = some(90, 10), *after = some(90, 11);
	int moved = 0;

	(void)state;
	for (uint64_t name = 0; name < NAMES; name++) {
		const int then = drawn(before, name, LOOKS_ANY),
			  now = drawn(after, name, LOOKS_ANY);

		assert_true(now == then || now == 9000);
		moved += now != then;
	}
	assert_in_range(moved, 1, NAMES / 40);
	looks_free(before);
	looks_free(after);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(shares_are_those_of_users),
		cmocka_unit_test(a_new_user_moves_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
