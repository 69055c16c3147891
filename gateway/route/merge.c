#include "route/merge.h"

#include "kafka/wire.h"
#include "route/edits.h"
#include "util/hash.h"

bool merge_read(struct merge_part *part, const struct kapi *api, int version, const uint8_t *body,
		uint32_t size, struct arena *arena)
{
	const struct plan *plan = api_plan(api, version, RESPONSE);

	*part = (struct merge_part){ .body = body, .size = size };
	layout_init(&part->layout, arena);
	return plan != NULL && layout_read(&part->layout, plan, body, size);
}

/* An item of an answer, and whose it is. */
struct found {
	struct merge_part *part;
	const struct layout_item *item;
};

/* The same item once more, in the same answer. */
struct again {
	const struct layout_item *item;
	struct again *next;
};

/* Answers' items by (topic, partition) or key; open addressing.  An item is the first answer's
 * that has it, as often as that one has it. */
struct slot {
	struct found found; /* the next one to be taken, or the last one; no item: free */
	struct again *again;
	bool used;
};

struct index {
	struct slot *slots;
	uint32_t mask;
};

static uint64_t topic_hash(const struct layout_topic *t)
{
	return t->name != NULL ? hash_bytes(t->name, t->name_len) : hash_bytes(t->id, 16);
}

static uint64_t hash_of(const struct layout *l, const struct layout_item *i)
{
	uint64_t pair[2];

	if (l->by_key)
		return hash_bytes(i->key, i->key_len) + (uint64_t)i->resource_type;
	/* clients choose partitions too: no pattern of theirs may end in one chain */
	pair[0] = topic_hash(&l->topics[i->topic]);
	pair[1] = (uint32_t)i->partition;
	return hash_bytes(pair, sizeof pair);
}

static bool same_item(const struct layout *la, const struct layout_item *a, const struct layout *lb,
		      const struct layout_item *b)
{
	if (la->by_key)
		return a->resource_type == b->resource_type && a->key_len == b->key_len &&
		       memcmp(a->key, b->key, a->key_len) == 0;
	return a->partition == b->partition &&
	       layout_same_topic(&la->topics[a->topic], &lb->topics[b->topic]);
}

/* The slot of an item, free or taken by the same one. */
static struct slot *slot_of(const struct index *x, const struct layout *l,
			    const struct layout_item *item)
{
	for (uint64_t h = hash_of(l, item);; h++) {
		struct slot *s = &x->slots[h & x->mask];
		const struct found *f = &s->found;

		if (f->item == NULL || same_item(&f->part->layout, f->item, l, item))
			return s;
	}
}

static void index_item(struct index *x, struct arena *arena, struct merge_part *part,
		       const struct layout_item *item)
{
	struct slot *s = slot_of(x, &part->layout, item);

	if (s->found.item == NULL) {
		s->found = (struct found){ part, item };
	} else if (s->found.part == part) {
		struct again *again = arena_alloc(arena, sizeof *again);

		*again = (struct again){ item, s->again };
		s->again = again;
	}
}

static void index_answers(struct index *x, struct arena *arena, struct merge_part *parts,
			  uint32_t count)
{
	uint32_t items = 0, size = 8;

	for (uint32_t p = 0; p < count; p++)
		items += parts[p].layout.item_count;
	while (size < 2 * items + 2)
		size *= 2;
	x->mask = size - 1;
	x->slots = arena_alloc(arena, size * sizeof *x->slots);
	memset(x->slots, 0, size * sizeof *x->slots);
	for (uint32_t p = 0; p < count; p++) {
		const struct layout *l = &parts[p].layout;

		for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++)
			index_item(x, arena, &parts[p], i);
	}
}

/* The answer to an item of the request.  What is asked twice is answered as often as its broker
 * does: most answer for a key each time it stands there, and for a partition once. */
