/* balancer.h - which server of a backend HAProxy 2.6 gives the next connection.
 *
 * The algorithms of `balance`, with the state that they keep.  Hashes are exact:
 * the same server as HAProxy for the same key.  So are leastconn and, with equal
 * weights, roundrobin, as long as connections come one after the other; with
 * unequal ones roundrobin serves in other turns, but as often.  random draws
 * other numbers than HAProxy, with the same chances.
 *
 *   server   up with a weight     takes part
 *            down, or weight 0    takes none; what it has stays
 * Tests: tests/unit/haproxy/simulate/balancer_test.c, tests/integration/haproxy/hashes.py
 */
#ifndef SIMULATE_BALANCER_H
#define SIMULATE_BALANCER_H

#include "simulate/lbhash.h"
#include "simulate/prng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BALANCER_WEIGHT_MAX = 256, BALANCER_NONE = -1 };

enum balancer_kind { BALANCER_LEASTCONN, BALANCER_ROUNDROBIN, BALANCER_RANDOM, BALANCER_HASH };

struct balancer_server {
	unsigned id;	 /* as in `server ... id 1`, from 1 on; places it on the circle */
	unsigned weight; /* 0 to 256 */
};

struct balancer_rule {
	enum balancer_kind kind;
	struct lbhash_type hash_type; /* of BALANCER_HASH */
	unsigned balance_factor;      /* hash-balance-factor in percent, above 100; 0: none */
	unsigned draws;		      /* of random: 2 is HAProxy's default */
};

struct balancer;

/* All are up, in the order of the file; copies both. */
struct balancer *balancer_new(const struct balancer_rule *rule,
			      const struct balancer_server *servers, size_t count);
void balancer_free(struct balancer *b);
/* A copy with the same state. */
struct balancer *balancer_copy(const struct balancer *b);

/* The place of the server in the list; BALANCER_NONE when none is usable.
 * `hash` is of the key, NULL when there is no key (HAProxy then takes turns).
 * random draws from `r`. */
int balancer_pick(struct balancer *b, const uint32_t *hash, struct prng *r);
/* A connection went there, by pick or because it sticks. */
void balancer_take(struct balancer *b, int server);
void balancer_drop(struct balancer *b, int server);
void balancer_set_up(struct balancer *b, int server, bool up);
bool balancer_is_up(const struct balancer *b, int server);
unsigned balancer_served(const struct balancer *b, int server);

#endif
