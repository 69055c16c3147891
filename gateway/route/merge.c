#include "route/merge.h"

#include "kafka/wire.h"
#include "route/alike.h"
#include "route/answers.h"
#include "route/edits.h"

#include <assert.h>
#include <stdlib.h>

enum {
	PIECES = 8, /* outside of topics and items */
	FIXED_BYTES = 16 * 1024,
};

bool merge_read(struct merge_part *part, const struct kapi *api, int version, const uint8_t *body,
		uint32_t size, struct arena *arena)
{
	const struct plan *plan = api_plan(api, version, RESPONSE);

	*part = (struct merge_part){ .body = body, .size = size };
	layout_init(&part->layout, arena);
	return plan != NULL && layout_read(&part->layout, plan, body, size);
}

/* --- what no answer has --- */

static bool is_missing(const void *index, const struct layout *l, const struct layout_item *i)
{
	return !answers_have(index, l, i);
}

struct layout merge_missing(struct arena *work, const struct layout *request,
			    struct merge_part *parts, uint32_t count)
{
	struct answers x;

	(void)answers_index(&x, work, parts, count);
	return layout_some(request, work, is_missing, &x);
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
	struct layout_item *i = found->item;
	const uint8_t *body = found->part->body;
	const uint32_t behind = i->records_at + i->records_size;

