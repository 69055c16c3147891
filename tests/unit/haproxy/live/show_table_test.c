#include "live/show_table.h"

#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_captured(void **state)
{
	struct stick_tables all = show_table_parse(
		"# table: gw, type: string, size:102400, used:4\n"
		"0x55e85c878bd0: key=app use=1 exp=86398996 server_id=2 conn_cur=1 server_key=n2\n"
		"0x7fa27003c400: key=app\\ two use=0 exp=86398994 server_id=3 server_key=-\n"
		"0x7fa27003c510: key=gr\\xC3\\xB6\\xC3\\x9Fe use=1 shard=0 server_id=3 conn_rate(10000)=3\n"
		"0x55e85c878ce0: key=orders;x\\=1 use=1 exp=86398995 server_id=2 server_key=n2\n\n");

	(void)state;
	assert_int_equal(all.table_count, 1);
	assert_string_equal(all.tables[0].name, "gw");
	assert_string_equal(all.tables[0].type, "string");
	assert_int_equal(all.tables[0].size, 102400);
	assert_int_equal(all.tables[0].used, 4);
	assert_int_equal(all.entry_count, 4);
	assert_string_equal(all.entries[0].key, "app");
	assert_int_equal(all.entries[0].uses, 1);
	assert_int_equal(all.entries[0].expires_ms, 86398996);
	assert_int_equal(all.entries[0].server_id, 2);
	assert_string_equal(all.entries[0].server_key, "n2");
	assert_int_equal(all.entries[0].conn_cur, 1);
	assert_string_equal(all.entries[1].key, "app two");
	assert_string_equal(all.entries[1].server_key, "");
	assert_int_equal(all.entries[1].conn_cur, -1);
	assert_string_equal(all.entries[2].key, "gr\xc3\xb6\xc3\x9f"
						"e");
	assert_int_equal(all.entries[2].expires_ms, -1);
	assert_string_equal(all.entries[3].key, "orders;x=1");
	show_table_free(&all);
}

static void test_headers_only(void **state)
{
	struct stick_tables all = show_table_parse("0x12: key=lost use=0\n"
						   "# table: a, type: ipv6, size:100, used:0\n"
						   "# table: b, type: integer, size:1, used:1\n");

	(void)state;
	assert_int_equal(all.table_count, 2);
	assert_string_equal(all.tables[1].name, "b");
	assert_int_equal(all.entry_count, 0);
	show_table_free(&all);
}

static void escapes(const char *key, const char *expected)
{
	char *text = show_table_escape(key);

	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
	free(text);
}

static void test_escaped(void **state)
{
	(void)state;
	escapes("app", "app");
	escapes("app two", "app\\ two");
	escapes("a;b\\c", "a\\;b\\\\c");
	escapes("gr\xc3\xb6", "gr\xc3\xb6");
	escapes("", NULL);
	escapes("two\nlines", NULL);
	escapes("heredoc<<", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_headers_only),
		cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
