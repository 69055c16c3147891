#include "route/answers.h"

#include "route/alike.h"

#include <string.h>

/* The same item once more, in the same answer. */
struct again {
	struct again *next;
	uint32_t item;
};

/* Open addressing. */
struct slot {
	uint32_t part;		      /* + 1; 0: free */
	uint32_t item : 31, used : 1; /* the next one to be taken, or the last one */
	struct again *again;
};

static struct found found_in(const struct answers *x, const struct slot *s)
{
	struct merge_part *part = &x->parts[s->part - 1];

	return (struct found){ part, &part->layout.items[s->item] };
}

/* The slot of an item, free or taken by the same one. */
static struct slot *slot_of(const struct answers *x, const struct layout *l,
			    const struct layout_item *item)
{
	for (uint64_t h = alike_item_hash(l, item);; h++) {
		struct slot *s = &x->slots[h & x->mask];
		struct found f;

		if (s->part == 0)
			return s;
		f = found_in(x, s);
		if (alike_items(&f.part->layout, f.item, l, item))
			return s;
	}
}

static void index_item(struct answers *x, struct arena *arena, uint32_t part, uint32_t item)
{
	const struct layout *l = &x->parts[part].layout;
	struct slot *s = slot_of(x, l, &l->items[item]);

	if (s->part == 0) {
		*s = (struct slot){ .part = part + 1, .item = item & INT32_MAX };
	} else if (s->part == part + 1) {
		struct again *again = arena_alloc(arena, sizeof *again);

		*again = (struct again){ s->again, item };
		s->again = again;
	}
}

uint32_t answers_index(struct answers *x, struct arena *arena, struct merge_part *parts,
		       uint32_t count)
{
	uint32_t items = 0, size = 8;

	for (uint32_t p = 0; p < count; p++)
		items += parts[p].layout.item_count;
	while (size < 2 * items + 2)
		size *= 2;
	x->parts = parts;
	x->mask = size - 1;
	x->slots = arena_alloc(arena, size * sizeof *x->slots);
	memset(x->slots, 0, size * sizeof *x->slots);
	for (uint32_t p = 0; p < count; p++) {
		for (uint32_t i = 0; i < parts[p].layout.item_count; i++)
			index_item(x, arena, p, i);
	}
	return items;
}

struct found answers_take(const struct answers *x, const struct layout *sought,
			  const struct layout_item *item)
{
	struct slot *s = slot_of(x, sought, item);
	struct found f;

	if (s->part == 0 || s->used)
		return (struct found){ 0 };
	f = found_in(x, s);
	s->used = s->again == NULL;
	if (!s->used) {
		s->item = s->again->item & INT32_MAX;
		s->again = s->again->next;
	}
	f.part->taken++;
	return f;
}

bool answers_have(const struct answers *x, const struct layout *sought,
		  const struct layout_item *item)
{
	return slot_of(x, sought, item)->part != 0;
}

size_t answers_bytes(size_t items)
{
	return 2 * arena_size((4 * items + 8) * sizeof(struct slot)) +
	       items * arena_size(sizeof(struct again));
}
