#include "simulate/read.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct population p;
static struct read_report report;

static void reads(const char *kind, const char *text, size_t count)
{
	assert_true(read_population(&p, text, strlen(text), &report));
	assert_string_equal(report.kind, kind);
	assert_int_equal(p.count, count);
}

static const struct population_connection *of(const char *node)
{
	for (size_t i = 0; i < p.count; i++) {
		if (p.connections[i].node != NULL && strcmp(p.connections[i].node, node) == 0)
			return &p.connections[i];
	}
	fail_msg("nothing on %s", node);
	return NULL;
}

static void a_table_of_ids(void **state)
{
	(void)state;
	reads("a stick table",
	      "# table: gw, type: string, size:102400, used:3\n"
	      "0x7fe124033250: key=orders use=0 exp=3599974 server_id=1 conn_cur=4 server_key=n1\n"
	      "0x7fe124033360: key=my\\ app use=0 exp=3599974 server_id=2 conn_cur=0 server_key=n2\n"
	      "0x7fe124033cf0: key=10.0.0.7 use=0 exp=3599974 server_id=1 conn_cur=1 server_key=n3\n\n",
	      6);
	assert_int_equal(p.client_count, 3);
	assert_string_equal(of("n1")->client_id, "orders");
	assert_string_equal(of("n2")->client_id, "my app");
	assert_null(of("n3")->client_id); /* a client without an id is known by its address */
	assert_string_equal(of("n3")->source, "10.0.0.7");
	assert_int_equal(report.bad_lines, 0);
	population_deinit(&p);
}

static void tables_of_other_keys(void **state)
{
	(void)state;
	reads("a stick table",
	      "# table: gw, type: ipv6, size:102400, used:1\n"
	      "0x1: key=::ffff:10.1.2.3 use=0 exp=1 server_id=1 server_key=n1\n"
	      "0x1: key=2001:db8::1 use=0 exp=1 server_id=1 server_key=n2\n",
	      2);
	assert_string_equal(of("n1")->source, "10.1.2.3");
	assert_string_equal(of("n2")->source, "2001:db8::1");
	assert_int_equal(p.sees & 1 << SEES_CLIENT_ID, 0);
	population_deinit(&p);
	reads("a stick table",
	      "# table: gw, type: string, size:102400, used:1\n"
	      "0x1: key=10.1.2.3|app use=0 exp=1 server_id=1 server_key=n1\n",
	      1);
	assert_string_equal(of("n1")->source, "10.1.2.3");
	assert_string_equal(of("n1")->client_id, "app");
	population_deinit(&p);
	reads("a stick table",
	      "# table: gw, type: integer, size:102400, used:1\n"
	      "0x1: key=9093 use=0 exp=1 server_id=1 server_key=n1\n",
	      1);
	assert_int_equal(of("n1")->port, 9093);
	population_deinit(&p);
}

static void a_list_of_sessions(void **state)
{
	(void)state;
	reads("a list of sessions",
	      "0x55d0: proto=tcpv4 src=10.0.0.1:4000 fe=k be=gw srv=n1 ts=00 epoch=0 age=1h2m calls=1\n"
	      "0x55d1: proto=tcpv4 src=10.0.0.1:4001 fe=k be=gw srv=n2 ts=00 epoch=0 age=5s calls=1\n"
	      "0x55d2: proto=tcpv6 src=2001:db8::7:4002 fe=k be=gw srv=n1 ts=00 epoch=0 age=0s calls=1\n"
	      "0x55d3: proto=tcpv4 src=10.0.0.1:4001 fe=k be=gw srv=<none> ts=00 epoch=0 age=0s calls=1\n"
	      "0x55d4: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 age=0s calls=1\n",
	      3);
	assert_int_equal(p.client_count, 2);
	assert_int_equal(of("n2")->begins_ms, 3715000);
	assert_int_equal(p.end_ms, 3720000);
	assert_int_equal(report.bad_lines, 0);
	population_deinit(&p);
}

static void a_log_of_tcp(void **state)
{
	(void)state;
	reads("a log",
	      "Nov 27 19:53:30 lb haproxy[123]: 10.0.0.1:4000 [27/Nov/2026:19:53:26.500] k gw/n1 1/0/4000 5678 -- 1/1/1/1/0 0/0\n"
	      "10.0.0.2:4000 [27/Nov/2026:19:53:27.000] k 10.9.9.9:9093 gw/n2 1/0/+500 +10/+20 -- 1/1/1/1/0 0/0 key=app\n"
	      "10.0.0.2:4000 [27/Nov/2026:19:53:27.000] k gw/<NOSRV> -1/-1/0 0 SC 1/1/1/1/0 0/0\n"
	      "what is this\n",
	      2);
	assert_int_equal(report.bad_lines, 1); /* what was refused is none, and is left out */
	assert_string_equal(of("n2")->client_id, "app");
	assert_int_equal(of("n2")->port, 9093);
	assert_true(of("n2")->bytes == 30);
	assert_int_equal(of("n2")->begins_ms, 500);
	assert_int_equal(of("n1")->ends_ms, 4000);
	population_deinit(&p);
}

static void a_log_in_json(void **state)
{
	(void)state;
	reads("a log in JSON",
	      "{\"ts\":\"1795809206.500\",\"client\":\"10.0.0.1:4000\",\"bind\":\"10.9.9.9:9094\",\"srv\":\"n1\","
	      "\"client_id\":\"app \\\"1\\\"\",\"sni\":\"b1.kafka\",\"tt\":1500,\"in\":10,\"out\":32}\n"
	      "haproxy: {\"ts\":\"1795809207.000\",\"client\":\"10.0.0.2:4000\",\"srv\":\"n2\",\"cid\":\"-\",\"tt\":1}\n"
	      "{\"ts\":\"1795809207.000\",\"client\":\"10.0.0.2:4000\",\"srv\":\"<NOSRV>\",\"tt\":1}\n"
	      "{\"ts\":\n",
	      2);
	assert_string_equal(of("n1")->client_id, "app \"1\"");
	assert_string_equal(of("n1")->sni, "b1.kafka");
	assert_int_equal(of("n1")->port, 9094);
	assert_true(of("n1")->bytes == 42);
	assert_int_equal(of("n1")->ends_ms, 1500);
	assert_null(of("n2")->client_id);
	assert_int_equal(of("n2")->begins_ms, 500);
	assert_int_equal(report.bad_lines, 1);
	assert_int_equal(report.first_bad, 4);
	population_deinit(&p);
}

static void bad_lines_are_counted(void **state)
{
	static const char *const bad[] = { "",
					   "\n\n",
					   "hello\nworld\n",
					   "# only a comment\n",
					   "0x55: key=a\n",
					   "1\t10.0.0.1\n",
					   "1\t10.0.0.1\ta\t99999\t-\t-\t0\t-\t1\n",
					   "1\t10.0.0.1\ta\t9092\t-\t-\t5\t4\t1\n",
					   "# table: g, type: integer\n0x1: key=x use=0\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(read_population(&p, bad[i], strlen(bad[i]), &report));
		population_deinit(&p);
	}
	reads("a population", "1\t10.0.0.1\ta\t9092\t-\t-\t5\t-\t1\n1\tx\n", 1);
	assert_int_equal(report.bad_lines, 1);
	assert_int_equal(report.first_bad, 2);
	population_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_ids),     cmocka_unit_test(tables_of_other_keys),
		cmocka_unit_test(a_list_of_sessions), cmocka_unit_test(a_log_of_tcp),
		cmocka_unit_test(a_log_in_json),      cmocka_unit_test(bad_lines_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
