/* lbhash.h - the hashes by which HAProxy chooses a server: `hash-type`.
 *
 * What is hashed, as HAProxy has it at that moment:
 *
 *   balance source              the address as 32-bit numbers, xor'ed; the
 *                               function of hash-type is not used, its
 *                               avalanche is
 *   balance hash EXPRESSION     the sample as binary: a string its bytes, an
 *                               IPv4 address 4 bytes, IPv6 16, a number (such
 *                               as a port) 8 bytes, the highest first
 *
 * Keys are hashed alike by all versions; where a server is on the circle differs
 * (balancer.h).  Verified against HAProxy 2.6.12, 3.0.11 and 3.2.26:
 * tests/integration/haproxy/hashes.py, tests/unit/haproxy/simulate/lbhash_test.c
 */
#ifndef SIMULATE_LBHASH_H
#define SIMULATE_LBHASH_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lbhash_function { LBHASH_SDBM, LBHASH_DJB2, LBHASH_WT6, LBHASH_CRC32 };

struct lbhash_type {
	bool consistent; /* else map-based, HAProxy's default */
	enum lbhash_function function;
	bool avalanche; /* mix the result once more */
};

/* The words after `hash-type`: "consistent", "map-based crc32 avalanche", ...
 * "consistent" alone means "consistent sdbm avalanche", as in HAProxy.  False:
 * it is none. */
MUST_CHECK bool lbhash_parse(const char *words, struct lbhash_type *type);
/* The words of `type`, complete; 40 bytes suffice. */
void lbhash_print(const struct lbhash_type *type, char *to, size_t size);

/* Of a sample of `balance hash`. */
uint32_t lbhash_sample(const struct lbhash_type *type, const void *bytes, size_t n);
/* Of an address of `balance source`: 4 or 16 bytes. */
uint32_t lbhash_source(const struct lbhash_type *type, const uint8_t *address, size_t n);
/* Of a server's address, 4 or 16 bytes: `hash-key addr`. */
uint32_t lbhash_address(const uint8_t *address, size_t n);
/* The mixing of avalanche; it also places servers on the circle of a consistent
 * hash, server `id` at lbhash_mix(id * 4096 + 0), + 1, ...: 16 points for each
 * unit of weight. */
uint32_t lbhash_mix(uint32_t x);

#endif
