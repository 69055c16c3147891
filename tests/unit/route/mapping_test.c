#include "route/advertise.h"

#include "kafka/api.h"
#include "kafka/wire.h"
#include "route/rewrite.h"
#include "topology/snapshot_build.h"
#include "util/hash.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NODES = 5, IDS = 6, ANSWERS = 10000 };

static const struct mapping_node nodes[NODES] = {
	{ .node_id = "a", .host = "10.0.0.1", .rack = "r1", .port = 7000, .port_count = 10 },
	{ .node_id = "b", .host = "10.0.0.2", .rack = "r1", .port = 7000, .port_count = 10 },
	{ .node_id = "c", .host = "10.0.0.3", .rack = "r2", .port = 7000, .port_count = 10 },
	{ .node_id = "d", .host = "10.0.0.4", .port = 7000, .port_count = 10 },
	/* of one host with d, on other ports */
	{ .node_id = "e", .host = "10.0.0.4", .port = 8000, .port_count = 10 },
};

static size_t index_of(const struct mapping_node *n)
{
	return (size_t)(n->node_id[0] - 'a');
}

static uint64_t random_key(uint64_t i)
{
	return hash_bytes(&i, sizeof i) | 1;
}

/* 0.999 of the chi-square distribution; a right mapping is beyond it once in a
 * thousand runs a broker, so three tries are given. */
static const double chi_square_999[] = { 0, 10.828, 13.816, 16.266, 18.467, 20.515 };

static double chi_square(const unsigned *counts, size_t n, double expected)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
	return sum;
}

static bool is_uniform(const struct mapping *m, int32_t broker, uint64_t seed)
{
	unsigned counts[NODES] = { 0 };

	for (uint64_t i = 0; i < ANSWERS; i++)
		counts[index_of(mapping_choose(m, random_key(seed + i), broker, NULL))]++;
	return chi_square(counts, NODES, (double)ANSWERS / NODES) < chi_square_999[NODES - 1];
}

static void a_random_mapping_is_uniform(void **state)
{
	struct mapping *m = mapping_new(nodes, NODES);

	(void)state;
	for (int32_t broker = 0; broker < IDS; broker++) {
		bool uniform = false;

		for (uint64_t try = 0; try < 3 && !uniform; try++)
			uniform = is_uniform(m, broker, try * ANSWERS);
		assert_true(uniform);
	}
	mapping_free(m);
}

/* Where one broker is says nothing of where another is: all pairs of nodes alike. */
static void brokers_are_mapped_independently(void **state)
{
	struct mapping *m = mapping_new(nodes, 2);
	unsigned pairs[4] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		uint64_t key = random_key(i);

		pairs[2 * index_of(mapping_choose(m, key, 1, NULL)) +
		      index_of(mapping_choose(m, key, 2, NULL))]++;
	}
	for (size_t i = 0; i < 4; i++)
		assert_in_range(pairs[i], ANSWERS / 4 - 300, ANSWERS / 4 + 300);
	mapping_free(m);
}

static void the_brokers_rack_comes_first(void **state)
{
	struct mapping *m = mapping_new(nodes, NODES);
	unsigned counts[NODES] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		assert_string_equal(mapping_choose(m, random_key(i), 3, "r2")->node_id, "c");
		counts[index_of(mapping_choose(m, random_key(i), 4, "r1"))]++;
	}
	assert_int_equal(counts[0] + counts[1], ANSWERS);
	assert_in_range(counts[0], ANSWERS / 2 - 300, ANSWERS / 2 + 300);
	/* nobody is in that rack: all are as good */
	memset(counts, 0, sizeof counts);
	for (uint64_t i = 0; i < ANSWERS; i++)
		counts[index_of(mapping_choose(m, random_key(i), 4, "r9"))]++;
	for (size_t i = 0; i < NODES; i++)
		assert_in_range(counts[i], ANSWERS / NODES - 300, ANSWERS / NODES + 300);
	mapping_free(m);
}

