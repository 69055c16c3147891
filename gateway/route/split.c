#include "route/split.h"

#include "kafka/wire.h"

static uint32_t count_items(const struct layout *l, uint32_t first, uint32_t count, int32_t target)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < first + count; i++)
		n += l->items[i].target == target;
	return n;
}

/* The items of one target out of a run of items; neighbours go as one piece. */
static void put_items(struct gather *g, const uint8_t *body, const struct layout *l, uint32_t first,
		      uint32_t count, int32_t target)
{
	for (uint32_t i = first; i < first + count; i++) {
		uint32_t at = l->items[i].at;

		if (l->items[i].target != target)
			continue;
		while (i + 1 < first + count && l->items[i + 1].target == target)
			i++;
		gather_piece(g, body + at, l->items[i].end - at);
	}
}

/* Topics of a run of them that have items of the target. */
static uint32_t count_topics(const struct layout *l, uint32_t first, uint32_t count, int32_t target)
{
	uint32_t n = 0;

	for (const struct layout_topic *t = l->topics + first; t < l->topics + first + count; t++)
		n += count_items(l, t->first, t->count, target) > 0;
	return n;
}

static void put_topics(struct gather *g, const uint8_t *body, const struct layout *l,
		       uint32_t first, uint32_t count, int32_t target, bool compact)
{
	edits_gather_count(g, count_topics(l, first, count, target), compact);
	for (const struct layout_topic *t = l->topics + first; t < l->topics + first + count; t++) {
		uint32_t n = count_items(l, t->first, t->count, target);

		if (n == 0)
			continue;
		gather_piece(g, body + t->at, t->count_at - t->at);
		edits_gather_count(g, n, compact);
		put_items(g, body, l, t->first, t->count, target);
		gather_piece(g, body + t->items_end, t->end - t->items_end);
	}
}

/* What a section begins with: a path. */
static void put_section_head(struct gather *g, const uint8_t *body, const struct layout_section *s,
			     int32_t target, bool compact)
{
	if (target != TARGET_VETTED)
		gather_piece(g, body + s->at, s->count_at - s->at);
	else if (compact)
		gather_space(g, 1)[0] = 1;
	else
		wire_put16(gather_space(g, 2), 0);
}

static void put_sections(struct gather *g, const uint8_t *body, const struct layout *l,
			 int32_t target, bool compact)
{
	const struct layout_section *end = l->sections + l->section_count;
	uint32_t sections = 0;

	for (const struct layout_section *s = l->sections; s < end; s++)
		sections += count_topics(l, s->first, s->count, target) > 0;
	edits_gather_count(g, sections, compact);
	for (const struct layout_section *s = l->sections; s < end; s++) {
		if (count_topics(l, s->first, s->count, target) == 0)
			continue;
		put_section_head(g, body, s, target, compact);
		put_topics(g, body, l, s->first, s->count, target, compact);
		gather_piece(g, body + s->topics_end, s->end - s->topics_end);
	}
}

void split_part(struct gather *g, const struct request_head *head, const uint8_t *frame,
		const struct layout *l, const struct edits *edits, int32_t target,
		uint32_t correlation_id)
{
	const uint8_t *body = frame + head->body_at;
	uint32_t body_size = HEAD_SIZE_BYTES + head->size - head->body_at;
	bool compact = api_is_flexible(head->api, head->version);
	uint8_t *fixed = gather_space(g, HEAD_FIXED);
	size_t start = g->size - HEAD_FIXED;

	memcpy(fixed, frame, HEAD_FIXED);
	wire_put32(fixed + HEAD_CORRELATION_AT, correlation_id);
	gather_piece(g, frame + HEAD_FIXED, head->body_at - HEAD_FIXED);
	if (!l->has_array || l->array_null) {
		edits_gather(edits, g, body, 0, body_size);
	} else {
		edits_gather(edits, g, body, 0, l->array_at);
		if (l->by_key) {
			edits_gather_count(g, count_items(l, 0, l->item_count, target), compact);
			put_items(g, body, l, 0, l->item_count, target);
		} else if (l->has_sections) {
			put_sections(g, body, l, target, compact);
		} else {
			put_topics(g, body, l, 0, l->topic_count, target, compact);
		}
		edits_gather(edits, g, body, l->array_end, body_size);
	}
	wire_put32(fixed, (uint32_t)(g->size - start - HEAD_SIZE_BYTES));
}
