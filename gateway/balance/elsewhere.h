/* elsewhere.h - at which of the other nodes a client has a connection for a broker.
 *
 * Nodes tell each other (cluster/load.h), so the table is some tenths of a second behind.  One thread
 * writes, all workers read, without locks: a table in which a newer key pushes out another where
 * its bucket is full, and in which a node that was killed leaves its keys.  A key is one of
 * key_at_port in naming.c, and odd; a node is its mapping_tag.
 * Tests: tests/unit/balance/elsewhere_test.c
 */
#ifndef BALANCE_ELSEWHERE_H
#define BALANCE_ELSEWHERE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { ELSEWHERE_BUCKETS = 1 << 15, ELSEWHERE_BUCKET = 8 };

#define ELSEWHERE_TAG UINT64_C(0xffff)

/* A slot is a key with the node's tag for its lowest 16 bits, which the bucket's number tells. */
struct elsewhere {
	_Atomic uint64_t buckets[ELSEWHERE_BUCKETS][ELSEWHERE_BUCKET]; /* zeros at first */
};

static inline _Atomic uint64_t *elsewhere_bucket(struct elsewhere *e, uint64_t key)
{
	return e->buckets[(key >> 1) % ELSEWHERE_BUCKETS];
}

static inline uint64_t elsewhere_load(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static inline bool elsewhere_is(uint64_t slot, uint64_t key)
{
	return slot != 0 && ((slot ^ key) & ~ELSEWHERE_TAG) == 0;
}

static inline void elsewhere_add(struct elsewhere *e, uint64_t key, uint16_t tag)
{
	_Atomic uint64_t *slots = elsewhere_bucket(e, key);
	int at = (int)((key >> 32) %
		       ELSEWHERE_BUCKET); /* unless the key is there, or a slot is free */

	for (int i = 0; i < ELSEWHERE_BUCKET; i++) {
		uint64_t slot = elsewhere_load(&slots[i]);

		if (slot == 0 || elsewhere_is(slot, key))
			at = i;
		if (elsewhere_is(slot, key))
			break;
	}
	atomic_store_explicit(&slots[at], (key & ~ELSEWHERE_TAG) | tag, memory_order_relaxed);
}

/* The tag of the node at which the key's client has its connection; 0: no other node's, as far as
 * is known. */
static inline uint16_t elsewhere_tag(struct elsewhere *e, uint64_t key)
{
	_Atomic uint64_t *slots = elsewhere_bucket(e, key);

	for (int i = 0; i < ELSEWHERE_BUCKET; i++) {
		uint64_t slot = elsewhere_load(&slots[i]);

		if (elsewhere_is(slot, key))
			return (uint16_t)(slot & ELSEWHERE_TAG);
	}
	return 0;
}

/* The connection at that node has ended.  Where another node has told the key since, that stays. */
static inline void elsewhere_remove(struct elsewhere *e, uint64_t key, uint16_t tag)
{
	_Atomic uint64_t *slots = elsewhere_bucket(e, key);

	for (int i = 0; i < ELSEWHERE_BUCKET; i++) {
		if (elsewhere_load(&slots[i]) == ((key & ~ELSEWHERE_TAG) | tag))
			atomic_store_explicit(&slots[i], 0, memory_order_relaxed);
	}
}

#endif
