#include "balance/elsewhere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 1000, HERE = 7, THERE = 0xffff };

static uint64_t key_of(uint64_t n)
{
	return (n * 0x9e3779b97f4a7c15) | 1;
}

static struct elsewhere *table_new(void)
{
	struct elsewhere *h = calloc(1, sizeof *h);

	assert_non_null(h);
	return h;
}

static void what_a_node_holds_is_its_own(void **state)
{
	struct elsewhere *h = table_new();

	(void)state;
	for (uint64_t n = 1; n <= KEYS; n++)
		elsewhere_add(h, key_of(n), n % 2 ? HERE : THERE);
	for (uint64_t n = 1; n <= KEYS; n++) {
		assert_int_equal(elsewhere_tag(h, key_of(n)), n % 2 ? HERE : THERE);
		assert_int_equal(elsewhere_tag(h, key_of(KEYS + n)), 0);
		elsewhere_remove(h, key_of(n), n % 2 ? HERE : THERE);
		assert_int_equal(elsewhere_tag(h, key_of(n)), 0);
	}
	free(h);
}

/* It is heard that one node has the client, then that the other has it no more. */
static void the_last_one_has_it(void **state)
{
	struct elsewhere *h = table_new();

	(void)state;
	elsewhere_add(h, key_of(1), HERE);
	elsewhere_add(h, key_of(1), THERE);
	assert_int_equal(elsewhere_tag(h, key_of(1)), THERE);
	elsewhere_remove(h, key_of(1), HERE);
	assert_int_equal(elsewhere_tag(h, key_of(1)), THERE);
	elsewhere_remove(h, key_of(1), THERE);
	assert_int_equal(elsewhere_tag(h, key_of(1)), 0);
	free(h);
}

/* One more of a bucket than there is room for: it has a place, one other has none, and none is
 * taken for another. */
static void a_newer_one_pushes_out_one_of_many(void **state)
{
	struct elsewhere *h = table_new();
	unsigned found = 0;

	(void)state;
	for (uint64_t n = 0; n < ELSEWHERE_BUCKET; n++) {
		assert_int_equal(elsewhere_tag(h, key_of(1) + (n << 40)), 0);
		elsewhere_add(h, key_of(1) + (n << 40), (uint16_t)(1 + n));
	}
	for (uint64_t n = 0; n < ELSEWHERE_BUCKET; n++)
		assert_int_equal(elsewhere_tag(h, key_of(1) + (n << 40)), 1 + n);
	elsewhere_add(h, key_of(1) + (UINT64_C(99) << 40), THERE);
	assert_int_equal(elsewhere_tag(h, key_of(1) + (UINT64_C(99) << 40)), THERE);
	for (uint64_t n = 0; n < ELSEWHERE_BUCKET; n++)
		found += elsewhere_tag(h, key_of(1) + (n << 40)) == 1 + n;
	assert_int_equal(found, ELSEWHERE_BUCKET - 1);
	elsewhere_remove(h, key_of(1) + (UINT64_C(99) << 40), HERE);
	assert_int_equal(elsewhere_tag(h, key_of(1) + (UINT64_C(99) << 40)), THERE);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_node_holds_is_its_own),
		cmocka_unit_test(the_last_one_has_it),
		cmocka_unit_test(a_newer_one_pushes_out_one_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
