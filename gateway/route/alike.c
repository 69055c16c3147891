#include "route/alike.h"

#include "util/hash.h"

#include <string.h>

uint64_t alike_section_hash(const struct layout_section *s)
{
	return s != NULL ? hash_bytes(s->id, s->id_len) : 0;
}

bool alike_sections(const struct layout_section *a, const struct layout_section *b)
{
	const uint32_t a_len = a != NULL ? a->id_len : 0, b_len = b != NULL ? b->id_len : 0;

	return a_len == b_len && (a_len == 0 || memcmp(a->id, b->id, a_len) == 0);
}

uint64_t alike_topic_hash(const struct layout *l, const struct layout_topic *t)
{
	const struct layout_section *s = layout_section_of(l, t);
	const uint64_t topic = layout_topic_hash(t);
	const uint64_t pair[] = { alike_section_hash(s), topic };

	return s != NULL && s->id_len > 0 ? hash_bytes(pair, sizeof pair) : topic;
}

bool alike_topics(const struct layout *la, const struct layout_topic *a, const struct layout *lb,
		  const struct layout_topic *b)
{
	return layout_same_topic(a, b) &&
	       alike_sections(layout_section_of(la, a), layout_section_of(lb, b));
}

uint64_t alike_item_hash(const struct layout *l, const struct layout_item *i)
{
	uint64_t pair[2];

	if (l->by_key)
		return hash_bytes(i->key, i->key_len) + (uint64_t)i->resource_type;
	/* clients choose partitions too: no pattern of theirs may end in one chain */
	pair[0] = alike_topic_hash(l, &l->topics[i->topic]);
	pair[1] = (uint32_t)i->partition;
	return hash_bytes(pair, sizeof pair);
}

bool alike_items(const struct layout *la, const struct layout_item *a, const struct layout *lb,
		 const struct layout_item *b)
{
	if (la->by_key)
		return a->resource_type == b->resource_type && a->key_len == b->key_len &&
		       memcmp(a->key, b->key, a->key_len) == 0;
	return a->partition == b->partition &&
	       alike_topics(la, &la->topics[a->topic], lb, &lb->topics[b->topic]);
}

/* --- within one message --- */

/* What may repeat: the request's topics or its sections. */
struct repeating {
	uint32_t count;
	uint64_t (*hash)(const struct layout *l, uint32_t i);
	bool (*same)(const struct layout *l, uint32_t a, uint32_t b);
};

static struct repeats find(struct arena *arena, const struct layout *l, const struct repeating *of)
{
	uint32_t size = 8, *slots, *last;
	struct repeats r;

	while (size < 2 * of->count + 2)
		size *= 2;
	slots = arena_alloc(arena, size * sizeof *slots); /* index + 1 */
	memset(slots, 0, size * sizeof *slots);
	r.first = arena_alloc(arena, (of->count + 1) * sizeof *r.first);
	r.next = arena_alloc(arena, (of->count + 1) * sizeof *r.next);
	last = arena_alloc(arena, (of->count + 1) * sizeof *last);
	for (uint32_t i = 0; i < of->count; i++) {
		uint64_t h = of->hash(l, i);
		uint32_t *slot = &slots[h & (size - 1)];

		while (*slot != 0 && !of->same(l, *slot - 1, i))
			slot = &slots[++h & (size - 1)];
		if (*slot == 0)
			*slot = i + 1;
		else
			r.next[last[*slot - 1]] = i;
		r.first[i] = *slot - 1;
		r.next[i] = 0;
		last[*slot - 1] = i;
	}
	return r;
}

static uint64_t hash_topic_at(const struct layout *l, uint32_t i)
{
	return alike_topic_hash(l, &l->topics[i]);
}

static bool same_topic_at(const struct layout *l, uint32_t a, uint32_t b)
{
	return alike_topics(l, &l->topics[a], l, &l->topics[b]);
}

static uint64_t hash_section_at(const struct layout *l, uint32_t i)
{
	return alike_section_hash(&l->sections[i]);
}

static bool same_section_at(const struct layout *l, uint32_t a, uint32_t b)
{
	return alike_sections(&l->sections[a], &l->sections[b]);
}

struct repeats repeats_of_topics(struct arena *arena, const struct layout *l)
{
	const struct repeating topics = { l->topic_count, hash_topic_at, same_topic_at };

	return find(arena, l, &topics);
}

struct repeats repeats_of_sections(struct arena *arena, const struct layout *l)
{
	const struct repeating sections = { l->section_count, hash_section_at, same_section_at };

	return find(arena, l, &sections);
}
