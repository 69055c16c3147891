/* answers.h - what several answers have, found by (topic, partition) or by key.
 *
 * An item is the first answer's that has it, as often as that one has it.
 * Tests: tests/unit/route/merge_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_ANSWERS_H
#define ROUTE_ANSWERS_H

#include "route/merge.h"

struct slot;

/* Lives in the arena that it was made in. */
struct answers {
	struct merge_part *parts;
	struct slot *slots;
	uint32_t mask;
};

/* An item of an answer, and whose it is. */
struct found {
	struct merge_part *part;
	struct layout_item *item; /* NULL: no answer has it */
};

/* Returns how many items there are in all. */
uint32_t answers_index(struct answers *x, struct arena *arena, struct merge_part *parts,
		       uint32_t count);
/* The answer to an item of the request.  What is asked twice is answered as often as its broker
 * does: most answer for a key each time it stands there, and for a partition once. */
struct found answers_take(const struct answers *x, const struct layout *sought,
			  const struct layout_item *item);
bool answers_have(const struct answers *x, const struct layout *sought,
		  const struct layout_item *item);
/* What an arena needs for two of them of so many items: merge_missing makes one of its own. */
size_t answers_bytes(size_t items);

#endif
