#include "session/held.h"

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

static struct held *held_new(void)
{
	struct held *h = calloc(1, sizeof *h);

	assert_non_null(h);
	return h;
}

static void what_a_node_holds_is_its_own(void **state)
{
	struct held *h = held_new();

	(void)state;
	for (uint64_t n = 1; n <= KEYS; n++)
		held_add(h, key_of(n), n % 2 ? HERE : THERE);
	for (uint64_t n = 1; n <= KEYS; n++) {
		assert_int_equal(held_by(h, key_of(n)), n % 2 ? HERE : THERE);
		assert_int_equal(held_by(h, key_of(KEYS + n)), 0);
		held_remove(h, key_of(n), n % 2 ? HERE : THERE);
		assert_int_equal(held_by(h, key_of(n)), 0);
	}
	free(h);
}

/* It is heard that one node has the client, then that the other has it no more. */
static void the_last_one_has_it(void **state)
{
	struct held *h = held_new();

	(void)state;
	held_add(h, key_of(1), HERE);
	held_add(h, key_of(1), THERE);
	assert_int_equal(held_by(h, key_of(1)), THERE);
	held_remove(h, key_of(1), HERE);
	assert_int_equal(held_by(h, key_of(1)), THERE);
	held_remove(h, key_of(1), THERE);
	assert_int_equal(held_by(h, key_of(1)), 0);
	free(h);
}

/* One more of a bucket than there is room for: it has a place, one other has none, and none is
 * taken for another. */
static void a_newer_one_pushes_out_one_of_many(void **state)
{
	struct held *h = held_new();
	unsigned found = 0;

	(void)state;
	for (uint64_t n = 0; n < HELD_BUCKET; n++) {
		assert_int_equal(held_by(h, key_of(1) + (n << 40)), 0);
		held_add(h, key_of(1) + (n << 40), (uint16_t)(1 + n));
	}
	for (uint64_t n = 0; n < HELD_BUCKET; n++)
		assert_int_equal(held_by(h, key_of(1) + (n << 40)), 1 + n);
	held_add(h, key_of(1) + (UINT64_C(99) << 40), THERE);
	assert_int_equal(held_by(h, key_of(1) + (UINT64_C(99) << 40)), THERE);
	for (uint64_t n = 0; n < HELD_BUCKET; n++)
		found += held_by(h, key_of(1) + (n << 40)) == 1 + n;
	assert_int_equal(found, HELD_BUCKET - 1);
	held_remove(h, key_of(1) + (UINT64_C(99) << 40), HERE);
	assert_int_equal(held_by(h, key_of(1) + (UINT64_C(99) << 40)), THERE);
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
