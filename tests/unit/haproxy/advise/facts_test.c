#include "advise/facts.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Sessions of 10.0.0.N, port of HAProxy, node. */
static int add(char *to, size_t size, int source, int port, const char *node, const char *backend)
{
	return snprintf(to, size,
			"0x%d%d: [1] id=5 proto=tcpv4 source=10.0.0.%d:4%d\n"
			"  frontend=f (id=2 mode=tcp), listener=? (id=1) addr=10.0.0.1:%d\n"
			"  backend=%s (id=3)\n  server=%s (id=1)\n"
			"  task=0x7 (state=0x00 age=%ds)\n"
			"  req=0x1 (f=0 pipe=0 total=5)\n  res=0x2 (f=0 pipe=0 total=5)\n",
			source, port, source, port, port, backend, node, 100 + port - 9092);
}

static void test_counts(void **state)
{
	char text[8000];
	size_t n = 0;
	struct population p;
	struct facts f = { 0 };

	(void)state;
	for (int port = 9092; port < 9095; port++)
		n += (size_t)add(text + n, sizeof text - n, 1, port, "n1", "gw");
	n += (size_t)add(text + n, sizeof text - n, 2, 9092, "n2", "gw");
	add(text + n, sizeof text - n, 3, 9092, "n2", "web");
	population_init(&p);
	facts_read_sessions(&f, text, "gw", &p);
	facts_count(&f, &p);
	assert_int_equal(f.sessions, 4);
	assert_int_equal(f.sources, 2);
	assert_int_equal(f.busiest, 3);
	assert_string_equal(f.busiest_source, "10.0.0.1");
	assert_int_equal(f.oldest, 102);
	assert_int_equal(p.client_count, 2);
	assert_true(simulate_key_is_seen(SIMULATE_PORT, &p));
	assert_false(simulate_key_is_seen(SIMULATE_CLIENT_ID, &p));
	assert_true(p.connections[0].begins_ms == 0 && p.connections[3].begins_ms == 3);
	population_deinit(&p);
}

static void test_simulated(void **state)
{
	static const char stat[] = "# pxname,svname,scur,status,weight,sid,type,mode\n"
				   "gw,n1,0,UP,1,1,2,tcp\ngw,n2,0,UP,1,2,2,tcp\n"
				   "gw,n3,0,DOWN,1,3,2,tcp\ngw,BACKEND,0,UP,2,0,1,tcp\n";
	struct observation seen = { mem_zalloc(sizeof *seen.list), 1 };
	char text[64000];
	size_t n = 0;
	struct population p;
	struct facts f = { 0 };

	(void)state;
	assert_true(observe_read(seen.list, stat, NULL, NULL));
	for (int port = 9092; port < 9092 + 40; port++) /* one source, 40 ports */
		n += (size_t)add(text + n, sizeof text - n, 1, port, "n1", "gw");
	population_init(&p);
	facts_read_sessions(&f, text, "gw", &p);
	facts_count(&f, &p);
	facts_simulate(&f, &p, &seen, BALANCER_LEASTCONN, 1024, 0);
	assert_true(f.kinds[SIMULATE_SOURCE].is_known && f.kinds[SIMULATE_PORT].is_known);
	assert_false(f.kinds[SIMULATE_CLIENT_ID].is_known);
	assert_true(f.kinds[SIMULATE_SOURCE].skew > 1.99); /* all on one of two */
	assert_true(f.kinds[SIMULATE_PORT].skew < 1.1);
	population_deinit(&p);
	observe_free(&seen);
}

static void test_shared_ids(void **state)
{
	(void)state;
	assert_true(facts_is_shared_id("rdkafka"));
	assert_true(facts_is_shared_id("kafka-python-2.0.2"));
	assert_false(facts_is_shared_id("orders"));
	assert_false(facts_is_shared_id("rdkafka-orders"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_simulated),
		cmocka_unit_test(test_shared_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
