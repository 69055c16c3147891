/* Words that a HAProxy does not know yet. */
#include "cfg/newer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* What is said of a backend with this line, to that HAProxy; "" for nothing. */
static const char *said(const char *line, const char *to)
{
	static char text[200];
	struct cfg *cfg = cfg_new();
	const struct cfg_line *where;
	struct newer_word word;
	struct version v;
	char file[300];

	assert_true(version_parse(to, &v));
	snprintf(file, sizeof file, "backend b\n    mode tcp\n    %s\n", line);
	cfg_parse(cfg, "f", file, strlen(file));
	assert_int_equal(cfg->mistake_count, 0);
	text[0] = '\0';
	if (newer_in_cfg(cfg, &v, &word, &where)) {
		assert_int_equal(where->number, 3);
		newer_print(&word, &v, text, sizeof text);
	}
	cfg_free(cfg);
	return text;
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(said("server n1 h guid g1", "2.6.12"),
			    "HAProxy 2.6.12 does not know `guid`, which 3.0 does");
	assert_string_equal(said("server n1 h guid g1", "3.0"), "");
	assert_string_equal(said("guid g", "2.8"),
			    "HAProxy 2.8 does not know `guid`, which 3.0 does");
	assert_string_equal(said("default-server hash-key addr", "2.6"),
			    "HAProxy 2.6 does not know `hash-key`, which 3.0 does");
	assert_string_equal(said("default-server hash-key guid", "3.2.26"),
			    "HAProxy 3.2.26 does not know `hash-key guid`, which 3.4 does");
	assert_string_equal(said("default-server hash-key addr", "3.0.11"), "");
	assert_string_equal(said("server-template n 3 h init-state down", "3.0.11"),
			    "HAProxy 3.0.11 does not know `init-state`, which 3.1 does");
	assert_string_equal(said("stick-table type ip size 1k recv-only", "3.0.11"),
			    "HAProxy 3.0.11 does not know `recv-only`, which 3.2 does");
	assert_string_equal(
		said("server n1 h send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[src]", "2.6"),
		"HAProxy 2.6 does not know `set-proxy-v2-tlv-fmt`, which 2.9 does");
	assert_string_equal(said("balance hash src", "2.4"),
			    "HAProxy 2.4 does not know `balance hash`, which 2.6 does");
	assert_string_equal(said("balance hash src", "2.6"), "");
}

/* A server may be called so, and a file may ask for the version itself. */
static void test_others(void **state)
{
	(void)state;
	assert_string_equal(said("# server n1 h guid g1", "2.6"), "");
	assert_string_equal(said("description guid", "2.6"), "");
	assert_string_equal(
		said(".if version_atleast(3.0)\n    server n1 h guid g1\n    .endif", "2.6"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
