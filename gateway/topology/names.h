/* names.h - a small set of byte strings, in the order in which they came.
 *
 * A plain value; zeroed it is empty.  Holds NAMES_MAX at most.
 * Tests: tests/unit/topology/names_test.c
 */
#ifndef TOPOLOGY_NAMES_H
#define TOPOLOGY_NAMES_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_MAX = 4096 };

struct name {
	uint8_t *bytes;
	uint32_t len;
	uint64_t hash;
};

struct names {
	struct name *all;
	size_t count;
	uint32_t *slots; /* index + 1, 0: free */
	size_t slot_count; /* a power of two, or 0 */
};

/* False: it is full, and this one is not in it. */
MUST_CHECK bool names_add(struct names *n, const void *bytes, size_t len);
void names_deinit(struct names *n);

#endif
