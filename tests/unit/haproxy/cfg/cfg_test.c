#include "unit/haproxy/cfg/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char text[] = "# head\n"
			   "global\n"
			   "\tmaxconn 100   # room\n"
			   "\n"
			   "defaults kafka\n"
			   "    mode tcp\n"
			   "frontend in from kafka\n"
			   "    .if feature(OPENSSL)\n"
			   "    bind :9093 ssl crt \"${PEM}\"\n"
			   "    .endif\n"
			   "    bind :9092\n"
			   "backend gw\n"
			   "    server n1 10.0.0.1";

static void test_kept(void **state)
{
	struct cfg *cfg = sample(text);
	char *again = printed(cfg);

	(void)state;
	assert_string_equal(again, text);
	assert_int_equal(cfg->mistake_count, 0);
	assert_int_equal(cfg->line_count, 13);
	assert_int_equal(cfg->section_count, 4);
	free(again);
	cfg_free(cfg);
}

static void test_sections(void **state)
{
	struct cfg *cfg = sample(text);
	struct cfg_section *in = cfg->sections[2];

	(void)state;
	assert_int_equal(in->kind, CFG_FRONTEND);
	assert_string_equal(in->name, "in");
	assert_string_equal(in->from, "kafka");
	assert_ptr_equal(in->defaults, cfg->sections[1]);
	assert_int_equal(in->line_count, 2);
	assert_true(in->lines[0]->is_conditional);
	assert_true(in->lines[0]->has_variable);
	assert_false(in->lines[1]->is_conditional);
	assert_int_equal(in->lines[1]->number, 11);
	assert_string_equal(cfg->sections[0]->lines[0]->comment, "# room\n");
	assert_ptr_equal(cfg->sections[3]->defaults, cfg->sections[1]);
	cfg_free(cfg);
}

static void test_mistakes(void **state)
{
	struct cfg *cfg = sample("maxconn 5\nglobal\n log 'x\n.if 1\nfrontend f from nowhere\n");

	(void)state;
	assert_int_equal(cfg->mistake_count, 4);
	assert_int_equal(cfg->mistakes[0].line, 1);
	assert_int_equal(cfg->mistakes[1].line, 3);
	assert_string_equal(cfg->mistakes[1].what, "a quote that is not closed");
	assert_int_equal(cfg->mistakes[2].line, 5);
	assert_string_equal(cfg->mistakes[3].what, ".if without .endif");
	cfg_free(cfg);
}

static void test_edits(void **state)
{
	struct cfg *cfg = sample(text);
	struct cfg_section *gw = cfg->sections[3];
	struct cfg_line *line = cfg_line_add(cfg, gw->lines[0], "server n2 10.0.0.2 # second");
	char *again;

	(void)state;
	assert_non_null(line);
	assert_string_equal(line->comment, "# second\n");
	assert_non_null(cfg_line_add(cfg, gw->header, "balance leastconn"));
	assert_true(cfg_line_set(cfg, cfg->sections[0]->lines[0], "maxconn 200"));
	assert_false(cfg_line_set(cfg, gw->lines[0], "server 'open"));
	assert_false(cfg_line_set(cfg, gw->lines[0], "two\nlines"));
	cfg_line_delete(cfg->sections[1]->lines[0]);
	assert_int_equal(gw->line_count, 3);
	assert_string_equal(gw->lines[0]->words[0], "balance");
	assert_string_equal(gw->lines[2]->words[1], "n2");
	again = printed(cfg);
	assert_non_null(strstr(again, "global\n\tmaxconn 200\n\ndefaults kafka\nfrontend"));
	assert_non_null(strstr(again, "backend gw\n    balance leastconn\n    server n1 10.0.0.1\n"
				      "    server n2 10.0.0.2 # second\n"));
	free(again);
	cfg_free(cfg);
}

static void test_files(void **state)
{
	struct cfg *cfg = sample("defaults d\n mode tcp\n");
	char *again;

	(void)state;
	cfg_parse(cfg, "u.cfg", "frontend f\n", 11);
	assert_ptr_equal(cfg->sections[1]->defaults, cfg->sections[0]);
	again = printed(cfg);
	assert_string_equal(again, "defaults d\n mode tcp\n");
	free(again);
	cfg_parse(cfg, "v.cfg", " mode tcp\n", 10);
	assert_int_equal(cfg->mistake_count, 1);
	assert_string_equal(cfg->mistakes[0].file, "v.cfg");
	cfg_free(cfg);
}

static void test_words_of_a_line(void **state)
{
	struct cfg *cfg = sample("backend b\n stick-table type ip size 1k\n");
	const struct cfg_line *line = cfg->sections[0]->lines[0];

	(void)state;
	assert_true(cfg_line_is(line, "stick-table", "type", NULL));
	assert_false(cfg_line_is(line, "stick-table", "size", NULL));
	assert_string_equal(cfg_line_after(line, "size"), "1k");
	assert_null(cfg_line_after(line, "1k"));
	cfg_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),	 cmocka_unit_test(test_sections),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_edits),
		cmocka_unit_test(test_files),	 cmocka_unit_test(test_words_of_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
