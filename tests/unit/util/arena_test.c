#include "util/arena.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Under AddressSanitizer every allocation is a block of its own. */
#define EACH_ALONE ADDRESS_SANITIZED

static void small_things_need_no_heap(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	for (int i = 0; i < ARENA_FIRST / 32; i++)
		memset(arena_alloc(&a, 32), i, 32);
	if (!EACH_ALONE)
		assert_int_equal(arena_held(&a), 0);
	arena_alloc(&a, 1);
	assert_true(arena_held(&a) > 0);
	arena_deinit(&a);
	assert_int_equal(arena_held(&a), 0);
}

/* Every size a few times: aligned, none overlaps another. */
static void allocations_stand_apart(void **state)
{
	enum { SIZES = 600, TURNS = 3 };
	struct arena a;
	unsigned char *all[TURNS * SIZES];
	size_t n = 0;

	(void)state;
	arena_init(&a);
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t size = 0; size < SIZES; size++, n++) {
			all[n] = arena_alloc(&a, size);
			assert_int_equal((uintptr_t)all[n] % _Alignof(max_align_t), 0);
			memset(all[n], (int)(n % 251), size);
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i % SIZES; j++)
			assert_int_equal(all[i][j], i % 251);
	}
	arena_deinit(&a);
}

static void large_things_fit_and_do_not_waste_the_block(void **state)
{
	struct arena a;
	char *big;
	size_t held;

	(void)state;
	arena_init(&a);
	big = arena_zalloc(&a, 1 << 20);
	assert_int_equal(big[0], 0);
	assert_int_equal(big[(1 << 20) - 1], 0);
	held = arena_held(&a);
	assert_in_range(held, 1 << 20, (1 << 20) + 64);
	arena_alloc(&a, 16); /* still from the first block */
	if (!EACH_ALONE)
		assert_int_equal(arena_held(&a), held);
	arena_deinit(&a);
}

static void copies_are_copies(void **state)
{
	struct arena a;
	char text[] = "orders";
	char *copy;
	char *bytes;

	(void)state;
	arena_init(&a);
	copy = arena_strndup(&a, text, 3);
	bytes = arena_copy(&a, text, sizeof text);
	arena_copy(&a, NULL, 0);
	text[0] = 'x';
	assert_string_equal(copy, "ord");
	assert_string_equal(bytes, "orders");
	arena_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_things_need_no_heap),
		cmocka_unit_test(allocations_stand_apart),
		cmocka_unit_test(large_things_fit_and_do_not_waste_the_block),
		cmocka_unit_test(copies_are_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
