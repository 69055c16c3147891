#include "../tools/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
	int runs;
	int64_t number, time;
	char texts[64];
	char word[16];
	int arguments;
} got;

static int run(struct cli *cli)
{
	size_t at = 0;

	got.runs++;
	got.number = cli_number(cli, "number", 7);
	got.time = cli_time(cli, "time", 1500);
	got.arguments = cli_argument_count(cli);
	for (const char *v; (v = cli_next(cli, "text", &at)) != NULL;) {
		strncat(got.texts, v, sizeof got.texts - strlen(got.texts) - 1);
		strncat(got.texts, ";", sizeof got.texts - strlen(got.texts) - 1);
	}
	snprintf(got.word, sizeof got.word, "%s", cli_get(cli, "word") ? cli_get(cli, "word") : "");
	return cli_json(cli) ? EXIT_FINDINGS : EXIT_DONE;
}

static const struct cli_option options[] = {
	{ "number", 'n', CLI_NUMBER, "N", .min = 1, .max = 10, .what = "a number" },
	{ "time", 0, CLI_TIME, "TIME", .min = 100, .what = "a time" },
	{ "text", 't', CLI_TEXT, "TEXT", .repeats = true, .what = "texts" },
	{ "word", 0, CLI_WORD, .words = "one|two", .what = "a word" },
	{ 0 },
};
static const struct cli_example examples[] = { { "anyportctl a b", "an example" }, { 0 } };
static const struct cli_command command = { "a b",  "FILE...", 1,	2,	  true,
					    "what", "about",   options, examples, run };

static int call(const char *line)
{
	static const struct cli_command *const commands[] = { &command };
	char words[256];
	char *argv[32] = { "anyportctl" };
	int argc = 1;

	memset(&got, 0, sizeof got);
	snprintf(words, sizeof words, "%s", line);
	for (char *rest, *w = strtok_r(words, " ", &rest); w != NULL;
	     w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	return cli_main(commands, 1, argc, argv);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(call("a b x -n 3 --time 2m --text p -t q --word two y"), EXIT_DONE);
	assert_int_equal(got.number, 3);
	assert_int_equal(got.time, 120000);
	assert_string_equal(got.texts, "p;q;");
	assert_string_equal(got.word, "two");
	assert_int_equal(got.arguments, 2);
}

static void test_standards(void **state)
{
	(void)state;
	assert_int_equal(call("a b x"), EXIT_DONE);
	assert_int_equal(got.number, 7);
	assert_int_equal(got.time, 1500);
	assert_int_equal(call("a b x --json"), EXIT_FINDINGS);
	assert_int_equal(got.runs, 1);
}

static void test_mistakes(void **state)
{
	static const char *const lines[] = {
		"a b",
		"a b x y z",
		"a b x -n 0",
		"a b x -n 11",
		"a b x -n 3x",
		"a b x --time 99ms",
		"a b x --time 5",
		"a b x --word 3",
		"a b x --word",
		"a b x --nosuch",
		"a b x -n 1 -n 2",
		"a b x --word on",
		"a b x -z",
		"a",
		"a c",
		"nothing --help x",
		"",
		"b a x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (call(lines[i]) != EXIT_USAGE || got.runs != 0)
			fail_msg("\"%s\" is taken", lines[i]);
	}
}

static void test_times(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(cli_parse_time("250ms", &ms) && ms == 250);
	assert_true(cli_parse_time("1d", &ms) && ms == 86400000);
	assert_true(cli_parse_time("0", &ms) && ms == 0);
	assert_false(cli_parse_time("", &ms));
	assert_false(cli_parse_time("s", &ms));
	assert_false(cli_parse_time("-1s", &ms));
	assert_false(cli_parse_time("1 s", &ms));
	assert_false(cli_parse_time("99999999999s", &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_standards),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
