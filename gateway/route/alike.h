/* alike.h - when two messages, or two places of one, are about the same thing.
 *
 * Tests: tests/unit/route/merge_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_ALIKE_H
#define ROUTE_ALIKE_H

#include "route/layout.h"

/* Sections without an id, or none at all (NULL), are all the same one. */
uint64_t alike_section_hash(const struct layout_section *s);
bool alike_sections(const struct layout_section *a, const struct layout_section *b);
/* A topic is one within its section. */
uint64_t alike_topic_hash(const struct layout *l, const struct layout_topic *t);
bool alike_topics(const struct layout *la, const struct layout_topic *a, const struct layout *lb,
		  const struct layout_topic *b);
/* A topic's partition, or a key. */
uint64_t alike_item_hash(const struct layout *l, const struct layout_item *i);
bool alike_items(const struct layout *la, const struct layout_item *a, const struct layout *lb,
		 const struct layout_item *b);

/* Entries of a message that are the same one again, chained: first[i] is where it stood first, next[i] its
 * next entry (0: none). */
struct repeats {
	uint32_t *first, *next;
};

struct repeats repeats_of_topics(struct arena *arena, const struct layout *l);
struct repeats repeats_of_sections(struct arena *arena, const struct layout *l);

#endif
