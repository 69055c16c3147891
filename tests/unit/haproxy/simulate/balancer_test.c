#include "simulate/balancer.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct balancer_server three[] = { { 1, 100 }, { 2, 100 }, { 3, 100 } };
static const struct balancer_server uneven[] = { { 1, 100 }, { 2, 50 }, { 3, 10 } };
static struct prng r;

static int take(struct balancer *b, const uint32_t *hash)
{
	int server = balancer_pick(b, hash, &r);

	assert_true(server >= 0);
	balancer_take(b, server);
	return server;
}

static void counts(struct balancer *b, int n, unsigned *to)
{
	for (int i = 0; i < n; i++)
		to[take(b, NULL)]++;
}

static void takes_turns(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_ROUNDROBIN };
	struct balancer *b = balancer_new(&rule, three, 3);

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_int_equal(take(b, NULL), i % 3);
	balancer_set_up(b, 1, false);
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(take(b, NULL), 1);
	balancer_set_up(b, 1, true); /* it does not make up for what it missed */
	{
		unsigned n[3] = { 0 };

		counts(b, 9, n);
		assert_int_equal(n[1], 3);
	}
	balancer_free(b);
}

static void serves_by_weight(void **state)
{
	static const enum balancer_kind kinds[] = { BALANCER_ROUNDROBIN, BALANCER_LEASTCONN,
						    BALANCER_RANDOM };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct balancer_rule rule = { .kind = kinds[i], .draws = 2 };
		struct balancer *b = balancer_new(&rule, uneven, 3);
		unsigned n[3] = { 0 };

		counts(b, 1600, n);
		assert_in_range(n[0], 960, 1040);
		assert_in_range(n[1], 470, 530);
		assert_in_range(n[2], 80, 120);
		balancer_free(b);
	}
}

static void gives_to_whom_has_least(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_LEASTCONN };
	struct balancer *b = balancer_new(&rule, three, 3);

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(take(b, NULL), i % 3);
	balancer_drop(b, 1);
	assert_int_equal(take(b, NULL), 1);
	assert_int_equal(balancer_served(b, 1), 2);
	balancer_free(b);
}

static void maps_by_weight(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_HASH };
	struct balancer *b;
	unsigned n[3] = { 0 };

	(void)state;
	assert_true(lbhash_parse("map-based", &rule.hash_type));
	b = balancer_new(&rule, uneven, 3);
	for (uint32_t hash = 0; hash < 16; hash++)
		n[balancer_pick(b, &hash, &r)]++;
	assert_int_equal(n[0], 10);
	assert_int_equal(n[1], 5);
	assert_int_equal(n[2], 1);
	balancer_free(b);
}

/* Who goes takes only its own keys along; who comes back gets them again. */
static void moves_as_little_as_it_can(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_HASH };
	struct balancer *b, *less;
	unsigned of_one = 0;

	(void)state;
	assert_true(lbhash_parse("consistent", &rule.hash_type));
	b = balancer_new(&rule, three, 3);
	less = balancer_copy(b);
	balancer_set_up(less, 1, false);
	for (uint32_t k = 0; k < 3000; k++) {
		uint32_t hash = lbhash_mix(k);
		int before = balancer_pick(b, &hash, &r), then = balancer_pick(less, &hash, &r);

		of_one += before == 1;
		assert_true(then != 1 && (before == 1 || before == then));
	}
	assert_in_range(of_one, 800, 1200);
	balancer_set_up(less, 1, true);
	for (uint32_t k = 0; k < 3000; k++) {
		uint32_t hash = lbhash_mix(k);

		assert_int_equal(balancer_pick(b, &hash, &r), balancer_pick(less, &hash, &r));
	}
	balancer_free(b);
	balancer_free(less);
}

/* One key alone would all go to one server. */
static void bounds_what_one_takes(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_HASH, .balance_factor = 125 };
	struct balancer *b;
	uint32_t hash = 12345;

	(void)state;
	assert_true(lbhash_parse("consistent", &rule.hash_type));
	b = balancer_new(&rule, three, 3);
	for (int i = 1; i <= 300; i++) {
		take(b, &hash);
		for (int s = 0; s < 3; s++)
			assert_true(balancer_served(b, s) <= (unsigned)(i * 1.25 / 3) + 2);
	}
	balancer_free(b);
}

