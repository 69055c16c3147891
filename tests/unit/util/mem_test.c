#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void copies_a_part_of_a_text(void **state)
{
	char *part = mem_strndup("broker", 3), *none = mem_strdup("");

	(void)state;
	assert_string_equal(part, "bro");
	assert_string_equal(none, "");
	free(part);
	free(none);
}

static void prints_texts_of_any_length(void **state)
{
	char *none = mem_printf("%s", ""), *one = mem_printf("%s:%d", "kafka", 9092);
	char *padded = mem_printf("%100000d.", 7);

	(void)state;
	assert_string_equal(none, "");
	assert_string_equal(one, "kafka:9092");
	assert_int_equal(strlen(padded), 100001);
	assert_string_equal(padded + 99998, " 7.");
	free(none);
	free(one);
	free(padded);
}

PRINTF_LIKE(1, 2)
static char *with_list(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	return text;
}

static void prints_a_list_of_arguments(void **state)
{
	char *text = with_list("%s-%zu", "n", (size_t)12);

	(void)state;
	assert_string_equal(text, "n-12");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_a_part_of_a_text),
		cmocka_unit_test(prints_texts_of_any_length),
		cmocka_unit_test(prints_a_list_of_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
