/* held.h - at which of the other nodes a client has a connection for a broker.
 *
 * Nodes tell each other (cluster/load.h); so it is some tenths of a second old.  One thread
 * writes, all workers read, without locks: a table in which a newer key pushes out another where
 * its bucket is full, and in which a node that was killed leaves its keys.  A key is one of
 * key_at_port in naming.c, and odd; a node is its mapping_tag.
 * Tests: tests/unit/session/held_test.c
 */
#ifndef SESSION_HELD_H
#define SESSION_HELD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { HELD_BUCKETS = 1 << 15, HELD_BUCKET = 8 };

#define HELD_TAG UINT64_C(0xffff)

/* A slot is a key with the node's tag for its lowest 16 bits, which the bucket's number tells. */
struct held {
	_Atomic uint64_t buckets[HELD_BUCKETS][HELD_BUCKET]; /* zeros at first */
};

static inline _Atomic uint64_t *held_bucket(struct held *h, uint64_t key)
{
	return h->buckets[(key >> 1) % HELD_BUCKETS];
}

static inline uint64_t held_load(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static inline bool held_is(uint64_t slot, uint64_t key)
{
	return slot != 0 && ((slot ^ key) & ~HELD_TAG) == 0;
}

static inline void held_add(struct held *h, uint64_t key, uint16_t tag)
{
	_Atomic uint64_t *slots = held_bucket(h, key);
	int at = (int)((key >> 32) % HELD_BUCKET); /* unless it is there, or one is free */

	for (int i = 0; i < HELD_BUCKET; i++) {
		uint64_t slot = held_load(&slots[i]);

		if (slot == 0 || held_is(slot, key))
			at = i;
		if (held_is(slot, key))
			break;
	}
	atomic_store_explicit(&slots[at], (key & ~HELD_TAG) | tag, memory_order_relaxed);
}

/* 0: no other node's, as far as is known. */
static inline uint16_t held_by(struct held *h, uint64_t key)
{
	_Atomic uint64_t *slots = held_bucket(h, key);

	for (int i = 0; i < HELD_BUCKET; i++) {
		uint64_t slot = held_load(&slots[i]);

		if (held_is(slot, key))
			return (uint16_t)(slot & HELD_TAG);
	}
	return 0;
}

/* Another node may have it by now: then that stays. */
static inline void held_remove(struct held *h, uint64_t key, uint16_t tag)
{
	_Atomic uint64_t *slots = held_bucket(h, key);

	for (int i = 0; i < HELD_BUCKET; i++) {
		if (held_load(&slots[i]) == ((key & ~HELD_TAG) | tag))
			atomic_store_explicit(&slots[i], 0, memory_order_relaxed);
	}
}

#endif
