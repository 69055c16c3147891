/* Ports as people write them. */
#include "config/port_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_reads(const char *text, int told_first, int first, int count)
{
	char why[PORT_RANGE_WHY_MAX] = "";
	struct port_range told, bound;

	if (!port_range_read(text, &told, &bound, why))
		fail_msg("%s: %s", text, why);
	assert_int_equal(told.first, told_first);
	assert_int_equal(told.count, count);
	assert_int_equal(bound.first, first);
	assert_int_equal(bound.count, count);
}

static void assert_refused(const char *text, const char *because)
{
	char why[PORT_RANGE_WHY_MAX] = "";
	struct port_range told, bound;

	if (port_range_read(text, &told, &bound, why))
		fail_msg("%s: read as %d-%d:%d-%d", text, told.first, told.count, bound.first,
			 bound.count);
	if (strstr(why, because) == NULL)
		fail_msg("%s: %s", text, why);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	assert_reads("9092", 9092, 9092, 1);
	assert_reads("9092-9095", 9092, 9092, 4);
	assert_reads("9092-", 9092, 9092, 0);
	assert_reads("1-65535", 1, 1, 65535);
	assert_reads("443:9192", 443, 9192, 1);
	assert_reads("29092-29095:9092-9095", 29092, 9092, 4);
	assert_reads("29092-:9092-", 29092, 9092, 0);
	assert_reads("9092,9093-9095", 9092, 9092, 4);
	assert_reads("9092, 9093-9094", 9092, 9092, 3);
	assert_reads("29092:9092,29093:9093", 29092, 9092, 2);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const none[] = {
		"",
		"-",
		"x",
		"0",
		"65536",
		"9092-65536",
		"9095-9092",
		"9092-x",
		"9092:",
		":9092",
		"9092:9093-9094",
		"1-2:3-5",
		"9092-:9092",
		"-9092",
		"9092-9093-9094",
		"99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_refused(none[i], "won't do; it must be ports such as 9092-9095");
}

static void gaps_are_refused(void **state)
{
	static const char *const gaps[] = { "9092,9094", "9092-,9093", "9092,9093-",
					    "9093,9092", "9092,9092",  "29092:9092,29094:9093" };

	(void)state;
	for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
		assert_refused(gaps[i], "has gaps");
}

static void what_is_printed_is_as_short_as_it_can_be(void **state)
{
	static const struct {
		int told;
		struct port_range bound;
		const char *text;
	} cases[] = {
		{ 9092, { 9092, 1 }, "9092" },
		{ 9092, { 9092, 4 }, "9092-9095" },
		{ 9092, { 9092, 0 }, "9092-" },
		{ 443, { 9192, 1 }, "443:9192" },
		{ 29092, { 9092, 4 }, "29092-29095:9092-9095" },
		{ 29092, { 9092, 0 }, "29092-:9092-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		port_range_print(cases[i].told, cases[i].bound, out);
		fclose(out);
		assert_string_equal(text, cases[i].text);
		assert_reads(text, cases[i].told, cases[i].bound.first, cases[i].bound.count);
		free(text);
	}
}

static void overlapping_is_mutual(void **state)
{
	static const struct {
		struct port_range a, b;
		bool overlap;
	} cases[] = {
		{ { 9092, 4 }, { 9095, 1 }, true },  { { 9092, 4 }, { 9096, 4 }, false },
		{ { 9092, 4 }, { 9093, 2 }, true },  { { 9092, 1 }, { 9092, 1 }, true },
		{ { 9092, 4 }, { 9088, 4 }, false }, { { 9092, 4 }, { 9088, 5 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(port_ranges_overlap(cases[i].a, cases[i].b), cases[i].overlap);
		assert_int_equal(port_ranges_overlap(cases[i].b, cases[i].a), cases[i].overlap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(gaps_are_refused),
		cmocka_unit_test(what_is_printed_is_as_short_as_it_can_be),
		cmocka_unit_test(overlapping_is_mutual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