/* The broker's rack, else the client's zone, where a node that stays has a port for the broker. */
static void the_zone_counts_where_the_rack_has_no_node(void **state)
{
	struct mapping_node changed[NODES];
	struct mapping *m;

	(void)state;
	memcpy(changed, nodes, sizeof changed);
	changed[2].port_count = 2;
	m = mapping_new(changed, NODES);
	assert_string_equal(mapping_near(m, 1, "r1", "r2"), "r1");
	assert_string_equal(mapping_near(m, 1, "r2", "r1"), "r2");
	assert_string_equal(mapping_near(m, 1, "r9", "r2"), "r2");
	assert_string_equal(mapping_near(m, 1, NULL, "r2"), "r2");
	assert_null(mapping_near(m, 1, NULL, NULL));
	assert_null(mapping_near(m, 1, "r9", "r8"));
	/* c has no port for broker 2 */
	assert_string_equal(mapping_near(m, 2, "r2", "r1"), "r1");
	assert_null(mapping_near(m, 2, "r9", "r2"));
	mapping_free(m);
	changed[2] = nodes[2];
	changed[2].leaves = true;
	m = mapping_new(changed, NODES);
	assert_null(mapping_near(m, 1, NULL, "r2"));
	mapping_free(m);
}

static void a_key_is_one_mapping(void **state)
{
	struct mapping *one = mapping_new(nodes, NODES), *other = mapping_new(nodes, NODES);

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		assert_string_equal(mapping_choose(one, i, 2, NULL)->node_id,
				    mapping_choose(other, i, 2, NULL)->node_id);
	}
	mapping_free(one);
	mapping_free(other);
}

/* Who goes takes its own brokers along, and nobody else's. */
static void a_node_that_goes_moves_its_own(void **state)
{
	struct mapping *all = mapping_new(nodes, NODES), *less = mapping_new(nodes, NODES - 1);
	unsigned moved = 0;

	(void)state;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		const char *before = mapping_choose(all, i, 2, NULL)->node_id;
		const char *after = mapping_choose(less, i, 2, NULL)->node_id;

		if (strcmp(before, "e") == 0)
			moved++;
		else
			assert_string_equal(before, after);
	}
	assert_in_range(moved, ANSWERS / NODES - 300, ANSWERS / NODES + 300);
	mapping_free(all);
	mapping_free(less);
}

/* All nodes, and b declines so many thousandths. */
static struct mapping *b_declines(unsigned thousandths)
{
	struct mapping_node changed[NODES];

	memcpy(changed, nodes, sizeof changed);
	changed[1].declines = thousandths;
	return mapping_new(changed, NODES);
}

/* What a node declines goes where it would go without the node; all else stays. */
static void a_node_declines_a_part_of_its_own(void **state)
{
	const struct mapping_node others[] = { nodes[0], nodes[2], nodes[3], nodes[4] };
	struct mapping *all = mapping_new(nodes, NODES), *without = mapping_new(others, NODES - 1),
		       *third = b_declines(300), *half = b_declines(500);
	unsigned own = 0, third_moved = 0, half_moved = 0;

	(void)state;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		const uint64_t key = random_key(i);
		const char *before = mapping_choose(all, key, 2, NULL)->node_id,
			   *next = mapping_choose(without, key, 2, NULL)->node_id,
			   *at_third = mapping_choose(third, key, 2, NULL)->node_id,
			   *at_half = mapping_choose(half, key, 2, NULL)->node_id;

		own += strcmp(before, "b") == 0;
		third_moved += strcmp(before, at_third) != 0;
		half_moved += strcmp(before, at_half) != 0;
		if (strcmp(before, at_half) != 0) {
			assert_string_equal(before, "b");
			assert_string_equal(at_half, next);
		}
		/* once given away it is still so when more is */
		if (strcmp(before, at_third) != 0)
			assert_string_equal(at_third, at_half);
	}
	assert_in_range(own, ANSWERS / NODES - 300, ANSWERS / NODES + 300);
	assert_in_range(half_moved, own / 2 - 120, own / 2 + 120);
	assert_in_range(third_moved, own * 3 / 10 - 120, own * 3 / 10 + 120);
	mapping_free(all);
	mapping_free(without);
	mapping_free(third);
	mapping_free(half);
}

