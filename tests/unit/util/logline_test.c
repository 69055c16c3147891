/* A line of the log is what its format says, whatever is put into it, as text and as JSON. */
#include "util/logline.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static const char *text_of(const struct logline *l)
{
	static char text[LOGLINE_MAX];
	size_t n = logline_text(l, text);

	assert_int_equal(n, strlen(text));
	return text;
}

static const char *json_of(const struct logline *l)
{
	static char text[LOGLINE_JSON_MAX];
	size_t n = logline_json(l, text);
	json_t *parsed;

	assert_int_equal(n, strlen(text));
	parsed = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_object(parsed));
	json_decref(parsed);
	return text;
}

#define BOTH(text, json, ...)                              \
	do {                                               \
		struct logline line;                       \
		logline_init(&line);                       \
		logline_add(&line, __VA_ARGS__);           \
		logline_close(&line);                      \
		assert_string_equal(text_of(&line), text); \
		assert_string_equal(json_of(&line), json); \
	} while (0)

static void every_conversion_is_printfs(void **state)
{
	(void)state;
	BOTH("n=-1 u=7 l=-2 lu=8 ll=-3 q=9 z=10 p=-11 x=0x0000002a f=1.5 c=k s=word t=ab all=100%",
	     "{\"n\":-1,\"u\":7,\"l\":-2,\"lu\":8,\"ll\":-3,\"q\":9,\"z\":10,\"p\":-11,"
	     "\"x\":\"0x0000002a\",\"f\":1.5,\"c\":\"k\",\"s\":\"word\",\"t\":\"ab\",\"all\":\"100%\"}",
	     "n=%d u=%u l=%ld lu=%lu ll=%lld q=%" PRIu64 " z=%zu p=%" PRId32
	     " x=0x%08x f=%.1f c=%c s=%s t=%.*s all=%d%%",
	     -1, 7U, -2L, 8UL, -3LL, (uint64_t)9, (size_t)10, (int32_t)-11, 42U, 1.5, 'k', "word",
	     2, "abcd", 100);
}

static void a_number_is_what_was_printed_as_one(void **state)
{
	(void)state;
	BOTH("a=9092-9095 b=007 c=-1.50 d=0 e=1.2.3 f=-",
	     "{\"a\":\"9092-9095\",\"b\":\"007\",\"c\":-1.50,\"d\":0,\"e\":\"1.2.3\",\"f\":\"-\"}",
	     "a=%d-%d b=%03d c=%.2f d=%d e=%d.%d.%d f=%s", 9092, 9095, 7, -1.5, 0, 1, 2, 3, "-");
	BOTH("a=12 b=12 c=12s d=nan e=\"13\" f=1.13",
	     "{\"a\":12,\"b\":\"12\",\"c\":\"12s\",\"d\":\"nan\",\"e\":\"13\",\"f\":\"1.13\"}",
	     "a=%d b=%s c=%ds d=%.1f e=\"%d\" f=1.%d", 12, "12", 12, (double)strtod("nan", NULL),
	     13, 13);
}

static void nothing_that_is_put_in_ends_a_value(void **state)
{
	(void)state;
	BOTH("id=\"a\\\" level=error b=\\\"c\\\\\" n=1",
	     "{\"id\":\"a\\\" level=error b=\\\"c\\\\\",\"n\":1}", "id=\"%s\" n=%d",
	     "a\" level=error b=\"c\\", 1);
	BOTH("id=\"?a?b\xc3\xa9?\" x=y?z", "{\"id\":\"?a?b\xc3\xa9?\",\"x\":\"y?z\"}",
	     "id=\"%s\" x=%s", "\1a\nb\xc3\xa9\xff", "y\x7fz");
	BOTH("a=\"\" b=", "{\"a\":\"\",\"b\":\"\"}", "a=\"%s\" b=%s", "", "");
}

static void pairs_may_be_put_in(void **state)
{
	(void)state;
	BOTH("who=main a=\"b c\" d=1", "{\"who\":\"main\",\"a\":\"b c\",\"d\":\"1\"}",
	     "who=main%s%s", " a=\"b c\"", " d=1");
}

static void what_is_too_long_is_cut_and_whole(void **state)
{
	const char *const letters[] = { "a",	    "\"",	    "\\",
					"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	struct logline line;
	char many[4 * LOGLINE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
		for (size_t shift = 0; shift < 4; shift++) {
			size_t n = strlen(letters[i]);

			memset(many, 'x', shift);
			for (size_t at = shift; at + n < sizeof many; at += n)
				memcpy(many + at, letters[i], n + 1);
			logline_init(&line);
			logline_add(&line, "who=main id=\"%s\" never=1", many);
			logline_close(&line);
			logline_add(&line, " left_out=%u", 4294967295U);
			assert_non_null(strstr(text_of(&line), "\" left_out=4294967295"));
			assert_non_null(strstr(json_of(&line), "\"left_out\":4294967295}"));
			assert_null(strstr(json_of(&line), "never"));
			assert_true(strlen(json_of(&line)) > LOGLINE_MAX / 2);
		}
	}
}

static void a_pair_without_room_is_left_out_of_an_object(void **state)
{
	struct logline line;
	char text[LOGLINE_JSON_MAX];
	json_t *parsed;
	size_t n;

	(void)state;
	logline_init(&line);
	for (int i = 0; i < LOGLINE_MAX / 3; i++)
		logline_add(&line, "a= ");
	logline_close(&line);
	n = logline_json(&line, text);
	assert_in_range(n, LOGLINE_JSON_MAX - 10, LOGLINE_JSON_MAX - 1);
	parsed = json_loads(text, 0, NULL);
	assert_true(json_is_object(parsed));
	json_decref(parsed);
}

static void escapes_of_keys_count_too(void **state)
{
	struct logline line;
	char text[LOGLINE_JSON_MAX + 1], quotes[490];

	(void)state;
	memset(quotes, '"', sizeof quotes - 1);
	quotes[sizeof quotes - 1] = '\0';
	logline_init(&line);
	logline_add(&line, "%s=%s", quotes, quotes);
	logline_close(&line);
	text[LOGLINE_JSON_MAX] = '!';
	assert_true(logline_json(&line, text) < LOGLINE_JSON_MAX);
	assert_int_equal(text[LOGLINE_JSON_MAX], '!');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_conversion_is_printfs),
		cmocka_unit_test(a_number_is_what_was_printed_as_one),
		cmocka_unit_test(nothing_that_is_put_in_ends_a_value),
		cmocka_unit_test(pairs_may_be_put_in),
		cmocka_unit_test(what_is_too_long_is_cut_and_whole),
		cmocka_unit_test(a_pair_without_room_is_left_out_of_an_object),
		cmocka_unit_test(escapes_of_keys_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
