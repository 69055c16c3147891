#include "simulate/simulate.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct population p;

static void add(unsigned client, const char *source, const char *client_id, int64_t begins,
		int64_t ends, double bytes)
{
	struct population_connection *c = population_add(&p);

	c->client = client;
	c->source = source;
	c->client_id = client_id;
	c->begins_ms = begins;
	c->ends_ms = ends;
	c->bytes = bytes;
	p.client_count = client + 1 > p.client_count ? client + 1 : p.client_count;
	p.end_ms = begins > p.end_ms ? begins : p.end_ms;
}

static struct simulate_result run(enum simulate_key key, enum balancer_kind kind, size_t count,
				  int *placed)
{
	struct simulate_choice choice = { key, { .kind = kind, .draws = 2 } };
	struct simulate_nodes nodes = { .count = count, .table_size = 100 };
	struct simulate_result result;
	struct prng r = prng_seeded(1);

	for (size_t i = 0; i < count; i++)
		nodes.servers[i] = (struct balancer_server){ (unsigned)i + 1, 100 };
	simulate_run(&choice, &nodes, &p, &r, &result, placed);
	return result;
}

static void what_has_ended_counts_no_more(void **state)
{
	int placed[4];

	(void)state;
	population_init(&p);
	add(0, "10.0.0.1", NULL, 0, 10, 1);
	add(1, "10.0.0.2", NULL, 1, INT64_MAX, 1);
	add(2, "10.0.0.3", NULL, 10, INT64_MAX, 1);
	add(3, "10.0.0.4", NULL, 20, INT64_MAX, 1);
	run(SIMULATE_NONE, BALANCER_LEASTCONN, 2, placed);
	assert_int_equal(placed[0], 0);
	assert_int_equal(placed[1], 1);
	assert_int_equal(placed[2], 0);
	population_deinit(&p);
}

static void skew_is_of_time_and_of_bytes(void **state)
{
	struct simulate_result result;

	(void)state;
	population_init(&p);
	add(0, "10.0.0.1", NULL, 0, 29, 10);
	add(1, "10.0.0.2", NULL, 0, 9, 90);
	result = run(SIMULATE_NONE, BALANCER_ROUNDROBIN, 2, NULL);
	assert_true(result.connections_skew == 1.5); /* 30 and 10 */
	assert_true(result.bytes_skew == 1.8);
	assert_true(simulate_skew((double[]){ 0, 0 }, 2) == 1);
	assert_true(simulate_skew((double[]){ 4, 0, 0, 0 }, 4) == 4);
	population_deinit(&p);
}

static void keys_are_what_haproxy_makes_them(void **state)
{
	char long_a[80] = { 0 }, long_b[80] = { 0 };
	int placed[6];

	(void)state;
	memset(long_a, 'x', 70);
	memset(long_b, 'x', 70);
	long_b[69] = 'y';
	population_init(&p);
	add(0, "10.0.0.1", long_a, 0, INT64_MAX, 1);
	add(1, "10.0.0.1", long_b, 0, INT64_MAX, 1); /* alike in their first 64 letters */
	add(2, "10.0.0.1", NULL, 0, INT64_MAX, 1);   /* known by its address */
	add(3, "10.0.0.1", "", 0, INT64_MAX, 1);
	add(4, "10.0.0.2", NULL, 0, INT64_MAX, 1);
	run(SIMULATE_CLIENT_ID, BALANCER_ROUNDROBIN, 3, placed);
	assert_int_equal(placed[0], placed[1]);
	assert_int_equal(placed[2], placed[3]);
	assert_int_not_equal(placed[0], placed[2]);
	assert_int_not_equal(placed[2], placed[4]);
	run(SIMULATE_SOURCE_CLIENT_ID, BALANCER_ROUNDROBIN, 3, placed);
	assert_int_not_equal(placed[0], placed[1]); /* room for 128 */
	population_deinit(&p);
}

static void one_node_has_all(void **state)
{
	struct simulate_result result;

	(void)state;
	population_init(&p);
	for (unsigned i = 0; i < 10; i++)
		add(i, "10.0.0.1", "a", i, INT64_MAX, 1);
	result = run(SIMULATE_SOURCE, BALANCER_HASH, 1, NULL);
	assert_true(result.connections_skew == 1 && result.stays == 1 && result.moved_leaving == 0);
	assert_int_equal(result.keys, 1);
	population_deinit(&p);
}

static void names_are_those_of_the_options(void **state)
{
	enum simulate_key key;

	(void)state;
	for (int i = 0; i < SIMULATE_KEYS; i++) {
		assert_true(simulate_key_parse(simulate_key_name((enum simulate_key)i), &key));
		assert_int_equal(key, i);
	}
	assert_false(simulate_key_parse("sources", &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_ended_counts_no_more),
		cmocka_unit_test(skew_is_of_time_and_of_bytes),
		cmocka_unit_test(keys_are_what_haproxy_makes_them),
		cmocka_unit_test(one_node_has_all),
		cmocka_unit_test(names_are_those_of_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
