/* known.h - clients that have worked with this node of late.
 *
 * One table for all workers, without locks: keys (mapping_client_key, and naming.c's) of which the
 * oldest of a bucket is pushed out by a newer one.  So "not known" may be wrong, "known" is as right as
 * the keys are.
 * Tests: tests/unit/balance/known_test.c
 */
#ifndef BALANCE_KNOWN_H
#define BALANCE_KNOWN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { KNOWN_BUCKETS = 8192, KNOWN_BUCKET = 8 };

struct known {
	/* zeros at first; in a bucket the newest key is the first */
	_Atomic uint64_t buckets[KNOWN_BUCKETS][KNOWN_BUCKET];
};

/* The key must not be 0. */
static inline void known_add(struct known *k, uint64_t key)
{
	_Atomic uint64_t *slots = k->buckets[key % KNOWN_BUCKETS];
	uint64_t pushed = key;

	for (int i = 0; i < KNOWN_BUCKET; i++) {
		pushed = atomic_exchange_explicit(&slots[i], pushed, memory_order_relaxed);
		if (pushed == 0 || pushed == key)
			return;
	}
}

static inline bool known_has(const struct known *k, uint64_t key)
{
	const _Atomic uint64_t *slots = k->buckets[key % KNOWN_BUCKETS];

	for (int i = 0; key != 0 && i < KNOWN_BUCKET; i++) {
		if (atomic_load_explicit(&slots[i], memory_order_relaxed) == key)
			return true;
	}
	return false;
}

#endif
