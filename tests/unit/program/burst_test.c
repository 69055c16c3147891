/* burst_test.c - when memory that is free goes back to the system. */
#include "program/burst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/compiler.h"
#include "util/mem.h"

enum { MIB = 1 << 20, QUIET = 10 };

/* So many looks at the same; whether any of them says that a burst is over. */
static bool looks(struct burst *b, int n, int64_t resident, int64_t held)
{
	bool any = false;

	for (int i = 0; i < n; i++)
		any |= burst_is_over(b, resident * MIB, held * MIB);
	return any;
}

static void a_process_that_does_not_grow_has_no_burst(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	assert_false(looks(&b, QUIET, 19, 0));
}

static void what_is_held_is_no_burst(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	assert_false(looks(&b, QUIET, 70, 60));
}

static void what_stays_when_it_is_let_go_is_one(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	assert_false(looks(&b, 1, 72, 60));
	assert_true(looks(&b, 1, 72, 10));
	burst_ended(&b, 25 * (int64_t)MIB, 10 * (int64_t)MIB, 0);
	assert_false(looks(&b, QUIET, 25, 10));
}

static void while_more_is_held_each_time_it_goes_on(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	for (int64_t held = 1; held < 20; held++)
		assert_false(looks(&b, 1, 60, held));
	assert_true(looks(&b, 1, 60, 19));
}

/* What could not be given back is not a burst again and again. */
static void giving_back_is_not_tried_all_the_time(void **state)
{
	struct burst b = { 0 };
	int n = 0;

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	for (int i = 0; i < 100; i++) {
		if (!burst_is_over(&b, 60 * (int64_t)MIB, 0))
			continue;
		n++;
		burst_ended(&b, 60 * (int64_t)MIB, 0, 0);
	}
	assert_int_equal(n, 1);
}

/* What clients had beside what was held kept the process large when memory was given back. */
static void when_nothing_is_held_it_is_given_back_once_more(void **state)
{
	struct burst b = { 0 };
	int n = 0;

	(void)state;
	assert_false(looks(&b, QUIET, 12, 0));
	assert_true(looks(&b, QUIET, 60, 20));
	burst_ended(&b, 60 * (int64_t)MIB, 20 * (int64_t)MIB, 0);
	for (int i = 0; i < 100; i++)
		n += burst_is_over(&b, 35 * (int64_t)MIB, 0);
	assert_int_equal(n, 1);
}

/* So many looks at the same; whether any of them says that much is loose. */
static bool looks_loose(struct burst *b, int n, int64_t resident, int64_t used)
{
	bool any = false;

	for (int i = 0; i < n; i++)
		any |= burst_is_loose(b, resident * MIB, used * MIB);
	return any;
}

/* As many handshakes at once do: memory was given back while they used it, and in vain. */
static void what_was_used_then_is_given_back_later(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks_loose(&b, QUIET, 13, 2));
	burst_ended(&b, 90 * (int64_t)MIB, 0, 79 * (int64_t)MIB);
	assert_false(looks_loose(&b, QUIET, 92, 80));
	assert_true(looks_loose(&b, QUIET, 92, 35));
	burst_ended(&b, 60 * (int64_t)MIB, 0, 35 * (int64_t)MIB);
	assert_false(looks_loose(&b, QUIET, 60, 35)); /* that could not be given back */
}

static void what_is_used_again_at_once_is_not_loose(void **state)
{
	struct burst b = { 0 };

	(void)state;
	assert_false(looks_loose(&b, QUIET, 13, 2));
	for (int i = 0; i < QUIET; i++) {
		assert_false(looks_loose(&b, 2, 60, 20));
		assert_false(looks_loose(&b, 1, 60, 50));
	}
}

/* Small pieces with something between them that stays: free() alone gives nothing back. */
static void memory_really_goes_back(void **state)
{
	enum { PIECES = 64 * 1024, SIZE = 1000 };
	static void *pieces[PIECES];
	struct burst b = { 0 };
	int64_t before, full;

	(void)state;
	if (ADDRESS_SANITIZED)
		skip(); /* what is freed is kept for a while, to catch who uses it */
	before = mem_resident();
	assert_true(before > 0);
	burst_step(&b, 0);
	for (int i = 0; i < PIECES; i++)
		pieces[i] = memset(mem_alloc(SIZE), 1, SIZE);
	full = mem_resident();
	assert_true(full - before > (int64_t)PIECES * SIZE / 2);
	for (int i = 0; i < PIECES - 1; i++)
		free(pieces[i]);
	for (int i = 0; i < QUIET; i++)
		burst_step(&b, 0);
	assert_true(mem_resident() - before < (full - before) / 4);
	free(pieces[PIECES - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_does_not_grow_has_no_burst),
		cmocka_unit_test(what_is_held_is_no_burst),
		cmocka_unit_test(what_stays_when_it_is_let_go_is_one),
		cmocka_unit_test(while_more_is_held_each_time_it_goes_on),
		cmocka_unit_test(giving_back_is_not_tried_all_the_time),
		cmocka_unit_test(when_nothing_is_held_it_is_given_back_once_more),
		cmocka_unit_test(what_was_used_then_is_given_back_later),
		cmocka_unit_test(what_is_used_again_at_once_is_not_loose),
		cmocka_unit_test(memory_really_goes_back),
	};

	return cmocka_run_group_tests_name("burst", tests, NULL, NULL);
}
