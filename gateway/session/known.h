/* known.h - clients that have worked with this node of late.
 *
 * Shared by all workers, without locks: a table of keys (mapping_client_key) in which a newer one
 * may push out an older one.  So "not known" may be wrong, "known" is as right as the keys are.
 * Tests: tests/unit/session/known_test.c
 */
#ifndef SESSION_KNOWN_H
#define SESSION_KNOWN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { KNOWN_SLOTS = 16384 };

struct known {
	_Atomic uint64_t slots[KNOWN_SLOTS]; /* zeros at first */
};

static inline void known_add(struct known *k, uint64_t key)
{
	atomic_store_explicit(&k->slots[key % KNOWN_SLOTS], key, memory_order_relaxed);
}

static inline bool known_has(const struct known *k, uint64_t key)
{
	return key != 0 &&
	       atomic_load_explicit(&k->slots[key % KNOWN_SLOTS], memory_order_relaxed) == key;
}

#endif
