/* usage_test.c - figures by name in bounded tables: exact in all, true for who weighs much. */
#include "loop/usage.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PLACES = 100, NAMES = 10000 };

static struct usage *u;

static int begin(void **state)
{
	(void)state;
	u = usage_new(PLACES);
	return 0;
}

static int end(void **state)
{
	(void)state;
	usage_free(u);
	return 0;
}

static void count(const char *name, uint64_t bytes, double now)
{
	const struct usage_sum n = { .requests = 1, .bytes_in = bytes, .bytes_out = 2 * bytes };

	usage_add(u, usage_take(u, name, strlen(name), now), &n);
}

static struct usage_told told(enum usage_order order, size_t limit)
{
	struct usage_told t = { 0 };

	usage_tell(u, &t);
	usage_settle(&t, order, limit);
	return t;
}

static const struct usage_row *row_of(const struct usage_told *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->rows[i].name, name) == 0)
			return &t->rows[i];
	}
	return NULL;
}

static struct usage_sum sum_of(const struct usage_told *t)
{
	struct usage_sum s = t->rest;

	for (size_t i = 0; i < t->count; i++)
		usage_sum_add(&s, &t->rows[i].sum);
	return s;
}

static void assert_same(const struct usage_sum *a, const struct usage_sum *b)
{
	assert_memory_equal(a, b, sizeof *a);
}

static void what_fits_is_exact(void **state)
{
	struct usage_told t;

	(void)state;
	for (int i = 0; i < 3; i++)
		count("orders", 100, 1);
	count("", 5, 2);
	count("a", 7, 3);
	t = told(USAGE_BY_BYTES, 10);
	assert_int_equal(t.count, 3);
	assert_int_equal(t.named, 3);
	assert_int_equal(t.displaced, 0);
	assert_string_equal(t.rows[0].name, "orders");
	assert_string_equal(t.rows[1].name, "a");
	assert_string_equal(t.rows[2].name, "");
	assert_int_equal(t.rows[0].sum.requests, 3);
	assert_int_equal(t.rows[0].sum.bytes_in, 300);
	assert_int_equal(t.rows[0].sum.bytes_out, 600);
	assert_true(t.rows[0].since == 1);
	assert_int_equal(t.rest.requests, 0);
	assert_int_equal(t.all.bytes_in, 312);
	usage_told_free(&t);
}

/* Many more names than places, in an order that has no system, and some that weigh: nothing is lost, and those keep
 * their places with all that is theirs. */
static void many_names_are_summed_and_the_large_ones_kept(void **state)
{
	struct usage_sum all = { 0 };
	uint64_t large[10] = { 0 };
	unsigned random = 12345;
	struct usage_told t;
	char name[40];

	(void)state;
	for (int i = 0; i < 20 * NAMES; i++) {
		bool is_large = i % 4 == 0;
		uint64_t bytes;
		unsigned which;

		random = random * 1103515245 + 12345;
		which = (random >> 16) % (is_large ? 10 : NAMES);
		bytes = is_large ? 100000 : (random >> 20) % 1000;
		snprintf(name, sizeof name, is_large ? "large-%u" : "small-%u", which);
		if (is_large)
			large[which] += bytes;
		count(name, bytes, i / 1e4);
		all.requests++;
		all.bytes_in += bytes;
		all.bytes_out += 2 * bytes;
	}
	t = told(USAGE_BY_BYTES, SIZE_MAX);
	assert_int_equal(t.named, PLACES);
	assert_true(t.displaced > NAMES);
	assert_same(&t.all, &all);
	all = sum_of(&t);
	assert_same(&t.all, &all);
	for (unsigned i = 0; i < 10; i++) {
		const struct usage_row *row;

		snprintf(name, sizeof name, "large-%u", i);
		row = row_of(&t, name);
		assert_non_null(row);
		assert_int_equal(row->sum.bytes_in, large[i]);
	}
	usage_told_free(&t);
}

static void a_reference_ends_with_the_place(void **state)
{
	struct usage_ref first = usage_take(u, "first", 5, 1), again;
	char name[20];

	(void)state;
	assert_true(usage_has(u, first));
	assert_false(usage_has(u, (struct usage_ref){ 0 }));
	for (int i = 0; i < PLACES; i++) {
		snprintf(name, sizeof name, "n%d", i);
		count(name, 10, 1);
	}
	assert_false(usage_has(u, first));
	again = usage_take(u, "first", 5, 1);
	assert_true(usage_has(u, again));
	assert_true(again.place != first.place || again.taken != first.taken);
	for (int i = 0; i < PLACES; i++)
		assert_true(usage_has(u, usage_take(u, "first", 5, 1)));
}

