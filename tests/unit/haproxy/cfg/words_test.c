#include "cfg/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The words with '|' between, or "! mistake". */
static void splits(const char *text, const char *expected)
{
	struct words w;
	char got[256] = "";
	const char *mistake = words_split(text, strlen(text), &w);
	size_t n = 0;

	if (mistake != NULL)
		snprintf(got, sizeof got, "! %s", mistake);
	for (int i = 0; i < w.count; i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%s", i > 0 ? "|" : "",
				      w.words[i]);
	words_free(w.words);
	assert_string_equal(got, expected);
}

static void test_words(void **state)
{
	(void)state;
	splits("", "");
	splits("  bind\t:9092  name x ", "bind|:9092|name|x");
	splits("a\\ b c", "a b|c");
	splits("'a b' \"c d\"", "a b|c d");
	splits("a'b c'd", "ab cd");
	splits("\"\" x", "|x");
	splits("\"q\\\"q\" '\\n' \"\\n\"", "q\"q|\\n|\\n");
	splits("\\x41\\n\\t", "A\n\t");
	splits("log-format '{\"a\":\"%ci\"}'", "log-format|{\"a\":\"%ci\"}");
	splits("a # b", "a");
	splits("a#b", "a");
	splits("a \\# '#' \"#\"", "a|#|#|#");
}

static void test_mistakes(void **state)
{
	(void)state;
	splits("a 'b", "! a quote that is not closed");
	splits("a \"b", "! a quote that is not closed");
	splits("a \\", "! a backslash at the end of the line");
	splits("a \\x4", "! \\x without two hexadecimal digits");
	splits("a \\xzz", "! \\x without two hexadecimal digits");
}

static bool variable(const char *text)
{
	struct words w;

	assert_null(words_split(text, strlen(text), &w));
	words_free(w.words);
	return w.has_variable;
}

static void test_variables(void **state)
{
	(void)state;
	assert_true(variable("bind \"${HOST}:9092\""));
	assert_true(variable("bind \"$HOST\""));
	assert_false(variable("bind ${HOST}:9092"));
	assert_false(variable("bind '${HOST}'"));
	assert_false(variable("bind \"\\$HOST\""));
}

static void test_comment(void **state)
{
	struct words w;

	(void)state;
	assert_null(words_split("mode tcp # why", 14, &w));
	assert_int_equal(w.comment, 9);
	words_free(w.words);
}

static void test_quote(void **state)
{
	static const char *const words[] = { "plain",	    "",	 "two words", "a#b", "q\"q",
					     "back\\slash", "'", "a\nb \"#",  "$x y" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char *quoted = words_quote(words[i]);

		splits(quoted, words[i]);
		free(quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	  cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_variables), cmocka_unit_test(test_comment),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
