#include "cfg/view.h"
#include "unit/haproxy/cfg/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char text[] =
	"global\n    maxconn 10\n    maxconn 20\n"
	"defaults base\n    mode tcp\n    timeout client 11m\n    timeout server 660\n    option redispatch 1\n"
	"    default-server check inter 2s weight 100\n"
	"defaults kafka from base\n    no option redispatch\n"
	"listen l from kafka\n"
	"    bind 10.0.0.1:9092-9095,[::1]:9100,:80 accept-proxy name a\n"
	"    bind /run/x.sock mode 600\n"
	"    balance source\n"
	"    default-server port 8888\n"
	"    server n1 10.0.0.1 id 1\n"
	"    server n2 [fe80::1]:+10 no-check\n"
	"    server n3 host:9092 weight 5\n"
	"    server-template t 1-5 dns.example:9092\n"
	"backend b from base\n"
	"    stick-table type string len 64 size 100k expire 24h srvkey addr peers p store conn_cur,conn_rate(10s)\n"
	"    hash-type consistent\n    balance hash var(txn.k)\n";

static void test_settings(void **state)
{
	struct cfg *cfg = sample(text);
	struct cfg_section *l = cfg_section(cfg, CFG_BACKEND, "l");
	const struct cfg_line *line;

	(void)state;
	assert_ptr_equal(l, cfg_section(cfg, CFG_FRONTEND, "l"));
	assert_null(cfg_section(cfg, CFG_FRONTEND, "b"));
	assert_string_equal(cfg_global(cfg, "maxconn", NULL)->words[1], "20");
	assert_string_equal(cfg_mode(l), "tcp");
	assert_false(cfg_has(l, "redispatch"));
	assert_true(cfg_has(cfg_section(cfg, CFG_BACKEND, "b"), "redispatch"));
	assert_int_equal(cfg_timeout(l, "client", &line), 660000);
	assert_int_equal(line->number, 6);
	assert_int_equal(cfg_timeout(l, "server", NULL), 660);
	assert_int_equal(cfg_timeout(l, "tunnel", NULL), -1);
	cfg_free(cfg);
}

static void test_binds(void **state)
{
	struct cfg *cfg = sample(text);
	size_t n;
	struct cfg_bind *b = cfg_binds(cfg_section(cfg, CFG_FRONTEND, "l"), &n);
	struct cfg_bind other = { .first = 9095, .last = 9095 };

	(void)state;
	assert_int_equal(n, 4);
	assert_string_equal(b[0].host, "10.0.0.1");
	assert_int_equal(b[0].first, 9092);
	assert_int_equal(b[0].last, 9095);
	assert_true(cfg_has_option(&b[0].options, "accept-proxy"));
	assert_string_equal(cfg_option_value(&b[0].options, "name"), "a");
	assert_string_equal(b[1].host, "::1");
	assert_string_equal(b[2].host, "");
	assert_true(b[3].is_path);
	assert_true(cfg_binds_overlap(&b[0], &other));
	assert_false(cfg_binds_overlap(&b[1], &other));
	assert_false(cfg_binds_overlap(&b[3], &other));
	free(b);
	cfg_free(cfg);
}

static void test_servers(void **state)
{
	struct cfg *cfg = sample(text);
	size_t n;
	struct cfg_server *s = cfg_servers(cfg_section(cfg, CFG_BACKEND, "l"), &n);

	(void)state;
	assert_int_equal(n, 4);
	assert_int_equal(s[0].map, CFG_PORT_SAME);
	assert_true(cfg_has_option(&s[0].options, "check"));
	assert_string_equal(cfg_option_value(&s[0].options, "port"), "8888");
	assert_string_equal(cfg_option_value(&s[0].options, "id"), "1");
	assert_null(cfg_option(&s[0].own, "check"));
	assert_string_equal(s[1].host, "fe80::1");
	assert_int_equal(s[1].map, CFG_PORT_OFFSET);
	assert_int_equal(s[1].port, 10);
	assert_false(cfg_has_option(&s[1].options, "check"));
	assert_int_equal(s[2].map, CFG_PORT_FIXED);
	assert_string_equal(cfg_option_value(&s[2].options, "weight"), "5");
	assert_int_equal(s[3].copies, 5);
	assert_string_equal(s[3].host, "dns.example");
	free(s);
	cfg_free(cfg);
}

static void test_table(void **state)
{
	struct cfg *cfg = sample(text);
	struct cfg_section *b = cfg_section(cfg, CFG_BACKEND, "b");
	struct cfg_table t;

	(void)state;
	assert_true(cfg_table(b, &t));
	assert_string_equal(t.type, "string");
	assert_int_equal(t.length, 64);
	assert_int_equal(t.size, 102400);
	assert_int_equal(t.expire_ms, 86400000);
	assert_string_equal(t.peers, "p");
	assert_string_equal(t.srvkey, "addr");
	assert_true(cfg_table_stores(&t, "conn_cur"));
	assert_true(cfg_table_stores(&t, "conn_rate"));
	assert_false(cfg_table_stores(&t, "conn"));
	assert_false(cfg_table(cfg_section(cfg, CFG_BACKEND, "l"), &t));
	assert_true(cfg_balance_is_dynamic(b));
	assert_true(cfg_balance_is_hash(b));
	assert_false(cfg_balance_is_dynamic(cfg_section(cfg, CFG_BACKEND, "l")));
	cfg_free(cfg);
}

static void test_times(void **state)
{
	int64_t n;
	bool unit;

	(void)state;
	assert_true(cfg_parse_time("5m", &n, &unit) && n == 300000 && unit);
	assert_true(cfg_parse_time("660", &n, &unit) && n == 660 && !unit);
	assert_true(cfg_parse_time("500us", &n, &unit) && n == 1 && unit);
	assert_false(cfg_parse_time("5min", &n, &unit));
	assert_false(cfg_parse_time("", &n, &unit));
	assert_true(cfg_parse_size("10k", &n) && n == 10240);
	assert_true(cfg_parse_size("1m", &n) && n == 1048576);
	assert_false(cfg_parse_size("1x", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings), cmocka_unit_test(test_binds),
		cmocka_unit_test(test_servers),	 cmocka_unit_test(test_table),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
