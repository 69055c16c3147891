#include "live/words.h"

#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct span span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

static void test_lines(void **state)
{
	const char *text = "one\r\n\ntwo";
	struct span line;

	(void)state;
	assert_true(words_line(&text, &line));
	assert_true(span_is(line, "one"));
	assert_true(words_line(&text, &line));
	assert_int_equal(line.len, 0);
	assert_true(words_line(&text, &line));
	assert_true(span_is(line, "two"));
	assert_false(words_line(&text, &line));
}

static void test_words(void **state)
{
	struct span line = span("  key=app\\ two use=1 \\"), word;

	(void)state;
	assert_true(words_next(&line, &word));
	assert_true(span_is(word, "key=app\\ two"));
	assert_true(words_next(&line, &word));
	assert_true(span_is(word, "use=1"));
	assert_true(words_next(&line, &word));
	assert_true(span_is(word, "\\"));
	assert_false(words_next(&line, &word));
}

static void test_values(void **state)
{
	struct span line = span("srv=n1 sessrv=no rq[f=80h,i=7,an=00h] (age=3s) rx=");

	(void)state;
	assert_true(span_is(words_value(line, "srv="), "n1"));
	assert_true(span_is(words_value(line, "i="), "7"));
	assert_true(span_is(words_value(line, "an="), "00h"));
	assert_true(span_is(words_value(line, "age="), "3s"));
	assert_int_equal(words_value(line, "rx=").len, 0);
	assert_int_equal(words_value(line, "nosuch=").len, 0);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(span_number(span("17,")), 17);
	assert_int_equal(span_number(span("-3")), -3);
	assert_int_equal(span_number(span("")), -1);
	assert_int_equal(span_number(span("x")), -1);
	assert_int_equal(span_number(span("99999999999999999999")), INT64_MAX);
	assert_int_equal(span_hex(span("0x6811 x")), 0x6811);
	assert_int_equal(span_seconds(span("1d02h03m04s")), 86400 + 7200 + 180 + 4);
	assert_int_equal(span_seconds(span("10m58s")), 658);
	assert_int_equal(span_seconds(span("0d00h00m04s")), 4);
	assert_int_equal(span_seconds(span("<NEVER>")), -1);
	assert_int_equal(span_seconds(span("5")), -1);
	assert_int_equal(span_seconds(span("")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