static struct found take(const struct index *x, const struct layout *sought,
			 const struct layout_item *item)
{
	struct slot *s = slot_of(x, sought, item);
	struct found f = s->found;

	if (f.item == NULL || s->used)
		return (struct found){ 0 };
	s->used = s->again == NULL;
	if (!s->used) {
		s->found.item = s->again->item;
		s->again = s->again->next;
	}
	f.part->taken++;
	return f;
}

static int64_t largest_throttle(const struct merge_part *parts, uint32_t count)
{
	int64_t most = 0;

	for (uint32_t p = 0; p < count; p++) {
		if (parts[p].layout.throttle.number > most)
			most = parts[p].layout.throttle.number;
	}
	return most;
}

/* What stands outside of the items is the first part's, with the throttle time
 * of all, which comes before the items or (Produce) behind them. */
static void put_outside(struct gather *g, const struct merge_part *parts, uint32_t count,
			uint32_t from, uint32_t to)
{
	const struct layout_value *throttle = &parts[0].layout.throttle;
	uint8_t *bytes = gather_space(g, to - from);

	memcpy(bytes, parts[0].body + from, to - from);
	if (throttle->size == 4 && throttle->at >= from && throttle->at + 4 <= to)
		wire_put32(bytes + throttle->at - from, (uint32_t)largest_throttle(parts, count));
}

static void put_prefix(struct gather *g, const struct merge_part *parts, uint32_t count)
{
	put_outside(g, parts, count, 0, parts[0].layout.array_at);
}

/* The tagged fields at the end are leader addresses and nothing else (Produce,
 * Fetch), and those don't pass. */
static void put_suffix(struct gather *g, const struct merge_part *parts, uint32_t count)
{
	const struct layout *l = &parts[0].layout;

	if (l->endpoints.size > 0) {
		uint32_t tags_at = l->endpoints.at - 1; /* their count: one byte */

		put_outside(g, parts, count, l->array_end, tags_at);
		*gather_space(g, 1) = 0;
		return;
	}
	put_outside(g, parts, count, l->array_end, parts[0].size);
}

/* How many bytes of records the merged answer may still have. */
struct room {
	int64_t left;
	bool is_empty; /* no records yet: the first ones go in, however many */
};

static bool fits(struct room *room, uint32_t len)
{
	if (!room->is_empty && len > room->left)
		return false;
	room->is_empty = false;
	room->left = room->left > len ? room->left - len : 0;
	return true;
}

/* A partition's or key's bytes; without its records when there is no room for them. */
static void put_item(struct gather *g, const struct found *found, struct room *room, bool compact)
{
	const struct layout_item *i = found->item;
	const uint8_t *body = found->part->body;
	const uint32_t behind = i->records_at + i->records_size;

	if (i->records_len == 0 || fits(room, i->records_len)) {
		gather_piece(g, body + i->at, i->end - i->at);
		return;
	}
	gather_piece(g, body + i->at, i->records_at - i->at);
	edits_gather_count(g, 0, compact); /* the length of no bytes is written as a count */
	gather_piece(g, body + behind, i->end - behind);
}

/* One topic of the merged answer: its own bytes from the first answer that has
 * it, then the items found. */
static void put_topic(struct gather *g, const struct found *found, uint32_t count,
		      struct room *room, bool compact)
{
	const struct merge_part *p = found[0].part;
	const struct layout_topic *t = &p->layout.topics[found[0].item->topic];

	gather_piece(g, p->body + t->at, t->count_at - t->at);
	edits_gather_count(g, count, compact);
	for (uint32_t i = 0; i < count; i++)
		put_item(g, &found[i], room, compact);
	gather_piece(g, p->body + t->items_end, t->end - t->items_end);
}

/* Entries of the request that name the same topic, chained: first[t] is where
 * the topic stood first, next[t] its next entry (0: none). */
struct repeats {
	uint32_t *first, *next;
};

static struct repeats find_repeats(struct arena *arena, const struct layout *l)
{
	uint32_t size = 8, *slots, *last;
	struct repeats r;

