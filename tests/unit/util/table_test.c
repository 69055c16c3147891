/* Things found by their hash, many of them alike. */
#include "util/table.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

enum { MANY = 1000 };

struct thing {
	struct table_node node;
	int number;
	bool is_in;
};

/* Several have the same, and some of those that have not share a bucket. */
static uint64_t hash_of(int number)
{
	return (uint64_t)(number / 3) * 8;
}

static const struct thing *find(const struct table *t, int number)
{
	for (struct table_node *n = table_first(t, hash_of(number)); n != NULL; n = n->next) {
		const struct thing *thing = CONTAINER_OF(n, struct thing, node);

		if (thing->number == number) {
			assert_int_equal(n->hash, hash_of(number));
			return thing;
		}
	}
	return NULL;
}

static void assert_has(const struct table *t, const struct thing *all)
{
	uint32_t count = 0;

	for (int i = 0; i < MANY; i++) {
		assert_ptr_equal(find(t, i), all[i].is_in ? &all[i] : NULL);
		count += all[i].is_in;
	}
	assert_int_equal(t->count, count);
}

static void an_empty_one_has_nothing(void **state)
{
	struct table t = { 0 };

	(void)state;
	assert_null(table_first(&t, 0));
	assert_null(table_first(&t, UINT64_MAX));
	table_deinit(&t);
	assert_int_equal(t.size, 0);
}

static void what_is_added_is_found_until_it_is_removed(void **state)
{
	static struct thing all[MANY];
	struct table t = { 0 };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		all[i].number = i;
		all[i].is_in = true;
		table_add(&t, &all[i].node, hash_of(i));
	}
	assert_has(&t, all);
	for (int step = 2; step <= 7; step += 5) {
		for (int i = 0; i < MANY; i += step) {
			if (all[i].is_in)
				table_remove(&t, &all[i].node);
			all[i].is_in = false;
		}
		assert_has(&t, all);
	}
	all[14].is_in = true;
	table_add(&t, &all[14].node, hash_of(14));
	assert_has(&t, all);
	table_deinit(&t);
	assert_null(table_first(&t, hash_of(14)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
