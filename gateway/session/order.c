#include "session/order.h"

#include "session/inside.h"
#include "session/request.h"

#include <string.h>

enum { FEW = 4096 }; /* so many comparisons cost less than a table */

/* The request's items by topic and partition; open addressing. */
struct table {
	const struct layout *layout;
	uint32_t *slots; /* index of an item + 1; 0: free */
	uint32_t mask;
	bool *kept; /* by item: its target is that of an earlier one */
};

static bool is_same(const struct layout *a, const struct layout_item *x, const struct layout *b,
		    const struct layout_item *y)
{
	return x->partition == y->partition &&
	       layout_same_topic(&a->topics[x->topic], &b->topics[y->topic]);
}

static uint64_t hash_of(const struct layout *l, const struct layout_item *i)
{
	return layout_partition_hash(&l->topics[i->topic], i->partition);
}

static void fill(struct table *t, struct arena *arena)
{
	const struct layout *l = t->layout;
	uint32_t size = 8;

	while (size < 2 * l->item_count)
		size *= 2;
	t->mask = size - 1;
	t->slots = arena_zalloc(arena, size * sizeof *t->slots);
	t->kept = arena_zalloc(arena, l->item_count * sizeof *t->kept);
	for (uint32_t i = 0; i < l->item_count; i++) {
		uint64_t h = hash_of(l, &l->items[i]);

		while (t->slots[h & t->mask] != 0)
			h++;
		t->slots[h & t->mask] = i + 1;
	}
}

/* An earlier item that is on its way to its target. */
static void keep_by_table(const struct table *t, const struct layout *l,
			  const struct layout_item *item)
{
	for (uint64_t h = hash_of(l, item); t->slots[h & t->mask] != 0; h++) {
		uint32_t at = t->slots[h & t->mask] - 1;
		struct layout_item *mine = &t->layout->items[at];

		if (!t->kept[at] && is_same(t->layout, mine, l, item)) {
			mine->target = item->target;
			t->kept[at] = true;
		}
	}
}

static void keep_one_by_one(const struct table *t, const struct layout *l,
			    const struct layout_item *item)
{
	for (uint32_t at = 0; at < t->layout->item_count; at++) {
		struct layout_item *mine = &t->layout->items[at];

		if (!t->kept[at] && is_same(t->layout, mine, l, item)) {
			mine->target = item->target;
			t->kept[at] = true;
		}
	}
}

/* Whether a request counts: it is on its way, and of the same API. */
static bool is_in_flight(const struct request *o, const struct request *r)
{
	return o->head.api == r->head.api && o->part_count > 0;
}

static uint64_t count_in_flight(const struct client *c, const struct request *r)
{
	uint64_t n = 0;

	for (const struct request *o = c->out.first; o != NULL && o != r; o = o->next)
		n += is_in_flight(o, r) ? o->layout.item_count : 0;
	return n;
}

void order_keep(const struct client *c, struct request *r)
{
	struct table t = { .layout = &r->layout };
	uint64_t earlier;
	bool few, kept[FEW];
	struct arena scratch;

	if (r->layout.acks.size == 0 || r->layout.item_count == 0 || c->out.first == r)
		return;
	earlier = count_in_flight(c, r);
	if (earlier == 0)
		return;
	arena_init(&scratch);
	few = earlier * r->layout.item_count <= FEW;
	if (few)
		t.kept = memset(kept, 0, r->layout.item_count);
	else
		fill(&t, &scratch);
	/* the oldest one counts */
	for (const struct request *o = c->out.first; o != r; o = o->next) {
		const struct layout *l = &o->layout;

		for (uint32_t i = 0; is_in_flight(o, r) && i < l->item_count; i++) {
			if (l->items[i].target < 0)
				continue;
			if (few)
				keep_one_by_one(&t, l, &l->items[i]);
			else
				keep_by_table(&t, l, &l->items[i]);
		}
	}
	arena_deinit(&scratch);
}
