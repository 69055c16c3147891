#include "util/text.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct address {
	const char *text;
	const char *host; /* NULL: must be refused */
	int port;
	const char *printed;
};

static const struct address addresses[] = {
	{ "kafka", "kafka", 0, "kafka" },
	{ "kafka:9092", "kafka", 9092, "kafka:9092" },
	{ "10.0.0.1:1", "10.0.0.1", 1, "10.0.0.1:1" },
	{ "a_b-c.d:65535", "a_b-c.d", 65535, "a_b-c.d:65535" },
	{ "::1", "::1", 0, "::1" },
	{ "[::1]", "::1", 0, "::1" },
	{ "[fe80::1%eth0]:9092", "fe80::1%eth0", 9092, "[fe80::1%eth0]:9092" },
	{ "", NULL, 0, NULL },
	{ ":9092", NULL, 0, NULL },
	{ "kafka:", NULL, 0, NULL },
	{ "kafka:0", NULL, 0, NULL },
	{ "kafka:65536", NULL, 0, NULL },
	{ "kafka:+1", NULL, 0, NULL },
	{ "kafka:1x", NULL, 0, NULL },
	{ "kafka: 1", NULL, 0, NULL },
	{ "ka fka:1", NULL, 0, NULL },
	{ "[::1", NULL, 0, NULL },
	{ "[]:1", NULL, 0, NULL },
	{ "[::1]9092", NULL, 0, NULL },
	{ "[::1]:", NULL, 0, NULL },
	{ "tcp://kafka:1", NULL, 0, NULL },
};

static void addresses_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		const struct address *a = &addresses[i];
		char host[TEXT_HOST_MAX] = "untouched";
		char printed[TEXT_HOST_MAX + 16];
		int port = -1;

		if (text_host_port(a->text, host, &port) != (a->host != NULL))
			fail_msg("%s", a->text);
		if (a->host == NULL)
			continue;
		assert_string_equal(host, a->host);
		assert_int_equal(port, a->port);
		text_host_port_print(printed, sizeof printed, host, port);
		assert_string_equal(printed, a->printed);
	}
}

static void a_host_has_a_longest(void **state)
{
	char name[TEXT_HOST_MAX + 1];
	char host[TEXT_HOST_MAX];
	int port;

	(void)state;
	memset(name, 'a', sizeof name);
	name[TEXT_HOST_MAX] = '\0';
	assert_false(text_host_port(name, host, &port));
	name[TEXT_HOST_MAX - 1] = '\0';
	assert_true(text_host_port(name, host, &port));
	assert_string_equal(host, name);
}

static void numbers_are_numbers(void **state)
{
	static const char *const bad[] = { "",	 "-",	"+",
					   "1 ", " 1",	"0x1",
					   "1.", "--1", "9223372036854775808" };
	int64_t n = 0;

	(void)state;
	assert_true(text_int64("-9223372036854775808", &n));
	assert_int_equal(n, INT64_MIN);
	assert_true(text_int64("+42", &n));
	assert_int_equal(n, 42);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (text_int64(bad[i], &n))
			fail_msg("\"%s\"", bad[i]);
	}
}

static void lists_have_items(void **state)
{
	static const char *const items[] = { "a", "b c", "", "d" };
	const char *rest = " a,b c ,,\td";
	char *item;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		item = text_next_item(&rest);
		assert_non_null(item);
		assert_string_equal(item, items[i]);
		free(item);
	}
	assert_null(text_next_item(&rest));
}

static void distances(void **state)
{
	char longest[65];

	(void)state;
	memset(longest, 'a', sizeof longest);
	longest[64] = '\0';
	assert_int_equal(text_distance("port_start", "port_start"), 0);
	assert_int_equal(text_distance("port_strat", "port_start"), 1);
	assert_int_equal(text_distance("prt_start", "port_start"), 1);
	assert_int_equal(text_distance("ports_start", "port_start"), 1);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_true(text_distance(longest, longest) > 64);
	assert_int_equal(text_distance(longest + 1, longest + 1), 0);
}

static void what_can_be_printed_stays(void **state)
{
	static const struct {
		const char *text, *printable;
	} cases[] = {
		{ "", "" },
		{ "orders-1", "orders-1" },
		{ "a\tb\nc\x1b[2J\x7f", "a?b?c?[2J?" },
		{ "\xc3\xbc \xe2\x82\xac \xf0\x9f\x92\xa1",
		  "\xc3\xbc \xe2\x82\xac \xf0\x9f\x92\xa1" },
		{ "\xc2\x9bm \xc2\xa0", "??m \xc2\xa0" }, /* a control character of two bytes */
		{ "\xc0\xaf \xe0\x80\xaf", "?? ???" },	  /* longer than need be */
		{ "\xed\xa0\x80 \xf4\x90\x80\x80", "??? ????" }, /* no letters */
		{ "\xff \xbf \xe2\x82", "? ? ??" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = mem_strdup(cases[i].text);

		text_make_printable(text);
		assert_string_equal(text, cases[i].printable);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(a_host_has_a_longest),
		cmocka_unit_test(numbers_are_numbers),
		cmocka_unit_test(lists_have_items),
		cmocka_unit_test(distances),
		cmocka_unit_test(what_can_be_printed_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
