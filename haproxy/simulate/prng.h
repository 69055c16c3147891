/* prng.h - random numbers that are the same for the same seed, on every machine.
 *
 * splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", 2014).  Not for secrets.  A plain value: copy it to repeat.
 * Tests: tests/unit/haproxy/simulate/prng_test.c
 */
#ifndef SIMULATE_PRNG_H
#define SIMULATE_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct prng {
	uint64_t state;
};

/* Neighbouring seeds give unrelated numbers. */
struct prng prng_seeded(uint64_t seed);
uint64_t prng_next(struct prng *r);
/* 0 to n - 1, each as likely; n > 0. */
uint64_t prng_below(struct prng *r, uint64_t n);
/* 0 <= x < 1 */
double prng_unit(struct prng *r);
/* With this mean, as times between independent events are. */
double prng_exponential(struct prng *r, double mean);
/* 0 to n - 1, of which rank k is drawn as often as 1 / (k + 1)^s: 0 all alike,
 * 1 as names are.  `sums` has n running sums, from prng_zipf_sums. */
size_t prng_zipf(struct prng *r, const double *sums, size_t n);
void prng_zipf_sums(double *sums, size_t n, double s);

#endif
