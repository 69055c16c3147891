#include "advise/advise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] =
	"global\n    maxconn 1000\n"
	"defaults\n    mode tcp\n    timeout client 11m\n    timeout server 11m\n"
	"    option redispatch 1\n"
	"frontend f\n    bind :9092\n"
	"    tcp-request connection reject if { sc1_conn_cur gt 200 }\n"
	"    default_backend gw\n"
	"backend gw\n    balance leastconn\n"
	"    stick-table type ipv6 size 1k expire 24h peers p\n    stick on src\n";

/* Even, calm, few entries. */
static const struct facts calm = {
	.balancers = 1,
	.nodes = 3,
	.sessions = 90,
	.sources = 30,
	.busiest = 3,
	.busiest_source = "10.0.0.9",
	.oldest = 3600,
	.peak = 100,
	.maxconn = 1000,
	.table_used = 30,
	.skew = 1.1,
	.bytes_skew = 1.2,
};

static struct cfg *cfg;
static struct advised out;

static void give(const char *text, const struct facts *facts)
{
	struct advise_file file;

	cfg = cfg_new();
	cfg_parse(cfg, "f", text, strlen(text));
	assert_true(advise_read(&file, cfg, "gw"));
	out = advise(&file, facts);
}

static void done(void)
{
	advised_free(&out);
	cfg_free(cfg);
}

static const struct advice *about(const char *matter)
{
	for (size_t i = 0; i < out.count; i++)
		if (strcmp(out.list[i].matter, matter) == 0)
			return &out.list[i];
	fail_msg("nothing about %s", matter);
	return NULL;
}

static bool diff_has(const char *line)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	bool has;

	changes_print(&out.edits, to);
	fclose(to);
	has = strstr(text, line) != NULL;
	free(text);
	return has;
}

static void test_all_is_well(void **state)
{
	(void)state;
	give(good, &calm);
	assert_int_equal(advised_changes(&out), 0);
	assert_int_equal(out.edits.count, 0);
	assert_string_equal(about("stickiness")->now, "source");
	assert_string_equal(about("maxconn")->now, "1000");
	done();
}

static void test_settings(void **state)
{
	static const char bad[] =
		"global\n    maxconn 120\n"
		"defaults\n    mode tcp\n    timeout client 60s\n"
		"    timeout tunnel 5m\n    option redispatch\n"
		"frontend f\n    bind :9092\n"
		"    tcp-request connection reject if { sc1_conn_cur gt 4 }\n"
		"    default_backend gw\n"
		"backend gw\n    balance leastconn\n"
		"    stick-table type ipv6 size 50 expire 10m\n    stick on src\n";
	struct facts f = calm;

	(void)state;
	f.maxconn = 120;
	f.oldest = 2 * 86400;
	give(bad, &f);
	assert_string_equal(about("table size")->better, "1k");
	assert_string_equal(about("table expiry")->better, "96h");
	assert_string_equal(about("timeout client")->better, "11m");
	assert_string_equal(about("timeout server")->now, "none");
	assert_string_equal(about("timeout tunnel")->better, "none");
	assert_string_equal(about("redispatch")->now, "at the last try");
	assert_string_equal(about("maxconn")->better, "200");
	assert_string_equal(about("limit of a source")->better, "10");
	assert_string_equal(about("peers")->now, "none");
	assert_false(about("peers")->is_edited);
	assert_true(diff_has("+    stick-table type ipv6 size 1k expire 96h\n"));
	assert_true(diff_has("+    timeout client 11m\n"));
	assert_true(diff_has("@@ f:12\n+    timeout server 11m\n"));
	assert_true(diff_has("-    timeout tunnel 5m\n@@"));
	assert_true(diff_has("+    option redispatch 1\n"));
	assert_true(diff_has("+    maxconn 200\n"));
	assert_true(diff_has("{ sc1_conn_cur gt 10 }"));
	done();
}

static void test_another_kind(void **state)
{
	struct facts f = calm;

	(void)state;
	f.skew = 2;
	f.kinds[SIMULATE_SOURCE] = (struct facts_kind){ true, 2, 2, 1 };
	f.kinds[SIMULATE_NONE] = (struct facts_kind){ true, 1, 1, 0 };
	f.kinds[SIMULATE_PORT] = (struct facts_kind){ true, 1.1, 1, 1 };
	give(good, &f);
	assert_string_equal(about("stickiness")->better, "port");
	assert_true(diff_has("+    stick on dst_port\n"));
	assert_true(diff_has("+    stick-table type integer size 1k expire 24h peers p\n"));
	done();
	f.kinds[SIMULATE_PORT].skew = 1.9; /* not worth it */
	give(good, &f);
	assert_null(about("stickiness")->better);
	done();
	f.kinds[SIMULATE_PORT].skew = 1.1;
	f.sessions = 20; /* too few */
	give(good, &f);
	assert_null(about("stickiness")->better);
	done();
}

static void test_shared_id(void **state)
{
	static const char by_id[] =
		"global\n    maxconn 1000\n"
		"defaults\n    mode tcp\n    timeout client 11m\n    timeout server 11m\n"
		"    option redispatch 1\n"
		"frontend f\n    bind :9092\n"
		"    tcp-request content set-var(txn.k) req.payload_lv(12,2) if { src -m found }\n"
		"    default_backend gw\n"
		"backend gw\n    balance leastconn\n"
		"    stick-table type string len 64 size 1k expire 24h peers p\n"
		"    stick on var(txn.k)\n";
	struct facts f = calm;

	(void)state;
	f.skew = 2;
	snprintf(f.shared_id, sizeof f.shared_id, "rdkafka");
	give(by_id, &f);
	assert_string_equal(about("stickiness")->now, "client-id");
	assert_string_equal(about("stickiness")->better, "source+client-id");
	assert_non_null(strstr(about("stickiness")->why, "rdkafka"));
	assert_true(diff_has("+    tcp-request content set-var-fmt(txn.k) \"%[src]|%[var(txn.k)]\" "
			     "if { src -m found }\n"));
	assert_true(diff_has("len 128"));
	done();
}

static void test_nothing_sticks(void **state)
{
	struct facts f = calm;

	(void)state;
	f.skew = 2;
	f.table_used = -1;
	give("defaults\n    timeout client 11m\n    timeout server 11m\n    option redispatch 1\n"
	     "frontend f\n    default_backend gw\nbackend gw\n    balance leastconn\n",
	     &f);
	assert_int_equal(advised_changes(&out), 0);
	assert_string_equal(about("stickiness")->now, "none");
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_well),    cmocka_unit_test(test_settings),
		cmocka_unit_test(test_another_kind),   cmocka_unit_test(test_shared_id),
		cmocka_unit_test(test_nothing_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
