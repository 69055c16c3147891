#include "session/rebalances.h"

#include "util/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	BUCKETS = 4096, /* a power of two */
	WAYS = 4,
};

/* An entry is a number: the upper half of the group's hash and the time; 0: free. */
struct rebalances {
	_Atomic uint64_t entries[BUCKETS][WAYS];
};

struct rebalances *rebalances_new(void)
{
	return mem_zalloc(sizeof(struct rebalances));
}

void rebalances_free(struct rebalances *r)
{
	free(r);
}

static uint64_t entry(uint64_t group, uint32_t ms)
{
	return (group & UINT64_C(0xffffffff00000000)) | ms;
}

static bool is_of(uint64_t e, uint64_t group)
{
	return e != 0 && e >> 32 == group >> 32;
}

/* Two threads may take the same place: then one of them is forgotten. */
void rebalances_note(struct rebalances *r, uint64_t group, uint32_t ms)
{
	_Atomic uint64_t *bucket = r->entries[group % BUCKETS], *place = bucket;

	for (_Atomic uint64_t *at = bucket; at < bucket + WAYS; at++) {
		if (is_of(atomic_load_explicit(at, memory_order_relaxed), group)) {
			place = at;
			break;
		}
		if ((uint32_t)atomic_load_explicit(at, memory_order_relaxed) <
		    (uint32_t)atomic_load_explicit(place, memory_order_relaxed))
			place = at;
	}
	atomic_store_explicit(place, entry(group, ms), memory_order_relaxed);
}

uint32_t rebalances_of(const struct rebalances *r, uint64_t group)
{
	const _Atomic uint64_t *bucket = r->entries[group % BUCKETS];

	for (const _Atomic uint64_t *at = bucket; at < bucket + WAYS; at++) {
		uint64_t e = atomic_load_explicit(at, memory_order_relaxed);

		if (is_of(e, group))
			return (uint32_t)e;
	}
	return 0;
}
