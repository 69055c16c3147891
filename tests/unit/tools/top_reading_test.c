/* top_reading_test.c - what nodes tell of who uses them, together, and a second. */
#include "../tools/top_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SUM(requests, in, out)                                                     \
	"\"requests\": " #requests ", \"bytes_in\": " #in ", \"bytes_out\": " #out \
	", \"errors\": 0, \"throttled_ms\": 0"
#define ANSWER(rows, rest, all)                                                     \
	"{\"named\": 2, \"displaced\": 1, \"topics\": [" rows "], \"rest\": {" rest \
	"}, \"all\": {" all "}}"
#define ROW(name, sum) "{\"name\": \"" name "\", " sum "}"

static json_t *reading_of(const char *const *answers, size_t count)
{
	json_t *reading = top_reading_new();

	for (size_t i = 0; i < count; i++) {
		json_t *answer = json_loads(answers[i], 0, NULL);

		assert_non_null(answer);
		top_reading_add(reading, "topics", answer);
		json_decref(answer);
	}
	return reading;
}

static double number(const json_t *o, const char *key)
{
	assert_true(json_is_number(json_object_get(o, key)));
	return json_number_value(json_object_get(o, key));
}

static const json_t *row_at(const json_t *told, size_t i, const char *name)
{
	const json_t *row = json_array_get(json_object_get(told, "rows"), i);

	assert_string_equal(json_string_value(json_object_get(row, "name")), name);
	return row;
}

static const char *const first[] = {
	ANSWER(ROW("a", SUM(1, 100, 10)) "," ROW("b", SUM(5, 50, 0)), SUM(0, 0, 0),
	       SUM(6, 150, 10)),
	ANSWER(ROW("a", SUM(2, 200, 20)), SUM(3, 3, 3), SUM(5, 203, 23)),
};

static void nodes_are_added_up(void **state)
{
	json_t *now = reading_of(first, 2), *told = top_reading_rates(NULL, now, 0, "bytes", 10);
	const json_t *a = row_at(told, 0, "a");

	(void)state;
	assert_true(number(a, "requests") == 3 && number(a, "bytes_in") == 300);
	assert_null(json_object_get(a, "bytes_per_second"));
	row_at(told, 1, "b");
	assert_true(number(json_object_get(told, "rest"), "requests") == 3);
	assert_true(number(json_object_get(told, "all"), "bytes_in") == 353);
	assert_true(number(told, "named") == 4 && number(told, "displaced") == 2);
	json_decref(told);
	json_decref(now);
}

static void what_came_meanwhile_is_a_second(void **state)
{
	static const char *const second[] = {
		ANSWER(ROW("a", SUM(3, 300, 30)) "," ROW("b", SUM(15, 1050, 0)), SUM(0, 0, 0),
		       SUM(18, 1350, 30)),
		ANSWER(ROW("c", SUM(4, 40, 0)), SUM(5, 203, 23), SUM(9, 243, 23)),
	};
	json_t *before = reading_of(first, 2), *now = reading_of(second, 2);
	json_t *told = top_reading_rates(before, now, 2, "bytes", 2);
	const json_t *rest = json_object_get(told, "rest");

	(void)state;
	assert_true(number(row_at(told, 0, "b"), "bytes_in_per_second") == 500);
	assert_true(number(row_at(told, 0, "b"), "requests_per_second") == 5);
	/* c was not there, so all of it is new; a is not less than it was */
	assert_true(number(row_at(told, 1, "c"), "bytes_per_second") == 20);
	assert_true(number(json_object_get(told, "all"), "requests_per_second") == 8);
	assert_true(number(rest, "requests_per_second") == 1); /* 8 without 5 and 2 */
	assert_true(number(rest, "requests") == 5 + 3);	       /* with a's */
	json_decref(told);
	told = top_reading_rates(before, now, 2, "requests", 3);
	row_at(told, 0, "b");
	row_at(told, 1, "c");
	row_at(told, 2, "a");
	json_decref(told);
	json_decref(now);
	json_decref(before);
}

/* A node that was started anew has counted less: that is what came. */
static void less_than_before_tells_no_rate(void **state)
{
	static const char *const later[] = { ANSWER(ROW("a", SUM(2, 80, 0)), SUM(0, 0, 0),
						    SUM(2, 80, 0)) };
	json_t *before = reading_of(first, 2), *now = reading_of(later, 1);
	json_t *told = top_reading_rates(before, now, 1, "bytes", 5);

	(void)state;
	assert_true(number(row_at(told, 0, "a"), "bytes_in_per_second") == 0);
	assert_true(number(json_object_get(told, "rest"), "bytes_per_second") == 0);
	json_decref(told);
	json_decref(now);
	json_decref(before);
}

/* Clients have two names; what a node tells may be anything, and a terminal shows it. */
static void names_can_be_shown(void **state)
{
	json_t *reading = top_reading_new(), *told;
	json_t *answer = json_pack("{s:[{s:s, s:s, s:i}, {s:s, s:n, s:i}]}", "topics", "address",
				   "::1", "client_id", "a\033[2Jb", "requests", 2, "address",
				   "10.0.0.1", "client_id", "requests", 1);

	(void)state;
	top_reading_add(reading, "topics", answer);
	told = top_reading_rates(NULL, reading, 0, "requests", 5);
	row_at(told, 0, "::1/a?[2Jb");
	row_at(told, 1, "10.0.0.1/");
	json_decref(told);
	json_decref(answer);
	json_decref(reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_added_up),
		cmocka_unit_test(what_came_meanwhile_is_a_second),
		cmocka_unit_test(less_than_before_tells_no_rate),
		cmocka_unit_test(names_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
