/* table.h - things that are found by a hash, each of which has its place in the table within itself.
 *
 * Zeroed it is empty.  It owns nothing but its buckets, as many as there have been things at once at
 * most, a power of two; a thing must not move while it is in there.
 * Tests: tests/unit/util/table_test.c
 */
#ifndef UTIL_TABLE_H
#define UTIL_TABLE_H

#include <stdint.h>

struct table_node {
	struct table_node *next; /* of the same bucket: of any hash */
	uint64_t hash;
};

struct table {
	struct table_node **buckets;
	uint32_t size, count;
};

/* The bucket of that hash, to be searched along `next`; NULL: nothing is there. */
struct table_node *table_first(const struct table *t, uint64_t hash);
void table_add(struct table *t, struct table_node *n, uint64_t hash);
/* The thing must be there. */
void table_remove(struct table *t, struct table_node *n);
void table_deinit(struct table *t);

#endif
