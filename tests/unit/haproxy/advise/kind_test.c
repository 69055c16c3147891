#include "advise/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
	struct cfg *cfg;
	struct cfg_section *backend, *frontend;
	struct kind_found found;
};

/* Lines of the frontend and of the backend. */
static struct scene scene(const char *front, const char *back)
{
	struct scene s = { .cfg = cfg_new() };
	char text[2000];

	snprintf(text, sizeof text,
		 "frontend other\n    default_backend x\nfrontend f\n%s    default_backend gw\n"
		 "backend x\nbackend gw\n%s",
		 front, back);
	cfg_parse(s.cfg, "f", text, strlen(text));
	s.backend = cfg_section(s.cfg, CFG_BACKEND, "gw");
	s.frontend = kind_frontend(s.cfg, s.backend);
	assert_string_equal(s.frontend->name, "f");
	s.found = kind_find(s.backend, s.frontend);
	return s;
}

static enum simulate_key kind_of(const char *front, const char *back)
{
	struct scene s = scene(front, back);

	cfg_free(s.cfg);
	return s.found.key;
}

#define ID                                               \
	"    tcp-request content set-var(txn.key) src\n" \
	"    tcp-request content set-var(txn.key) req.payload_lv(12,2) if has_id\n"
#define BOTH ID "    tcp-request content set-var-fmt(txn.both) \"%[src]|%[var(txn.key)]\"\n"
#define TABLE "    stick-table type string len 64 size 1k expire 24h\n"

static void test_kinds(void **state)
{
	struct scene s;

	(void)state;
	assert_int_equal(kind_of("", ""), SIMULATE_NONE);
	assert_int_equal(kind_of("", "    stick on src\n"), SIMULATE_SOURCE);
	assert_int_equal(kind_of("", "    stick on dst_port\n"), SIMULATE_PORT);
	assert_int_equal(kind_of("", "    stick on ssl_fc_sni\n"), SIMULATE_SNI);
	assert_int_equal(kind_of("", "    stick on ssl_c_s_dn(cn)\n"), SIMULATE_CERT);
	assert_int_equal(kind_of("", "    stick on req.payload_lv(12,2)\n"), SIMULATE_CLIENT_ID);
	assert_int_equal(kind_of(ID, "    stick on var(txn.key)\n"), SIMULATE_CLIENT_ID);
	assert_int_equal(kind_of(BOTH, "    stick on var(txn.both)\n"), SIMULATE_SOURCE_CLIENT_ID);
	s = scene("", "    stick on rand(3)\n");
	assert_false(s.found.is_known);
	cfg_free(s.cfg);
}

static char *changed(const char *front, const char *back, enum simulate_key to)
{
	struct scene s = scene(front, back);
	struct changes e;
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	changes_init(&e, s.cfg);
	if (kind_change(&e, s.backend, s.frontend, &s.found, to)) {
		assert_int_equal(kind_find(s.backend, s.frontend).key, to);
		out = open_memstream(&text, &size);
		changes_print(&e, out);
		fclose(out);
	} else {
		assert_int_equal(e.count, 0);
	}
	changes_deinit(&e);
	cfg_free(s.cfg);
	return text;
}

static void test_changes(void **state)
{
	char *text = changed("", TABLE "    stick on var(txn.key)\n", SIMULATE_SOURCE);

	(void)state;
	assert_string_equal(text,
			    "@@ f:7\n-" TABLE "+    stick-table type ipv6 size 1k expire 24h\n"
			    "@@ f:8\n-    stick on var(txn.key)\n+    stick on src\n");
	free(text);
	text = changed(ID, TABLE "    stick on var(txn.key)\n", SIMULATE_SOURCE_CLIENT_ID);
	assert_string_equal(text, "@@ f:5\n+    tcp-request content set-var-fmt(txn.key) "
				  "\"%[src]|%[var(txn.key)]\" if has_id\n"
				  "@@ f:9\n-" TABLE
				  "+    stick-table type string len 128 size 1k expire 24h\n");
	free(text);
	assert_null(changed("", TABLE "    stick on src\n", SIMULATE_CLIENT_ID));
	assert_null(changed("", "", SIMULATE_SOURCE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