	while (size < 2 * l->topic_count + 2)
		size *= 2;
	slots = arena_alloc(arena, size * sizeof *slots); /* index + 1 */
	memset(slots, 0, size * sizeof *slots);
	r.first = arena_alloc(arena, (l->topic_count + 1) * sizeof *r.first);
	r.next = arena_alloc(arena, (l->topic_count + 1) * sizeof *r.next);
	last = arena_alloc(arena, (l->topic_count + 1) * sizeof *last);
	for (uint32_t t = 0; t < l->topic_count; t++) {
		uint64_t h = topic_hash(&l->topics[t]);
		uint32_t *slot = &slots[h & (size - 1)];

		while (*slot != 0 && !layout_same_topic(&l->topics[*slot - 1], &l->topics[t]))
			slot = &slots[++h & (size - 1)];
		if (*slot == 0)
			*slot = t + 1;
		else
			r.next[last[*slot - 1]] = t;
		r.first[t] = *slot - 1;
		r.next[t] = 0;
		last[*slot - 1] = t;
	}
	return r;
}

void merge_partitions(struct gather *g, const struct kapi *api, int version,
		      const struct layout *request, struct merge_part *parts, uint32_t count)
{
	bool compact = api_is_flexible(api, version);
	struct arena *arena = g->arena;
	struct found *found = arena_alloc(arena, (request->item_count + 1) * sizeof *found);
	uint32_t *counts = arena_alloc(arena, (request->topic_count + 1) * sizeof *counts);
	uint32_t n = 0, topics = 0, at = 0;
	struct repeats repeats = find_repeats(arena, request);
	struct room room = { INT64_MAX, true };
	struct index x;

	index_answers(&x, arena, parts, count);
	for (uint32_t t = 0; t < request->topic_count; t++) {
		uint32_t before = n, entry = t;

		/* a topic that the request repeats is answered where it stood first */
		while (repeats.first[t] == t) {
			const struct layout_topic *same = &request->topics[entry];

			for (uint32_t i = same->first; i < same->first + same->count; i++) {
				found[n] = take(&x, request, &request->items[i]);
				n += found[n].item != NULL;
			}
			entry = repeats.next[entry];
			if (entry == 0)
				break;
		}
		counts[t] = n - before;
		topics += counts[t] > 0;
	}
	if (request->max_bytes.size > 0)
		room.left = request->max_bytes.number > 0 ? request->max_bytes.number : 0;
	put_prefix(g, parts, count);
	edits_gather_count(g, topics, compact);
	for (uint32_t t = 0; t < request->topic_count; at += counts[t++]) {
		if (counts[t] > 0)
			put_topic(g, found + at, counts[t], &room, compact);
	}
	put_suffix(g, parts, count);
}

void merge_keys(struct gather *g, const struct kapi *api, int version, const struct layout *request,
		struct merge_part *parts, uint32_t count)
{
	bool compact = api_is_flexible(api, version);
	struct arena *arena = g->arena;
	struct found *found;
	struct index x;
	uint32_t n = 0;

	index_answers(&x, arena, parts, count);
	found = arena_alloc(arena, (x.mask + 1) * sizeof *found);
	for (uint32_t i = 0; request != NULL && i < request->item_count; i++) {
		found[n] = take(&x, request, &request->items[i]);
		n += found[n].item != NULL;
	}
	for (uint32_t p = 0; request == NULL && p < count; p++) {
		const struct layout *l = &parts[p].layout;

		for (uint32_t i = 0; i < l->item_count; i++) {
			found[n] = take(&x, l, &l->items[i]);
			n += found[n].item != NULL;
		}
	}
	put_prefix(g, parts, count);
	edits_gather_count(g, n, compact);
	for (uint32_t i = 0; i < n; i++)
		gather_piece(g, found[i].part->body + found[i].item->at,
			     found[i].item->end - found[i].item->at);
	put_suffix(g, parts, count);
}
