#include "route/edits.h"

#include "messages.h"

static const char body[] = "0123456789";

static void assert_edited(const struct edits *e, uint32_t from, uint32_t to, const char *expected)
{
	struct arena arena;
	struct gather g;

	arena_init(&arena);
	gather_init(&g, &arena);
	edits_gather(e, &g, (const uint8_t *)body, from, to);
	assert_gathered(&g, expected, strlen(expected));
	arena_deinit(&arena);
}

static void pieces_are_replaced_inserted_and_removed(void **state)
{
	struct arena arena;
	struct edits e;

	(void)state;
	assert_edited(NULL, 2, 5, "234");
	arena_init(&arena);
	edits_init(&e, &arena);
	assert_edited(&e, 0, 10, body);
	edits_add(&e, 0, 1, "abc", 3);
	edits_add(&e, 3, 3, "+", 1);
	edits_add(&e, 5, 7, NULL, 0);
	edits_add(&e, 9, 10, "z", 1);
	assert_edited(&e, 0, 10, "abc12+3478z");
	/* in two parts, each edit once */
	assert_edited(&e, 0, 3, "abc12");
	assert_edited(&e, 3, 10, "+3478z");
	assert_edited(&e, 1, 9, "12+3478");
	arena_deinit(&arena);
}

static void many_are_kept(void **state)
{
	struct arena arena;
	struct edits e;

	(void)state;
	arena_init(&arena);
	edits_init(&e, &arena);
	for (uint32_t i = 0; i < 10; i++)
		edits_add(&e, i, i + 1, body + 9 - i, 1);
	assert_edited(&e, 0, 10, "9876543210");
	arena_deinit(&arena);
}

static void values_are_encoded(void **state)
{
	struct arena arena;
	struct edits e;
	struct gather g;

	(void)state;
	arena_init(&arena);
	edits_init(&e, &arena);
	edits_add_string(&e, 0, 1, "hi", true);
	edits_add_string(&e, 1, 2, "hi", false);
	edits_add_int32(&e, 2, 0x41424344);
	edits_add_count(&e, 6, 7, 200, true);
	edits_add_count(&e, 7, 8, 200, false);
	gather_init(&g, &arena);
	edits_gather(&e, &g, (const uint8_t *)body, 0, 10);
	assert_gathered(&g, "\3hi\0\2hiABCD\311\1\0\0\0\31089", 19);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_replaced_inserted_and_removed),
		cmocka_unit_test(many_are_kept),
		cmocka_unit_test(values_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
