/* balancer.h - which server of a backend HAProxy gives the next connection.
 *
 * The algorithms of `balance`, with the state that they keep.  Hashes are exact:
 * the same server as that version of HAProxy for the same key.  So are leastconn
 * before 3.2 and, with equal weights, roundrobin, as long as connections come one
 * after the other; with unequal ones roundrobin serves in other turns, but as
 * often.  random, and leastconn from 3.2 on where servers are equally busy, draw
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
#include "version/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BALANCER_WEIGHT_MAX = 256, BALANCER_NONE = -1 };

enum balancer_kind { BALANCER_LEASTCONN, BALANCER_ROUNDROBIN, BALANCER_RANDOM, BALANCER_HASH };

/* What places a server on the circle of a consistent hash: `hash-key`. */
enum balancer_hash_key { BALANCER_KEY_ID, BALANCER_KEY_ADDR };

struct balancer_server {
	unsigned id;	 /* as in `server ... id 1`, from 1 on */
	unsigned weight; /* 0 to 256 */
	uint8_t address[16];
	size_t address_length; /* 4 or 16; 0: not known, and the id counts */
};

struct balancer_rule {
	enum balancer_kind kind;
	struct lbhash_type hash_type; /* of BALANCER_HASH */
	unsigned balance_factor;      /* hash-balance-factor in percent, above 100; 0: none */
	unsigned draws;		      /* of random: 2 is HAProxy's default */
	enum balancer_hash_key hash_key;
	struct version version; /* of the HAProxy that is played; 0.0.0 is as 2.6 */
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
 * What draws, draws from `r`. */
int balancer_pick(struct balancer *b, const uint32_t *hash, struct prng *r);
/* A connection went there, by pick or because it sticks. */
void balancer_take(struct balancer *b, int server);
void balancer_drop(struct balancer *b, int server);
void balancer_set_up(struct balancer *b, int server, bool up);
bool balancer_is_up(const struct balancer *b, int server);
unsigned balancer_served(const struct balancer *b, int server);

#endif