static void when_all_decline_the_first_is_chosen(void **state)
{
	struct mapping_node changed[NODES];
	struct mapping *all = mapping_new(nodes, NODES), *none, *one;

	(void)state;
	memcpy(changed, nodes, sizeof changed);
	for (size_t i = 0; i < NODES; i++)
		changed[i].declines = 1000;
	none = mapping_new(changed, NODES);
	changed[0].declines = 0;
	one = mapping_new(changed, NODES);
	for (uint64_t i = 0; i < 1000; i++) {
		const uint64_t key = random_key(i);

		assert_string_equal(mapping_choose(none, key, 2, NULL)->node_id,
				    mapping_choose(all, key, 2, NULL)->node_id);
		assert_string_equal(mapping_choose(one, key, 2, NULL)->node_id, "a");
		/* one that is not near is none to give it to */
		assert_string_equal(mapping_choose(one, key, 2, "r2")->node_id, "c");
	}
	mapping_free(all);
	mapping_free(none);
	mapping_free(one);
}

static void choices_are_counted(void **state)
{
	struct mapping_node changed[NODES];
	struct mapping *m;

	(void)state;
	memcpy(changed, nodes, sizeof changed);
	changed[0].port_count = changed[2].port_count = 2;
	m = mapping_new(changed, NODES);
	assert_int_equal(mapping_choices(m, 1, NULL), NODES);
	assert_int_equal(mapping_choices(m, 1, "r9"), NODES);
	assert_int_equal(mapping_choices(m, 1, "r1"), 2);
	assert_int_equal(mapping_choices(m, 2, NULL), NODES - 2);
	assert_int_equal(mapping_choices(m, 2, "r1"), 1);
	/* the only one in the rack has no port for it */
	assert_int_equal(mapping_choices(m, 2, "r2"), NODES - 2);
	assert_int_equal(mapping_choices(m, 10, "r1"), 0);
	mapping_free(m);
}

static void clients_are_told_apart(void **state)
{
	uint64_t a = mapping_client_key("\x0a\0\0\1", 4, "app", 3);

	(void)state;
	assert_true(a == mapping_client_key("\x0a\0\0\1", 4, "app", 3));
	assert_true(a != mapping_client_key("\x0a\0\0\2", 4, "app", 3));
	assert_true(a != mapping_client_key("\x0a\0\0\1", 4, "apq", 3));
	/* the same in every process, or nodes would not agree */
	assert_true(a == 0x9c21ff3e048f4a0a);
}

/* Nodes of one host whose ports overlap, or are laid out in another way: no
 * host and port is ever given to two brokers. */
static void no_address_is_given_twice(void **state)
{
	static const struct mapping_node mixed[] = {
		{ .node_id = "a", .host = "h", .port = 7000, .port_count = 4, .min_broker_id = 0 },
		{ .node_id = "b", .host = "h", .port = 7003, .port_count = 4, .min_broker_id = 0 },
		{ .node_id = "c", .host = "h", .port = 7004, .port_count = 6, .min_broker_id = 2 },
		{ .node_id = "d", .host = "g", .port = 7000, .port_count = 6, .min_broker_id = 1 },
	};
	struct mapping *m = mapping_new(mixed, 4);

	(void)state;
	assert_false(mapping_has_port(m, 8));
	for (uint64_t key = 0; key < ANSWERS; key++) {
		const char *hosts[8];
		int ports[8];

		for (int32_t b = 0; b < 8; b++) {
			const struct mapping_node *n = mapping_choose(m, key, b, NULL);

			assert_non_null(n);
			assert_string_not_equal(n->node_id, "b");
			hosts[b] = n->host;
			ports[b] = n->port + b - n->min_broker_id;
			assert_in_range(b - n->min_broker_id, 0, n->port_count - 1);
			for (int32_t before = 0; before < b; before++)
				assert_false(strcmp(hosts[before], hosts[b]) == 0 &&
					     ports[before] == ports[b]);
		}
	}
	mapping_free(m);
}

