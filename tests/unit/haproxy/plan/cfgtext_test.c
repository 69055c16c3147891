#include "plan/cfgtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void indents_lines(void **state)
{
	char text[64] = "";
	FILE *out = fmemopen(text, sizeof text, "w");

	(void)state;
	cfgtext_line(out, "maxconn %d", 7);
	fclose(out);
	assert_string_equal(text, "    maxconn 7\n");
}

/* No line is longer than 92 columns, no word is lost. */
static void wraps_comments(void **state)
{
	char text[1024] = "";
	FILE *out = fmemopen(text, sizeof text, "w");
	size_t words = 0;
	char *rest;

	(void)state;
	cfgtext_why(out, "%s",
		    "one two three four five six seven eight nine ten one two three "
		    "four five six seven eight nine ten one two three four five six "
		    "seven eight nine ten");
	fclose(out);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		assert_true(strlen(line) <= 92);
		assert_memory_equal(line, "    # ", 6);
		for (const char *c = line + 5; *c != '\0'; c++)
			words += *c == ' ';
	}
	assert_int_equal(words, 30);
}

static void a_word_that_never_fits_has_its_own_line(void **state)
{
	char word[120];
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof text, "w");

	(void)state;
	memset(word, 'x', sizeof word);
	word[sizeof word - 1] = '\0';
	cfgtext_head(out, "a %s b", word);
	fclose(out);
	assert_memory_equal(text, "# a\n# xxx", 9);
	assert_string_equal(text + 6 + sizeof word - 1, "\n# b\n");
}

static void one_port_is_no_range(void **state)
{
	char text[64] = "";
	FILE *out = fmemopen(text, sizeof text, "w");

	(void)state;
	cfgtext_ports(out, 9092, 9092);
	fputc(' ', out);
	cfgtext_ports(out, 9092, 9096);
	fclose(out);
	assert_string_equal(text, "9092 9092-9096");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indents_lines),
		cmocka_unit_test(wraps_comments),
		cmocka_unit_test(a_word_that_never_fits_has_its_own_line),
		cmocka_unit_test(one_port_is_no_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
