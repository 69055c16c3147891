#include "simulate/population.h"

#include "simulate/read.h"
#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct population_shape shape = {
	.clients = 50,
	.sources = 5,
	.client_ids = 7,
	.zipf = 1,
	.brokers = 3,
	.first_port = 9092,
	.certs = 3,
	.bytes_zipf = 1,
	.arrive_ms = 1000,
	.session_ms = 20000,
	.length_ms = 60000,
};

static char *text_of(const struct population *p, size_t *n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, n);

	assert_non_null(out);
	population_write(p, out);
	fclose(out);
	return text;
}

static char *made(uint64_t seed, size_t *n)
{
	struct population p;
	struct prng r = prng_seeded(seed);
	char *text;

	population_make(&p, &shape, &r);
	text = text_of(&p, n);
	population_deinit(&p);
	return text;
}

static void the_same_seed_the_same_clients(void **state)
{
	size_t n, again_n, other_n;
	char *text = made(1, &n), *again = made(1, &again_n), *other = made(2, &other_n);

	(void)state;
	assert_string_equal(text, again);
	assert_string_not_equal(text, other);
	free(text);
	free(again);
	free(other);
}

static void is_as_described(void **state)
{
	struct population p;
	struct prng r = prng_seeded(3);
	unsigned ports[4] = { 0 }, at_start = 0;

	(void)state;
	population_make(&p, &shape, &r);
	assert_int_equal(p.client_count, 50);
	assert_int_equal(p.count % 4, 0); /* bootstrap and three brokers */
	for (size_t i = 0; i < p.count; i++) {
		const struct population_connection *c = &p.connections[i];

		assert_true(i == 0 || c->begins_ms >= p.connections[i - 1].begins_ms);
		assert_true(c->ends_ms > c->begins_ms && c->begins_ms < shape.length_ms);
		assert_true(c->client < 50);
		assert_non_null(c->client_id);
		assert_non_null(c->cert);
		assert_in_range(c->port, 9092, 9094);
		ports[c->port - 9092]++;
		at_start += c->begins_ms < 1000;
	}
	assert_int_equal(ports[0], 2 * ports[1]); /* bootstrap is the first broker's */
	assert_int_equal(ports[1], ports[2]);
	assert_true(at_start >= 200 && p.count > 400); /* all come, and come again */
	population_deinit(&p);
}

static void is_read_as_it_was_written(void **state)
{
	size_t n, again_n;
	char *text = made(5, &n), *again;
	struct population p;
	struct read_report report;

	(void)state;
	assert_true(read_population(&p, text, n, &report));
	assert_int_equal(report.bad_lines, 0);
	assert_string_equal(report.kind, "a population");
	assert_int_equal(p.client_count, 50);
	again = text_of(&p, &again_n);
	/* times are counted from the first connection */
	assert_int_equal(p.connections[0].begins_ms, 0);
	population_deinit(&p);
	assert_true(read_population(&p, again, again_n, &report));
	free(text);
	text = text_of(&p, &n);
	assert_string_equal(text, again);
	population_deinit(&p);
	free(text);
	free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_the_same_clients),
		cmocka_unit_test(is_as_described),
		cmocka_unit_test(is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
