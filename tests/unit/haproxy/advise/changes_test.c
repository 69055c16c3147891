#include "advise/changes.h"

#include "cfg/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char file[] = "defaults\n"
			   "    timeout client 1m # short\n"
			   "backend gw\n"
			   "    stick-table type string len 64 size 1k expire 1h\n"
			   "    stick on var(txn.key)\n";

static char *print(const struct changes *e)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	changes_print(e, out);
	fclose(out);
	return text;
}

static void test_diff(void **state)
{
	struct cfg *cfg = cfg_new();
	struct changes e;
	struct cfg_section *backend;
	char *text;

	(void)state;
	cfg_parse(cfg, "f", file, strlen(file));
	backend = cfg_section(cfg, CFG_BACKEND, "gw");
	changes_init(&e, cfg);
	changes_set_word(&e, backend->lines[0], "size", "4k");
	changes_set_word(&e, backend->lines[0], "expire", "24h");
	changes_set_word(&e, backend->lines[0], "peers", "p");
	changes_delete(&e, backend->lines[1]);
	changes_set(&e, cfg_own(cfg->sections[0], "timeout", "client"), "timeout client 11m");
	changes_add(&e, backend->header, "option redispatch 1");
	text = print(&e);
	assert_string_equal(text,
			    "@@ f:2\n-    timeout client 1m # short\n+    timeout client 11m\n"
			    "@@ f:3\n+    option redispatch 1\n"
			    "@@ f:4\n-    stick-table type string len 64 size 1k expire 1h\n"
			    "+    stick-table type string len 64 size 4k expire 24h peers p\n"
			    "@@ f:5\n-    stick on var(txn.key)\n");
	free(text);
	changes_deinit(&e);
	cfg_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_diff) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
