#include "util/table.h"

#include "util/mem.h"

#include <stdlib.h>

enum { FIRST = 16 };

struct table_node *table_first(const struct table *t, uint64_t hash)
{
	return t->size > 0 ? t->buckets[hash & (t->size - 1)] : NULL;
}

static void put(struct table *t, struct table_node *n)
{
	struct table_node **bucket = &t->buckets[n->hash & (t->size - 1)];

	n->next = *bucket;
	*bucket = n;
}

static void grow(struct table *t)
{
	const struct table old = *t;

	t->size = old.size > 0 ? 2 * old.size : FIRST;
	t->buckets = mem_zalloc(t->size * sizeof(struct table_node *));
	for (uint32_t i = 0; i < old.size; i++) {
		for (struct table_node *n = old.buckets[i], *next; n != NULL; n = next) {
			next = n->next;
			put(t, n);
		}
	}
	free(old.buckets);
}

void table_add(struct table *t, struct table_node *n, uint64_t hash)
{
	if (t->count >= t->size)
		grow(t);
	n->hash = hash;
	t->count++;
	put(t, n);
}

void table_remove(struct table *t, struct table_node *n)
{
	struct table_node **at = &t->buckets[n->hash & (t->size - 1)];

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	t->count--;
}

void table_deinit(struct table *t)
{
	free(t->buckets);
	*t = (struct table){ NULL, 0, 0 };
}
