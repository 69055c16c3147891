#include "../tools/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void shows(const char *json, enum table_kind kind, const char *expected)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	char cell[64];

	table_cell(value, kind, cell, sizeof cell);
	assert_string_equal(cell, expected);
	json_decref(value);
}

static void test_cells(void **state)
{
	(void)state;
	shows("null", TABLE_NUMBER, "-");
	shows("true", TABLE_TEXT, "yes");
	shows("17", TABLE_NUMBER, "17");
	shows("1.255", TABLE_NUMBER, "1.25");
	shows("1023", TABLE_BYTES, "1023 B");
	shows("1536", TABLE_BYTES, "1.5 KiB");
	shows("3221225472", TABLE_BYTES, "3 GiB");
	shows("0.0042", TABLE_SECONDS, "4.20 ms");
	shows("0.35", TABLE_SECONDS, "350 ms");
	shows("90", TABLE_SECONDS, "1.5 min");
	shows("86400", TABLE_SECONDS, "1 d");
	shows("0.25", TABLE_PERCENT, "25 %");
	shows("0.004", TABLE_PERCENT, "0.4 %");
}

static void test_aligned(void **state)
{
	static const struct table_column columns[] = {
		{ "name", "node", TABLE_TEXT },
		{ "n", "sessions", TABLE_NUMBER },
		{ "note", "note", TABLE_TEXT },
	};
	json_t *rows = json_loads("[{\"name\":\"n1\",\"n\":5,\"note\":\"h\\u00e9\"},"
				  "{\"name\":\"a-long-name\",\"n\":12345678901}]",
				  0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	table_print(out, columns, 3, rows);
	fclose(out);
	assert_string_equal(text, "node            sessions  note\n"
				  "n1                     5  h\xc3\xa9\n"
				  "a-long-name  12345678901  -\n");
	free(text);
	json_decref(rows);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(table_width(""), 0);
	assert_int_equal(table_width("abc"), 3);
	assert_int_equal(table_width("h\xc3\xa9\xe2\x82\xac"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_aligned),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
