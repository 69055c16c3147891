/* The course of a request for several brokers: each gets its items, or the whole of it, and the
 * answers become one that a single broker could have sent. */
#include "session/merged.h"

#include "route/stub.h"
#include "session/collect.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/send.h"

#include <stdlib.h>

/* --- what stands in for an answer --- */

/* A topic that has no items yet; in its section, where there are any. */
static void add_topic_of(struct layout *sub, const struct layout_topic *topic)
{
	struct layout_section *s = sub->section_count > 0 ? &sub->sections[topic->section] : NULL;

	if (s != NULL && s->count++ == 0)
		s->first = sub->topic_count;
	sub->topics[sub->topic_count] = *topic;
	sub->topics[sub->topic_count].first = sub->item_count;
	sub->topics[sub->topic_count++].count = 0;
}

/* The items of one target, as a request of their own. */
static struct layout items_of(struct request *r, int32_t target)
{
	const struct layout *l = &r->layout;
	struct layout sub = *l;

	sub.items = arena_alloc(&r->arena, (l->item_count + 1) * sizeof *sub.items);
	sub.topics = arena_alloc(&r->arena, (l->topic_count + 1) * sizeof *sub.topics);
	sub.sections = arena_copy(&r->arena, l->sections, l->section_count * sizeof *sub.sections);
	sub.item_count = sub.topic_count = 0;
	for (uint32_t s = 0; s < sub.section_count; s++)
		sub.sections[s].count = 0;
	for (uint32_t i = 0; i < l->item_count; i++) {
		const struct layout_item *item = &l->items[i];
		bool first = sub.item_count == 0 || item->topic != l->items[i - 1].topic ||
			     sub.items[sub.item_count - 1].topic != item->topic;

		if (item->target != target)
			continue;
		if (!l->by_key && first)
			add_topic_of(&sub, &l->topics[item->topic]);
		if (!l->by_key)
			sub.topics[sub.topic_count - 1].count++;
		sub.items[sub.item_count++] = *item;
	}
	for (uint32_t t = 0; t < sub.topic_count; t++) {
		for (uint32_t i = 0; i < sub.topics[t].count; i++)
			sub.items[sub.topics[t].first + i].topic = t;
	}
	return sub;
}

/* An answer written here. */
static void stand_in(struct request *r, struct merge_part *m, const struct layout *items, int code)
{
	struct buf out;
	const uint8_t *copy;

	buf_init(&out, INT32_MAX);
	stub_answer(&out, r->head.api, r->head.version, items, code, false);
	copy = arena_copy(&r->arena, out.data, out.len);
	if (!merge_read(m, r->head.api, r->head.version, copy, (uint32_t)out.len, &r->arena))
		abort(); /* what we write we can read */
	buf_deinit(&out);
}

/* --- the merge --- */

/* What the answers have counts, and not what was asked for. */
static bool is_list(const struct kapi *api)
{
	return api->merge == MERGE_CONCAT || api->merge == MERGE_SECTIONS;
}

/* What there is to merge. */
struct merging {
	struct merge_part *parts;
	uint32_t count;
	int top; /* an error that speaks for the whole */
};

/* The answers that came; false: one contradicts its schema. */
static bool add_answers(struct client *c, struct request *r, struct part *parts, struct merging *m)
{
	for (uint32_t i = 0; parts != NULL && i < r->part_count; i++) {
		if (parts[i].state != PART_ANSWERED || parts[i].answer == NULL)
			continue;
		if (!collect_read(c, &parts[i]))
			return false;
		if (is_list(r->head.api))
			reserved_leave_out(&c->worker->reserved, &parts[i].read.layout);
		if (parts[i].read.layout.error.number != 0)
			m->top = (int)parts[i].read.layout.error.number;
		m->parts[m->count++] = parts[i].read;
	}
	return true;
}

/* What stands in for those that did not; false: nothing can. */
static bool add_stand_ins(struct request *r, struct merging *m)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct layout items;

		if (p->state != PART_LOST && p->state != PART_UNSENT)
			continue;
		m->top = part_lost_code(p);
		if (m->top == LOST_SAYS_NOTHING)
			return false;
		if (is_list(r->head.api))
			continue;
		items = items_of(r, p->broker);
		stand_in(r, &m->parts[m->count++], &items, m->top);
		reply_count_code(r, m->top);
	}
	return true;
}

/* For what no answer has; it is counted where there is any. */
static void add_missing(struct request *r, struct merging *m)
{
	stand_in(r, &m->parts[m->count++], &r->layout, lost_missing_code(r->head.api));
}

static void count_missing(struct request *r, const struct merging *m)
{
	int code = lost_missing_code(r->head.api);

	if (code != 0 && m->parts[m->count - 1].taken > 0)
		reply_count_code(r, code);
}

static void merge(struct request *r, struct merging *m)
{
	const struct kapi *api = r->head.api;
	uint8_t *head = reply_begin(r);

	if (api->merge == MERGE_PARTITIONS)
		merge_partitions(&r->reply, api, r->head.version, &r->layout, m->parts, m->count);
	else if (api->merge == MERGE_SECTIONS)
		merge_sections(&r->reply, api, r->head.version, m->parts, m->count);
	else
		merge_keys(&r->reply, api, r->head.version,
			   api->merge == MERGE_CONCAT ? NULL : &r->layout, m->parts, m->count);
	reply_end(r, head);
}

/* What is refused has its code in the stub for all items. */
static void count_refused(struct request *r)
{
	for (uint32_t i = 0; r->layout.has_item_error && i < r->layout.item_count; i++) {
		if (r->layout.items[i].target == TARGET_REFUSED) {
			reply_count_code(r, r->layout.items[i].error);
			return;
		}
	}
}

bool merged_reply(struct client *c, struct request *r, struct part *before)
{
	const struct kapi *api = r->head.api;
	struct merging m = { 0 };

	m.parts = arena_alloc(&r->arena, (r->part_count * 3 + 1) * sizeof *m.parts);
	/* an item's first answer counts */
	if (!add_answers(c, r, r->parts, &m) || !add_stand_ins(r, &m) ||
	    !add_answers(c, r, before, &m))
		return false;
	if (is_list(api) && m.top != 0) {
		if (!stub_has_top(api, r->head.version))
			return false;
		reply_stub(r, m.top, true); /* never a silently partial list */
		return true;
	}
	if (!is_list(api))
		add_missing(r, &m);
	if (m.count == 0)
		return false;
	count_refused(r);
	merge(r, &m);
	if (!is_list(api))
		count_missing(r, &m);
	return true;
}

/* --- the course --- */

static enum course_result answer(struct client *c, struct request *r)
{
	bool moved = false;

	if (!collect_parts(c, r, &moved))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (!merged_reply(c, r, NULL))
		client_fail(c, "its broker was lost, or answered what can't be shown");
	return COURSE_MOVED;
}

const struct course course_merged = { .name = "merged",
				      .commit = send_begin_parts,
				      .answer = answer };