/* --- whole answers --- */

static void no_news(void *owner, const uint8_t *name, uint32_t len)
{
	(void)owner;
	(void)name;
	(void)len;
}

static void no_cluster_news(void *owner)
{
	(void)owner;
}

static void no_throttle(void *owner, int64_t ms)
{
	(void)owner;
	(void)ms;
}

/* Metadata 1 of six brokers and no topic. */
static uint32_t metadata(uint8_t *body)
{
	uint8_t *p = body;

	wire_put32(p, IDS);
	p += 4;
	for (uint32_t i = 0; i < IDS; i++) {
		wire_put32(p, i);
		wire_put16(p + 4, 3);
		memcpy(p + 6, "kaf", 3);
		wire_put32(p + 9, 9092);
		wire_put16(p + 13, UINT16_MAX);
		p += 15;
	}
	wire_put32(p, 2); /* the controller */
	wire_put32(p + 4, 0);
	return (uint32_t)(p + 8 - body);
}

/* Counts where each broker is; true when no address stands there twice. */
static bool count_told(const struct gather *g, unsigned counts[IDS][NODES])
{
	uint8_t flat[1024] = { 0 }, *p = flat + 4;
	size_t at = 0;
	char seen[IDS][32];

	for (int i = 0; i < g->count; i++) {
		memcpy(flat + at, g->iov[i].iov_base, g->iov[i].iov_len);
		at += g->iov[i].iov_len;
	}
	assert_int_equal(wire_get32(flat), IDS);
	for (uint32_t i = 0; i < IDS; i++) {
		uint32_t len = wire_get16(p + 4), port = wire_get32(p + 6 + len);
		size_t node = (size_t)(p[6 + len - 1] - '1');

		assert_int_equal(wire_get32(p), i);
		snprintf(seen[i], sizeof seen[i], "%.*s:%u", (int)len, (const char *)p + 6, port);
		for (uint32_t before = 0; before < i; before++) {
			if (strcmp(seen[before], seen[i]) == 0)
				return false;
		}
		counts[i][port >= 8000 ? node + 1 : node]++;
		p += 6 + len + 4 + 2;
	}
	return true;
}

/* Ten thousand Metadata answers as clients get them: each broker at each node
 * alike, and never two at one address. */
static void ten_thousand_answers_are_uniform(void **state)
{
	static unsigned counts[IDS][NODES];
	char host[] = "alone";
	struct listener listener = { .advertised_host = host, .advertised_port = 9000 };
	struct mapping *m = mapping_new(nodes, NODES);
	struct advertising a = { .listener = &listener, .port_count = 10, .mapping = m };
	struct rewrite_news news = { no_news, no_cluster_news, no_throttle, NULL };
	struct snapshot *s = snapshot_new(NULL);
	unsigned skewed = 0;

	(void)state;
	s->brokers = mem_zalloc(IDS * sizeof *s->brokers);
	s->broker_count = IDS;
	for (int32_t i = 0; i < IDS; i++)
		s->brokers[i].id = i;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		uint8_t body[512];
		struct arena arena;
		struct gather g;

		a.key = random_key(i);
		arena_init(&arena);
		gather_init(&g, &arena);
		assert_true(rewrite_answer(&g, &(struct rewrite){ .api = api_of(3),
								  .version = 1,
								  .body = body,
								  .size = metadata(body),
								  .advertising = &a,
								  .snapshot = s,
								  .news = &news }));
		assert_true(count_told(&g, counts));
		arena_deinit(&arena);
	}
	for (size_t b = 0; b < IDS; b++)
		skewed += chi_square(counts[b], NODES, (double)ANSWERS / NODES) >
			  chi_square_999[NODES - 1];
	assert_in_range(skewed, 0, 1);
	snapshot_unref(s);
	mapping_free(m);
}