	if (i->records_len == 0 || fits(room, i->records_len)) {
		i->records_told = i->records_len;
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

/* --- what is put together --- */

/* The items of the merged answer, by the request's topics. */
struct chosen {
	const struct layout *request;
	/* request is what all answers have, put in a row: whose each of its sections is; NULL: a
	 * client's */
	const struct merge_part **owners;
	struct found *found;
	uint32_t *at, *counts; /* of each topic, in found; none of one that stood before */
	struct room room;
	bool compact;
};

static struct chosen choose(struct arena *arena, const struct layout *request,
			    const struct answers *x)
{
	const struct repeats repeats = repeats_of_topics(arena, request);
	struct chosen c = { .request = request, .room = { INT64_MAX, true } };
	uint32_t n = 0;

	c.found = arena_alloc(arena, (request->item_count + 1) * sizeof *c.found);
	c.at = arena_alloc(arena, (request->topic_count + 1) * sizeof *c.at);
	c.counts = arena_alloc(arena, (request->topic_count + 1) * sizeof *c.counts);
	for (uint32_t t = 0; t < request->topic_count; t++) {
		uint32_t entry = t;

		c.at[t] = n;
		/* a topic that the request repeats is answered where it stood first */
		while (repeats.first[t] == t) {
			const struct layout_topic *same = &request->topics[entry];

			for (uint32_t i = same->first; i < same->first + same->count; i++) {
				c.found[n] = answers_take(x, request, &request->items[i]);
				n += c.found[n].item != NULL;
			}
			entry = repeats.next[entry];
			if (entry == 0)
				break;
		}
		c.counts[t] = n - c.at[t];
	}
	if (request->max_bytes.size > 0)
		c.room.left = request->max_bytes.number > 0 ? request->max_bytes.number : 0;
	return c;
}

/* Topics of a run of the request's that have items. */
static uint32_t count_topics(const struct chosen *c, uint32_t first, uint32_t count)
{
	uint32_t n = 0;

	for (uint32_t t = first; t < first + count; t++)
		n += c->counts[t] > 0;
	return n;
}

static void put_topics(struct gather *g, struct chosen *c, uint32_t first, uint32_t count)
{
	for (uint32_t t = first; t < first + count; t++) {
		if (c->counts[t] > 0)
			put_topic(g, c->found + c->at[t], c->counts[t], &c->room, c->compact);
	}
}

/* --- sections --- */

/* A section of an answer. */
struct source {
	const uint8_t *body;
	const struct layout_section *section;
};

/* What the section's own bytes are taken from. */
static struct source source_of(const struct chosen *c, const struct repeats *repeats,
			       uint32_t section)
{
	uint32_t s = section;

	if (c->owners != NULL)
		return (struct source){ c->owners[section]->body, &c->request->sections[section] };
	do {
		const struct layout_section *one = &c->request->sections[s];

		for (uint32_t t = one->first; t < one->first + one->count; t++) {
			const struct found *f = &c->found[c->at[t]];
			const struct layout *l = c->counts[t] > 0 ? &f->part->layout : NULL;

			if (l != NULL)
				return (struct source){
					f->part->body,
					&l->sections[l->topics[f->item->topic].section]
				};
		}
		s = repeats->next[s]; /* where it stood first it may have had no topics */
	} while (s != 0);
	abort(); /* only a section that has topics is put */
}

/* What the same sections of several answers say together: an error of any of them, and the sums. */
static struct layout_section together(const struct chosen *c, const struct repeats *repeats,
				      uint32_t section)
{
	const struct layout_section *own = source_of(c, repeats, section).section;
	struct layout_section all;

	assert(own != NULL); /* an answer's topics stand in sections where the request's do */
	all = *own;

	for (uint32_t s = repeats->next[section]; c->owners != NULL && s != 0;
	     s = repeats->next[s]) {
		const struct layout_section *more = &c->request->sections[s];

		if (all.error.number == 0)
			all.error.number = more->error.number;
		for (uint32_t i = 0; i < all.sum_count; i++) {
			if (all.sums[i].number >= 0 && more->sums[i].number >= 0)
				all.sums[i].number += more->sums[i].number;
			else
				all.sums[i].number = -1;
		}
	}
	return all;
}

static void put_value(uint8_t *bytes, uint32_t from, uint32_t to, const struct layout_value *v)
{
	if (v->size == 0 || v->at < from || v->at + v->size > to)
		return;
	if (v->size == 2)
		wire_put16(bytes + v->at - from, (uint16_t)v->number);
	else
		wire_put64(bytes + v->at - from, (uint64_t)v->number);
}

/* Bytes of a section in front of its topics, or behind them. */
static void put_around(struct gather *g, const uint8_t *body, const struct layout_section *s,
		       uint32_t from, uint32_t to)
{
	uint8_t *bytes = gather_space(g, to - from);

	memcpy(bytes, body + from, to - from);
	put_value(bytes, from, to, &s->error);
	for (uint32_t i = 0; i < s->sum_count; i++)
		put_value(bytes, from, to, &s->sums[i]);
}

/* The topics of a section, wherever the request has it. */
static uint32_t count_in_section(const struct chosen *c, const struct repeats *repeats,
				 uint32_t section)
{
	uint32_t n = 0, s = section;

	do {
		n += count_topics(c, c->request->sections[s].first, c->request->sections[s].count);
		s = repeats->next[s];
	} while (s != 0);
	return n;
}

static void put_section(struct gather *g, struct chosen *c, const struct repeats *repeats,
			uint32_t section, uint32_t topics)
{
	const struct layout_section all = together(c, repeats, section);
	const uint8_t *body = source_of(c, repeats, section).body;
	uint32_t s = section;

	put_around(g, body, &all, all.at, all.count_at);
	edits_gather_count(g, topics, c->compact);
	do {
		put_topics(g, c, c->request->sections[s].first, c->request->sections[s].count);
		s = repeats->next[s];
	} while (s != 0);
	put_around(g, body, &all, all.topics_end, all.end);
}

/* Each section once; one without topics is shown only where it is one of an answer. */
static void put_sections(struct gather *g, struct arena *work, struct chosen *c)
{
	const struct layout *request = c->request;
	const struct repeats repeats = repeats_of_sections(work, request);
	uint32_t *topics = arena_alloc(work, (request->section_count + 1) * sizeof *topics);
	uint32_t shown = 0;

	for (uint32_t s = 0; s < request->section_count; s++) {
		topics[s] = repeats.first[s] == s ? count_in_section(c, &repeats, s) : 0;
		shown += repeats.first[s] == s && (topics[s] > 0 || c->owners != NULL);
	}
	edits_gather_count(g, shown, c->compact);
	for (uint32_t s = 0; s < request->section_count; s++) {
		if (repeats.first[s] == s && (topics[s] > 0 || c->owners != NULL))
			put_section(g, c, &repeats, s, topics[s]);
	}
}

/* --- the answer --- */

size_t merge_bytes(const struct merge_amount *answers, const struct merge_amount *request)
{
	const size_t items = answers->items > request->items ? answers->items : request->items;
	const size_t topics = request->topics + request->sections;

	return answers_bytes(answers->items) + arena_size((items + 1) * sizeof(struct found)) +
	       arena_size((4 * topics + 8) * sizeof(uint32_t)) +
	       8 * arena_size((topics + 1) * sizeof(uint32_t)) +
	       arena_size((request->sections + 1) * sizeof(void *));
}

size_t merge_reply_bytes(size_t bytes, const struct merge_amount *of)
{
	const size_t pieces = 2 * of->items + 3 * (of->topics + of->sections) + PIECES;
	const size_t small = pieces * GATHER_SMALL;

	return (bytes < small ? bytes : small) * 4 / 3 + bytes / 16 + FIXED_BYTES;
}

void merge_partitions(struct gather *g, struct arena *work, const struct kapi *api, int version,
		      const struct layout *request, struct merge_part *parts, uint32_t count)
{
	struct chosen c;
	struct answers x;

	answers_index(&x, work, parts, count);
	c = choose(work, request, &x);
	c.compact = api_is_flexible(api, version);
	put_prefix(g, parts, count);
	if (parts[0].layout.has_sections) {
		put_sections(g, work, &c);
	} else {
		edits_gather_count(g, count_topics(&c, 0, request->topic_count), c.compact);
		put_topics(g, &c, 0, request->topic_count);
	}
	put_suffix(g, parts, count);
}

/* One answer's more, in a layout that has room for it. */
static void append(struct layout *all, const struct layout *l)
{
	for (uint32_t s = 0; s < l->section_count; s++) {
		all->sections[all->section_count + s] = l->sections[s];
		all->sections[all->section_count + s].first += all->topic_count;
	}
	for (uint32_t t = 0; t < l->topic_count; t++) {
		all->topics[all->topic_count + t] = l->topics[t];
		all->topics[all->topic_count + t].first += all->item_count;
		all->topics[all->topic_count + t].section += all->section_count;
	}
	for (uint32_t i = 0; i < l->item_count; i++) {
		all->items[all->item_count + i] = l->items[i];
		all->items[all->item_count + i].topic += all->topic_count;
	}
	all->section_count += l->section_count;
	all->topic_count += l->topic_count;
	all->item_count += l->item_count;
}

/* A request for all that the answers have. */
static struct layout in_a_row(struct arena *arena, const struct merge_part *parts, uint32_t count)
{
	struct layout all = { .arena = arena, .has_array = true, .has_sections = true };
	uint32_t sections = 1, topics = 1, items = 1;

	for (uint32_t p = 0; p < count; p++) {
		sections += parts[p].layout.section_count;
		topics += parts[p].layout.topic_count;
		items += parts[p].layout.item_count;
	}
	all.sections = arena_alloc(arena, sections * sizeof *all.sections);
	all.topics = arena_alloc(arena, topics * sizeof *all.topics);
	all.items = arena_alloc(arena, items * sizeof *all.items);
	for (uint32_t p = 0; p < count; p++)
		append(&all, &parts[p].layout);
	return all;
}

void merge_news(struct gather *g, struct arena *work, const struct kapi *api, int version,
		const struct layout *request, struct merge_part *parts, uint32_t count)
{
	struct layout all = in_a_row(work, parts, count);

	all.max_bytes = request->max_bytes;
	merge_partitions(g, work, api, version, &all, parts, count);
}

/* Whose each section is. */
static const struct merge_part **owners_of(struct arena *arena, const struct merge_part *parts,
					   uint32_t count, uint32_t sections)
{
	const struct merge_part **owners = arena_alloc(arena, (sections + 1) * sizeof *owners);
	uint32_t n = 0;

	for (uint32_t p = 0; p < count; p++) {
		for (uint32_t s = 0; s < parts[p].layout.section_count; s++)
			owners[n++] = &parts[p];
	}
	return owners;
}

void merge_sections(struct gather *g, struct arena *work, const struct kapi *api, int version,
		    struct merge_part *parts, uint32_t count)
{
	struct layout all = in_a_row(work, parts, count);
	struct chosen c;
	struct answers x;

	answers_index(&x, work, parts, count);
	c = choose(work, &all, &x);
	c.owners = owners_of(work, parts, count, all.section_count);
	c.compact = api_is_flexible(api, version);
	put_prefix(g, parts, count);
	put_sections(g, work, &c);
	put_suffix(g, parts, count);
}

void merge_keys(struct gather *g, struct arena *work, const struct kapi *api, int version,
		const struct layout *request, struct merge_part *parts, uint32_t count)
{
	bool compact = api_is_flexible(api, version);
	struct found *found;
	struct answers x;
	uint32_t n = 0, most;

	most = answers_index(&x, work, parts, count);
	if (request != NULL && request->item_count > most)
		most = request->item_count;
	found = arena_alloc(work, (most + 1) * sizeof *found);
	for (uint32_t i = 0; request != NULL && i < request->item_count; i++) {
		found[n] = answers_take(&x, request, &request->items[i]);
		n += found[n].item != NULL;
	}
	for (uint32_t p = 0; request == NULL && p < count; p++) {
		const struct layout *l = &parts[p].layout;

		for (uint32_t i = 0; i < l->item_count; i++) {
			found[n] = answers_take(&x, l, &l->items[i]);
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
