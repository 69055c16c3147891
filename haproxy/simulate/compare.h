/* compare.h - choices side by side, over many runs.
 *
 * A described population is made anew for each run, so its numbers have a median
 * and a 95th percentile; one that was read is the same in each run, and only
 * `balance random` differs.  Run n of seed s is the same everywhere and for
 * every choice.
 * Tests: tests/unit/haproxy/simulate/compare_test.c
 */
#ifndef SIMULATE_COMPARE_H
#define SIMULATE_COMPARE_H

#include "simulate/simulate.h"

#include <stddef.h>
#include <stdint.h>

enum { COMPARE_RUNS_MAX = 1000 };

struct compare_number {
	double median, p95;
};

struct compare_row {
	struct simulate_choice choice;
	struct compare_number connections_skew, bytes_skew;
	struct compare_number table_bytes, table_used, table_evicted;
	double stays, moved_leaving, moved_joining, keys; /* means of the runs */
	/* the share of each node in the run whose skew of connections is the median */
	double connections[SIMULATE_NODES_MAX], bytes[SIMULATE_NODES_MAX];
};

/* Where populations come from: `read`, or else `shape`. */
struct compare_source {
	const struct population *read;
	const struct population_shape *shape;
};

/* Fills `rows`, whose choices are set. */
void compare_run(struct compare_row *rows, size_t count, const struct simulate_nodes *nodes,
		 const struct compare_source *source, unsigned runs, uint64_t seed);

/* Every choice that makes sense for what the population tells, in a fixed order;
 * at most `room`; how many.  `hash_type` and the rest of `rule` are taken over. */
size_t compare_all_choices(struct compare_row *rows, size_t room, unsigned sees,
			   const struct balancer_rule *rule);

#endif