/* Nothing is chosen for who leaves, also where it alone is in the rack; but it can be found. */
static void who_leaves_is_found_and_not_chosen(void **state)
{
	struct mapping_node some[NODES];
	struct mapping *m;

	(void)state;
	memcpy(some, nodes, sizeof some);
	some[2].leaves = true;
	m = mapping_new(some, NODES);
	for (uint64_t key = 1; key < 300; key++) {
		assert_int_not_equal(index_of(mapping_choose(m, random_key(key), 1, NULL)), 2);
		assert_int_not_equal(index_of(mapping_choose(m, random_key(key), 1, "r2")), 2);
	}
	assert_int_equal(mapping_choices(m, 1, "r2"), NODES - 1);
	assert_int_equal(index_of(mapping_find(m, mapping_tag("c", 1), 1, NULL)), 2);
	assert_int_equal(index_of(mapping_find(m, mapping_tag("c", 1), 1, "r2")), 2);
	mapping_free(m);
}

static void a_node_is_found_unless_others_are_nearer(void **state)
{
	struct mapping *m = mapping_new(nodes, NODES);

	(void)state;
	for (size_t i = 0; i < NODES; i++) {
		const struct mapping_node *n = &nodes[i];
		uint16_t tag = mapping_tag(n->node_id, 1);
		const struct mapping_node *found = mapping_find(m, tag, 1, NULL);

		assert_int_equal(index_of(found), i);
		assert_null(mapping_find(m, tag, n->port_count, NULL)); /* no port for that one */
		found = mapping_find(m, tag, 1, "r1");
		assert_true((found != NULL) == (n->rack != NULL && strcmp(n->rack, "r1") == 0));
		assert_non_null(mapping_find(m, tag, 1, "r9")); /* none is near */
	}
	assert_null(mapping_find(m, mapping_tag("x", 1), 1, NULL));
	mapping_free(m);
}

/* Who stays has the ports when another one has left them behind. */
static void a_port_of_who_leaves_is_free(void **state)
{
	struct mapping_node some[2] = { nodes[0], nodes[1] };
	struct mapping *m;

	(void)state;
	some[0].leaves = true;
	some[1].host = some[0].host;
	m = mapping_new(some, 2);
	assert_int_equal(index_of(mapping_choose(m, 7, 1, NULL)), 1);
	assert_null(mapping_find(m, mapping_tag("a", 1), 1, NULL));
	mapping_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_mapping_is_uniform),
		cmocka_unit_test(brokers_are_mapped_independently),
		cmocka_unit_test(the_brokers_rack_comes_first),
		cmocka_unit_test(the_zone_counts_where_the_rack_has_no_node),
		cmocka_unit_test(a_key_is_one_mapping),
		cmocka_unit_test(a_node_that_goes_moves_its_own),
		cmocka_unit_test(a_node_declines_a_part_of_its_own),
		cmocka_unit_test(when_all_decline_the_first_is_chosen),
		cmocka_unit_test(choices_are_counted),
		cmocka_unit_test(clients_are_told_apart),
		cmocka_unit_test(no_address_is_given_twice),
		cmocka_unit_test(ten_thousand_answers_are_uniform),
		cmocka_unit_test(who_leaves_is_found_and_not_chosen),
		cmocka_unit_test(a_node_is_found_unless_others_are_nearer),
		cmocka_unit_test(a_port_of_who_leaves_is_free),
	};
	int failed;

	if (!apis_compile(stderr))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	apis_free();
	return failed;
}
