#include "util/gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LARGE = 5000 };

static uint8_t source[200000];

static void assert_is(const struct gather *g, const uint8_t *expected, size_t n)
{
	size_t at = 0;

	assert_int_equal(g->size, n);
	for (int i = 0; i < g->count; i++) {
		assert_true(at + g->iov[i].iov_len <= n);
		assert_memory_equal(g->iov[i].iov_base, expected + at, g->iov[i].iov_len);
		at += g->iov[i].iov_len;
	}
	assert_int_equal(at, n);
}

static void pieces_of_any_size_stay_in_order(void **state)
{
	struct arena arena;
	struct gather g;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof source; i++)
		source[i] = (uint8_t)(i * 2654435761u >> 11);
	arena_init(&arena);
	gather_init(&g, &arena);
	for (size_t n = 0; at + n < sizeof source; n = (n * 7 + 3) % 6001) {
		gather_piece(&g, source + at, n);
		at += n;
		gather_copy(&g, source + at, 3);
		at += 3;
		memcpy(gather_space(&g, 1), source + at, 1);
		at++;
		if (at + 6001 + 4 > sizeof source)
			break;
	}
	assert_true(at > sizeof source / 2);
	assert_is(&g, source, at);
	arena_deinit(&arena);
}

static void small_pieces_are_copied_and_large_ones_are_not(void **state)
{
	struct arena arena;
	struct gather g;
	uint8_t small[10] = { 1 }, large[LARGE] = { 2 };

	(void)state;
	arena_init(&arena);
	gather_init(&g, &arena);
	for (int i = 0; i < 100; i++)
		gather_piece(&g, small, sizeof small);
	assert_int_equal(g.count, 1); /* side by side */
	small[0] = 9;
	assert_int_equal(*(uint8_t *)g.iov[0].iov_base, 1);
	gather_piece(&g, large, 2000);
	gather_piece(&g, large + 2000, 3000); /* neighbours are one */
	assert_int_equal(g.count, 2);
	assert_ptr_equal(g.iov[1].iov_base, large);
	assert_int_equal(g.iov[1].iov_len, LARGE);
	assert_int_equal(g.size, 1000 + LARGE);
	arena_deinit(&arena);
}

static void a_space_may_be_larger_than_a_chunk(void **state)
{
	struct arena arena;
	struct gather g;

	(void)state;
	arena_init(&arena);
	gather_init(&g, &arena);
	gather_copy(&g, source, 10);
	memcpy(gather_space(&g, 50000), source + 10, 50000);
	gather_copy(&g, source + 50010, 10);
	assert_is(&g, source, 50020);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_stay_in_order),
		cmocka_unit_test(small_pieces_are_copied_and_large_ones_are_not),
		cmocka_unit_test(a_space_may_be_larger_than_a_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
