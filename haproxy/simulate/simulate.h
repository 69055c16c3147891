/* simulate.h - how a kind of stickiness and a balance spread a population over nodes.
 *
 * A choice is what keeps a client on its node (the key), how (a stick table, or
 * the hash of `balance` itself) and how a node is found for a new key.  One run
 * plays every connection of a population in its order through a model of HAProxy
 * (balancer.h, sticktable.h) and then asks, for each client: where would its
 * next connection go - as things are, with a node less, with a node more.
 *
 * Numbers of a result:
 *   skew     of the busiest node to the mean of all: 1 is even, N is all on one of N.
 *            Of connections: by the time that they are open.  Of bytes: by their sum.
 *   stays    the share of clients whose next connection reaches the node that
 *            their last one reached
 *   moved    the share of clients whose node would be another one, though it is
 *            still there; who was on the node that went has to move and is
 *            not counted
 * Tests: tests/unit/haproxy/simulate/simulate_test.c, tests/integration/haproxy/simulate.py
 */
#ifndef SIMULATE_SIMULATE_H
#define SIMULATE_SIMULATE_H

#include "simulate/balancer.h"
#include "simulate/population.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIMULATE_NODES_MAX = 64, SIMULATE_KEY_MAX = 512, SIMULATE_UNPLACED = -1 };

/* What keeps a client on its node; names as in `haproxy generate --stickiness`. */
enum simulate_key {
	SIMULATE_NONE,
	SIMULATE_SOURCE,
	SIMULATE_CLIENT_ID, /* without one: the source */
	SIMULATE_SOURCE_CLIENT_ID,
	SIMULATE_PORT,
	SIMULATE_SNI,  /* without one: the source */
	SIMULATE_CERT, /* without one: the source */
	SIMULATE_KEYS
};

struct simulate_choice {
	enum simulate_key key;
	struct balancer_rule rule; /* BALANCER_HASH: of the key, no table */
};

struct simulate_nodes {
	const char *names[SIMULATE_NODES_MAX];
	struct balancer_server servers[SIMULATE_NODES_MAX];
	size_t count;
	size_t table_size;
	int64_t table_expire_ms; /* 0: never */
};

struct simulate_result {
	double connection_ms[SIMULATE_NODES_MAX]; /* what each node had: open time, bytes */
	double bytes[SIMULATE_NODES_MAX];
	double connections_skew, bytes_skew;
	double stays, moved_leaving, moved_joining;
	size_t keys;	   /* different ones */
	size_t table_used; /* at most; 0 without a table */
	size_t table_evicted;
	size_t table_bytes; /* of memory, for what was used at most */
};

const char *simulate_key_name(enum simulate_key key);
MUST_CHECK bool simulate_key_parse(const char *name, enum simulate_key *key);
/* Whether the population tells what the key is made of. */
bool simulate_key_is_seen(enum simulate_key key, const struct population *p);
/* Whether a stick table is what keeps clients. */
bool simulate_has_table(const struct simulate_choice *choice);
/* Bytes of the longest key in HAProxy's table, as generated files have it. */
size_t simulate_key_length(enum simulate_key key);

/* Plays it all.  `placed`, when not NULL, gets the node of each connection. */
void simulate_run(const struct simulate_choice *choice, const struct simulate_nodes *nodes,
		  const struct population *p, struct prng *r, struct simulate_result *result,
		  int *placed);
/* Max / mean; 1 when all are 0. */
double simulate_skew(const double *values, size_t count);

#endif
