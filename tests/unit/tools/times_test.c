/* Least, median and most of some times. */
#include "../tools/times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void add_all(struct times *t, const double *ms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		times_add(t, ms[i]);
}

static void test_none(void **state)
{
	struct times t = { 0 };
	json_t *none = times_json(&t);
	char text[16];

	(void)state;
	assert_true(json_is_null(none));
	times_text(&t, text, sizeof text);
	assert_string_equal(text, "-");
	times_deinit(&t);
}

static void test_odd_and_even(void **state)
{
	static const double ms[] = { 12.25, 0.5, 3, 1 };
	struct times t = { 0 };
	char text[64];
	json_t *o;

	(void)state;
	add_all(&t, ms, 3);
	times_text(&t, text, sizeof text);
	assert_string_equal(text, "0.5 / 3 / 12.2");
	times_add(&t, ms[3]);
	o = times_json(&t);
	assert_true(json_real_value(json_object_get(o, "min")) == 0.5);
	assert_true(json_real_value(json_object_get(o, "median")) == 2);
	assert_true(json_real_value(json_object_get(o, "max")) == 12.25);
	json_decref(o);
	times_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_odd_and_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