/* What was much once goes when it has been nothing for long. */
static void old_weight_fades(void **state)
{
	struct usage_told t;
	char name[20];

	(void)state;
	count("old", 1 << 30, 1);
	for (int hour = 1; hour < 3; hour++) {
		for (int i = 0; i < 3 * PLACES; i++) {
			snprintf(name, sizeof name, "new-%d-%d", hour, i);
			count(name, 1000, hour * 3600.0);
		}
	}
	t = told(USAGE_BY_BYTES, SIZE_MAX);
	assert_null(row_of(&t, "old"));
	assert_true(t.rest.bytes_in >= 1 << 30);
	assert_int_equal(t.all.bytes_in, (1 << 30) + 6 * PLACES * 1000);
	usage_told_free(&t);
}

static void rows_of_several_tables_are_joined(void **state)
{
	struct usage *other = usage_new(PLACES);
	const struct usage_sum n = { .requests = 2, .bytes_in = 1000, .errors = 3 };
	struct usage_told t = { 0 }, more = { 0 };

	(void)state;
	count("a", 10, 5);
	count("b", 20, 5);
	usage_add(other, usage_take(other, "a", 1, 2), &n);
	usage_add_rest(other, &n);
	usage_tell(u, &t);
	usage_tell(other, &more);
	usage_append(&t, &more);
	assert_int_equal(more.count, 0);
	usage_settle(&t, USAGE_BY_BYTES_IN, 1);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.named, 2);
	assert_string_equal(t.rows[0].name, "a");
	assert_int_equal(t.rows[0].sum.bytes_in, 1010);
	assert_int_equal(t.rows[0].sum.errors, 3);
	assert_true(t.rows[0].since == 2);
	assert_int_equal(t.rest.bytes_in, 1020); /* what was the rest, and b */
	assert_int_equal(t.rest.requests, 3);
	assert_int_equal(t.all.bytes_in, 2030);
	usage_told_free(&t);
	usage_free(other);
}

static void rows_stand_in_the_order_asked_for(void **state)
{
	static const struct {
		enum usage_order order;
		const char *first;
	} orders[] = { { USAGE_BY_BYTES, "both" },    { USAGE_BY_BYTES_IN, "in" },
		       { USAGE_BY_BYTES_OUT, "out" }, { USAGE_BY_REQUESTS, "many" },
		       { USAGE_BY_ERRORS, "bad" },    { USAGE_BY_THROTTLED, "slow" } };
	static const struct {
		const char *name;
		struct usage_sum n;
	} names[] = { { "in", { 1, 100, 0, 0, 0 } },   { "out", { 1, 0, 100, 0, 0 } },
		      { "both", { 1, 90, 90, 0, 0 } }, { "many", { 9, 1, 1, 0, 0 } },
		      { "bad", { 1, 1, 1, 9, 0 } },    { "slow", { 1, 1, 1, 0, 9 } } };
	enum usage_order read;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		usage_add(u, usage_take(u, names[i].name, strlen(names[i].name), 1), &names[i].n);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct usage_told t = told(orders[i].order, 3);

		assert_string_equal(t.rows[0].name, orders[i].first);
		assert_int_equal(t.count, 3);
		usage_told_free(&t);
		assert_true(usage_order_of(usage_order_word(orders[i].order), &read));
		assert_int_equal(read, orders[i].order);
	}
	assert_false(usage_order_of("byte", &read));
}

/* A name is bytes of a client's: what is told of it may be printed, and is one row. */
static void names_can_be_printed(void **state)
{
	struct usage_told t;
	char longest[400];

	(void)state;
	count("a\tb", 1, 1);
	count("a\nb", 2, 1);
	count("gr\xc3\xbc\xc3\x9f", 10, 1);
	count("\xff\xc3", 20, 1);
	count("\xc2\x9b", 40, 1);
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	count(longest, 100, 1);
	longest[USAGE_NAME_MAX] = '\0';
	count(longest, 100, 1);
	t = told(USAGE_BY_BYTES, SIZE_MAX);
	assert_int_equal(t.count, 4); /* two of them are both "??" */
	assert_int_equal(row_of(&t, "a?b")->sum.bytes_in, 3);
	assert_int_equal(row_of(&t, "gr\xc3\xbc\xc3\x9f")->sum.bytes_in, 10);
	assert_int_equal(row_of(&t, "??")->sum.bytes_in, 60);
	assert_int_equal(row_of(&t, longest)->sum.bytes_in, 200);
	usage_told_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fits_is_exact, begin, end),
		cmocka_unit_test_setup_teardown(many_names_are_summed_and_the_large_ones_kept,
						begin, end),
		cmocka_unit_test_setup_teardown(a_reference_ends_with_the_place, begin, end),
		cmocka_unit_test_setup_teardown(old_weight_fades, begin, end),
		cmocka_unit_test_setup_teardown(rows_of_several_tables_are_joined, begin, end),
		cmocka_unit_test_setup_teardown(rows_stand_in_the_order_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(names_can_be_printed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