static void nobody_is_there(void **state)
{
	static const struct balancer_server off[] = { { 1, 0 }, { 2, 100 } };
	uint32_t hash = 1;

	(void)state;
	for (int kind = BALANCER_LEASTCONN; kind <= BALANCER_HASH; kind++) {
		for (int consistent = 0; consistent < 2; consistent++) {
			struct balancer_rule rule = { .kind = (enum balancer_kind)kind,
						      .hash_type.consistent = consistent == 1,
						      .draws = 2 };
			struct balancer *b = balancer_new(&rule, off, 2);

			assert_int_equal(balancer_pick(b, &hash, &r), 1);
			balancer_set_up(b, 1, false);
			assert_int_equal(balancer_pick(b, &hash, &r), BALANCER_NONE);
			assert_int_equal(balancer_pick(b, NULL, &r), BALANCER_NONE);
			balancer_free(b);
		}
	}
}

/* As HAProxy: what has no key takes turns. */
static void without_a_key_takes_turns(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_HASH };
	struct balancer *b = balancer_new(&rule, three, 3);

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(take(b, NULL), i % 3);
	balancer_free(b);
}

/* How many of 1000 keys both send to the same server. */
static int alike(const struct balancer_rule *one, const struct balancer_rule *other,
		 const struct balancer_server *servers)
{
	struct balancer *a = balancer_new(one, servers, 3), *b = balancer_new(other, servers, 3);
	int n = 0;

	for (uint32_t k = 0; k < 1000; k++) {
		uint32_t hash = lbhash_mix(k);

		n += balancer_pick(a, &hash, &r) == balancer_pick(b, &hash, &r);
	}
	balancer_free(a);
	balancer_free(b);
	return n;
}

static void hashes_as_its_version_does(void **state)
{
	static const struct balancer_server at[] = { { 1, 100, { 10, 0, 0, 1 }, 4 },
						     { 2, 100, { 10, 0, 0, 2 }, 4 },
						     { 3, 100, { 10, 0, 0, 3 }, 4 } };
	struct balancer_rule old = { .kind = BALANCER_HASH,
				     .hash_type = { .consistent = true },
				     .version = { 2, 6, 12 } };
	struct balancer_rule twice = old, mended = old, address = old, later = old;

	(void)state;
	twice.version = (struct version){ 3, 0, 11 };
	mended.version = (struct version){ 3, 2, 26 };
	assert_int_equal(alike(&old, &mended, at), 1000);
	assert_in_range(alike(&old, &twice, at), 200, 500);
	address.hash_key = later.hash_key = BALANCER_KEY_ADDR;
	address.version = twice.version;
	later.version = mended.version;
	assert_int_equal(alike(&address, &later, at), 1000);
	assert_in_range(alike(&address, &mended, at), 200, 500);
	assert_int_equal(alike(&address, &twice, three), 1000); /* no address is known: by ids */
}

static void draws_among_equally_busy_ones(void **state)
{
	struct balancer_rule rule = { .kind = BALANCER_LEASTCONN, .version = { 3, 2, 0 } };
	struct balancer *b = balancer_new(&rule, three, 3);
	unsigned first[3] = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++) {
		int server = take(b, NULL);

		first[server]++;
		balancer_drop(b, server);
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(first[i], 60, 140);
	for (int i = 0; i < 30; i++)
		take(b, NULL);
	for (int i = 0; i < 3; i++) /* the least busy one still is served first */
		assert_int_equal(balancer_served(b, i), 10);
	balancer_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_its_version_does),
		cmocka_unit_test(draws_among_equally_busy_ones),
		cmocka_unit_test(takes_turns),
		cmocka_unit_test(serves_by_weight),
		cmocka_unit_test(gives_to_whom_has_least),
		cmocka_unit_test(maps_by_weight),
		cmocka_unit_test(moves_as_little_as_it_can),
		cmocka_unit_test(bounds_what_one_takes),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(without_a_key_takes_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
