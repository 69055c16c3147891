#include "simulate/compare.h"

#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What one choice gave in each run. */
struct series {
	double *connections_skew, *bytes_skew, *table_bytes, *table_used, *table_evicted;
	struct shares {
		double skew;
		double connections[SIMULATE_NODES_MAX], bytes[SIMULATE_NODES_MAX];
	} * shares;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The nearest rank: with n values the ceil(n / 2)th and the ceil(0.95 n)th. */
static struct compare_number number_of(double *values, unsigned n)
{
	qsort(values, n, sizeof *values, by_value);
	return (struct compare_number){ values[(n + 1) / 2 - 1], values[(n * 95 + 99) / 100 - 1] };
}

static struct series series_new(unsigned runs)
{
	double *all = mem_zalloc(5 * (size_t)runs * sizeof *all);

	return (struct series){ all,
				all + runs,
				all + 2 * (size_t)runs,
				all + 3 * (size_t)runs,
				all + 4 * (size_t)runs,
				mem_zalloc(runs * sizeof(struct shares)) };
}

static void take_shares(double *to, const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	for (size_t i = 0; i < count && sum > 0; i++)
		to[i] = values[i] / sum;
}

static void add_result(struct compare_row *row, struct series *series,
		       const struct simulate_result *result, size_t nodes, unsigned run,
		       unsigned runs)
{
	series->connections_skew[run] = result->connections_skew;
	series->bytes_skew[run] = result->bytes_skew;
	series->table_bytes[run] = (double)result->table_bytes;
	series->table_used[run] = (double)result->table_used;
	series->table_evicted[run] = (double)result->table_evicted;
	row->stays += result->stays / runs;
	row->moved_leaving += result->moved_leaving / runs;
	row->moved_joining += result->moved_joining / runs;
	row->keys += (double)result->keys / runs;
	series->shares[run].skew = result->connections_skew;
	take_shares(series->shares[run].connections, result->connection_ms, nodes);
	take_shares(series->shares[run].bytes, result->bytes, nodes);
}

static int by_skew(const void *a, const void *b)
{
	const struct shares *x = a, *y = b;

	return (x->skew > y->skew) - (x->skew < y->skew);
}

static void finish(struct compare_row *row, struct series *series, unsigned runs)
{
	row->connections_skew = number_of(series->connections_skew, runs);
	row->bytes_skew = number_of(series->bytes_skew, runs);
	row->table_bytes = number_of(series->table_bytes, runs);
	row->table_used = number_of(series->table_used, runs);
	row->table_evicted = number_of(series->table_evicted, runs);
	qsort(series->shares, runs, sizeof *series->shares, by_skew);
	memcpy(row->connections, series->shares[(runs + 1) / 2 - 1].connections,
	       sizeof row->connections);
	memcpy(row->bytes, series->shares[(runs + 1) / 2 - 1].bytes, sizeof row->bytes);
	free(series->connections_skew);
	free(series->shares);
}

/* All choices see the same clients and the same numbers. */
static void run_once(struct compare_row *rows, size_t count, struct series *series,
		     const struct simulate_nodes *nodes, const struct compare_source *source,
		     unsigned run, unsigned runs, uint64_t seed)
{
	struct prng clients = prng_seeded(seed + run);
	struct population made = { 0 };
	const struct population *p = source->read;

	if (p == NULL) {
		population_make(&made, source->shape, &clients);
		p = &made;
	}
	for (size_t i = 0; i < count; i++) {
		struct prng draws = prng_seeded(~(seed + run));
		struct simulate_result result;

		simulate_run(&rows[i].choice, nodes, p, &draws, &result, NULL);
		add_result(&rows[i], &series[i], &result, nodes->count, run, runs);
	}
	population_deinit(&made);
}

void compare_run(struct compare_row *rows, size_t count, const struct simulate_nodes *nodes,
		 const struct compare_source *source, unsigned runs, uint64_t seed)
{
	struct series *series = mem_zalloc((count + 1) * sizeof *series);

	assert(runs > 0 && runs <= COMPARE_RUNS_MAX);
	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct compare_row){ .choice = rows[i].choice };
		series[i] = series_new(runs);
	}
	for (unsigned run = 0; run < runs; run++)
		run_once(rows, count, series, nodes, source, run, runs, seed);
	for (size_t i = 0; i < count; i++)
		finish(&rows[i], &series[i], runs);
	free(series);
}

size_t compare_all_choices(struct compare_row *rows, size_t room, unsigned sees,
			   const struct balancer_rule *rule)
{
	static const enum balancer_kind kinds[] = { BALANCER_LEASTCONN, BALANCER_ROUNDROBIN,
						    BALANCER_RANDOM, BALANCER_HASH };
	struct population seen = { .sees = sees };
	size_t n = 0;

	for (int key = SIMULATE_NONE; key < SIMULATE_KEYS; key++) {
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			struct simulate_choice choice = { (enum simulate_key)key, *rule };

			choice.rule.kind = kinds[i];
			if (n < room && simulate_key_is_seen(choice.key, &seen) &&
			    !(key == SIMULATE_NONE && kinds[i] == BALANCER_HASH))
				rows[n++].choice = choice;
		}
	}
	return n;
}
