#include "simulate/compare.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct population_shape shape = {
	.clients = 200,
	.sources = 1,
	.client_ids = 50,
	.zipf = 1,
	.brokers = 3,
	.first_port = 9092,
	.length_ms = 1000,
};

/* Means of runs add up with small errors. */
static bool is_near(double a, double b)
{
	return a > b - 1e-9 && a < b + 1e-9;
}

static struct simulate_nodes nodes_of(size_t count)
{
	struct simulate_nodes nodes = { .count = count, .table_size = 1000 };

	for (size_t i = 0; i < count; i++) {
		nodes.names[i] = "n";
		nodes.servers[i] = (struct balancer_server){ (unsigned)i + 1, 100 };
	}
	return nodes;
}

static struct compare_row row_of(enum simulate_key key, enum balancer_kind kind)
{
	return (struct compare_row){
		.choice = { key,
			    { .kind = kind,
			      .draws = 2,
			      .hash_type = { .consistent = true, .avalanche = true } } }
	};
}

static void one(struct compare_row *row, const struct population_shape *of, uint64_t seed)
{
	struct simulate_nodes nodes = nodes_of(3);
	struct compare_source source = { NULL, of };

	compare_run(row, 1, &nodes, &source, 11, seed);
}

static void behind_one_address(void **state)
{
	struct compare_row row = row_of(SIMULATE_SOURCE, BALANCER_LEASTCONN);

	(void)state;
	one(&row, &shape, 1);
	assert_true(row.connections_skew.median == 3); /* all on one of three */
	assert_true(is_near(row.keys, 1) && row.table_used.p95 == 1);
	row = row_of(SIMULATE_CLIENT_ID, BALANCER_LEASTCONN);
	one(&row, &shape, 1);
	assert_true(row.connections_skew.median < 1.5 && row.keys > 30);
	row = row_of(SIMULATE_NONE, BALANCER_LEASTCONN);
	one(&row, &shape, 1);
	assert_true(row.connections_skew.p95 < 1.01);
}

static void tables_keep_and_hashes_give_back(void **state)
{
	struct compare_row row = row_of(SIMULATE_CLIENT_ID, BALANCER_LEASTCONN);

	(void)state;
	one(&row, &shape, 2);
	assert_true(is_near(row.stays, 1) && row.moved_leaving == 0 && row.moved_joining == 0);
	row = row_of(SIMULATE_CLIENT_ID, BALANCER_HASH);
	one(&row, &shape, 2);
	assert_true(is_near(row.stays, 1) && row.moved_leaving == 0);
	assert_true(row.moved_joining > 0.1 && row.moved_joining < 0.5); /* a quarter of the keys */
	row.choice.rule.hash_type.consistent = false;
	one(&row, &shape, 2);
	assert_true(row.moved_leaving > 0.3 && row.moved_joining > 0.5);
	assert_true(row.table_used.p95 == 0);
}

/* An entry that has expired does not keep a client. */
static void a_short_expiry_loses_clients(void **state)
{
	struct population_shape slow = shape;
	struct compare_row row = row_of(SIMULATE_CLIENT_ID, BALANCER_RANDOM);
	struct simulate_nodes nodes = nodes_of(3);
	struct compare_source source = { NULL, &slow };

	(void)state;
	slow.length_ms = 100000;
	nodes.table_expire_ms = 100;
	compare_run(&row, 1, &nodes, &source, 5, 1);
	assert_true(row.stays < 0.6);
	nodes.table_expire_ms = 200000;
	compare_run(&row, 1, &nodes, &source, 5, 1);
	assert_true(is_near(row.stays, 1));
	nodes.table_size = 10;
	compare_run(&row, 1, &nodes, &source, 5, 1);
	assert_true(row.table_evicted.median > 0 && row.table_used.p95 == 10 && row.stays < 1);
}

static void the_same_seed_the_same_numbers(void **state)
{
	struct compare_row a = row_of(SIMULATE_CLIENT_ID, BALANCER_RANDOM), b = a, c = a;

	(void)state;
	one(&a, &shape, 5);
	one(&b, &shape, 5);
	one(&c, &shape, 99);
	assert_memory_equal(a.connections, b.connections, sizeof a.connections);
	assert_memory_not_equal(a.connections, c.connections, sizeof a.connections);
}

static void only_what_can_be_seen(void **state)
{
	struct compare_row rows[SIMULATE_KEYS * 4];
	struct balancer_rule rule = { .draws = 2 };

	(void)state;
	assert_int_equal(compare_all_choices(rows, ARRAY_LEN(rows), 0, &rule), 3);
	assert_int_equal(compare_all_choices(rows, ARRAY_LEN(rows), 1 << SEES_SOURCE, &rule), 7);
	assert_int_equal(compare_all_choices(rows, ARRAY_LEN(rows), UINT32_MAX, &rule), 27);
	assert_int_equal(compare_all_choices(rows, 5, UINT32_MAX, &rule), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behind_one_address),
		cmocka_unit_test(tables_keep_and_hashes_give_back),
		cmocka_unit_test(a_short_expiry_loses_clients),
		cmocka_unit_test(the_same_seed_the_same_numbers),
		cmocka_unit_test(only_what_can_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
