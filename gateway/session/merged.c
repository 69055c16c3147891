/* The course of a request for several brokers: each gets its items, or the whole of it, and the
 * answers become one that a single broker could have sent. */
#include "session/merged.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/stub.h"
#include "session/collect.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/own_session.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/send.h"
#include "session/watch.h"

#include <stdlib.h>

enum {
	PART_BYTES = 1024, /* what a part takes beside its items */
	STUB_COPIES = 3,
};

/* --- what stands in for an answer --- */

static bool is_of(const void *target, const struct layout *l, const struct layout_item *i)
{
	(void)l;
	return i->target == *(const int32_t *)target;
}

/* The items of one target, as a request of their own. */
static struct layout items_of(const struct request *r, struct arena *work, int32_t target)
{
	if (own_session_is_incremental(r))
		return fetched_items(own_session_fetched(r->session), target, work);
	return layout_some(&r->layout, work, is_of, &target);
}

/* An answer written here; false: it can't be.  Its bytes stay with the request, for the reply may
 * refer to them. */
static bool stand_in(struct request *r, struct arena *work, struct merge_part *m,
		     const struct layout *items, int code)
{
	const struct request_head *h = &r->head;
	const uint8_t *copy;
	struct buf out;
	bool fits;

	buf_init(&out, stub_most(h->api, h->version, items));
	fits = stub_answer(&out, h->api, h->version, items, code, false);
	copy = fits ? arena_copy(&r->arena, out.data, out.len) : NULL;
	if (fits && r->is_near && !watch_whole(r, (uint8_t *)(uintptr_t)copy, (uint32_t)out.len))
		abort(); /* as well */
	if (fits && !merge_read(m, h->api, h->version, copy, (uint32_t)out.len, work))
		abort(); /* what we write we can read */
	buf_deinit(&out);
	return fits;
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
	int top;	   /* an error that speaks for the whole */
	struct arena work; /* what is only needed meanwhile */
	bool lacks_memory; /* more was missing than is paid for */
};

static bool has_answer(const struct part *p)
{
	return p->state == PART_ANSWERED && p->answer != NULL;
}

/* Which answer of a session's broker it is. */
struct answer {
	const struct fetched *of;
	int32_t broker;
	uint32_t said;
};

static bool is_wanted(const void *answer, const struct layout *l, const struct layout_item *i)
{
	const struct answer *a = answer;

	return fetched_wants(a->of, a->broker, a->said, &l->topics[i->topic], i->partition);
}

/* The client may have moved on since the broker was asked: only what it still wants to hear counts. */
static void leave_unwanted(const struct request *r, const struct part *p, struct merging *m,
			   struct layout *answer)
{
	const struct answer a = { own_session_fetched(r->session), p->broker, p->said };

	*answer = layout_some(answer, &m->work, is_wanted, &a);
}

/* The answers that came; false: one contradicts its schema. */
static bool add_answers(struct client *c, struct request *r, struct part *parts, struct merging *m)
{
	for (uint32_t i = 0; parts != NULL && i < r->part_count; i++) {
		struct merge_part *read = &m->parts[m->count];

		if (!has_answer(&parts[i]))
			continue;
		if (!collect_read(c, &parts[i], read, &m->work))
			return false;
		m->count++;
		if (own_session_is_incremental(r))
			leave_unwanted(r, &parts[i], m, &read->layout);
		if (is_list(r->head.api))
			reserved_leave_out(&c->worker->reserved, &read->layout);
		if (read->layout.error.number != 0)
			m->top = (int)read->layout.error.number;
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
		items = items_of(r, &m->work, p->target);
		if (!stand_in(r, &m->work, &m->parts[m->count++], &items, m->top))
			return false;
		reply_count_code(r, m->top);
	}
	return true;
}

/* An answer without items, for what stands outside of them. */
static bool add_nothing(struct request *r, struct merging *m)
{
	struct layout nothing = r->layout;

	nothing.topic_count = nothing.item_count = 0;
	return stand_in(r, &m->work, &m->parts[m->count++], &nothing, ERROR_NONE);
}

/* For what no answer has; it is counted where there is any.  False: it can't be made. */
static bool add_missing(struct request *r, struct merging *m)
{
	struct layout missing = merge_missing(&m->work, &r->layout, m->parts, m->count);
	uint32_t n = missing.item_count;

	m->lacks_memory = n > r->missing && n > LAYOUT_FEW;
	r->missing = n;
	if (!m->lacks_memory && (n > 0 || m->count == 0))
		return stand_in(r, &m->work, &m->parts[m->count++], &missing,
				lost_missing_code(r->head.api));
	return true;
}

static uint32_t refused_items(const struct layout *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; l->has_item_error && i < l->item_count; i++)
		n += l->items[i].target == TARGET_REFUSED;
	return n;
}

/* What is refused is missing too, with a code of its own. */
static void count_missing(struct request *r, const struct merging *m)
{
	int code = lost_missing_code(r->head.api);

	if (code != 0 && m->parts[m->count - 1].taken > refused_items(&r->layout))
		reply_count_code(r, code);
}

/* What stands outside of the items is the first answer's: the session is the client's, and of what is
 * wrong with a broker's it hears nothing. */
static void put_session(const struct request *r, struct merging *m)
{
	const struct layout *l = &m->parts[0].layout;
	uint8_t *body = (uint8_t *)(uintptr_t)m->parts[0].body; /* of a part, or of the request */

	if (l->session_id.size > 0)
		wire_put32(body + l->session_id.at, (uint32_t)own_session_told(r));
	if (r->session != NULL)
		wire_put16(body + l->error.at, ERROR_NONE);
}

static void merge(struct request *r, struct merging *m)
{
	const struct kapi *api = r->head.api;
	uint8_t *head = reply_begin(r);

	put_session(r, m);
	if (own_session_is_incremental(r))
		merge_news(&r->reply, &m->work, api, r->head.version, &r->layout, m->parts,
			   m->count);
	else if (api->merge == MERGE_PARTITIONS)
		merge_partitions(&r->reply, &m->work, api, r->head.version, &r->layout, m->parts,
				 m->count);
	else if (api->merge == MERGE_SECTIONS)
		merge_sections(&r->reply, &m->work, api, r->head.version, m->parts, m->count);
	else
		merge_keys(&r->reply, &m->work, api, r->head.version,
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

/* False: none can be made. */
static bool make(struct client *c, struct request *r, struct part *before, struct merging *m)
{
	const struct kapi *api = r->head.api;

	m->parts = arena_alloc(&m->work, (r->part_count * 3 + 2) * sizeof *m->parts);
	if (own_session_is_incremental(r) && !add_nothing(r, m))
		return false;
	/* an item's first answer counts */
	if (!add_answers(c, r, r->parts, m) || !add_stand_ins(r, m) ||
	    !add_answers(c, r, before, m))
		return false;
	if (is_list(api) && m->top != 0) {
		if (!stub_has_top(api, r->head.version))
			return false;
		(void)reply_stub(r, m->top, true); /* never a silently partial list */
		return true;
	}
	if (!is_list(api) && !own_session_is_incremental(r) && !add_missing(r, m))
		return false;
	if (m->lacks_memory)
		return true;
	if (m->count == 0)
		return false;
	count_refused(r);
	merge(r, m);
	uses_merged(c, r, m->parts, m->count);
	if (r->missing > 0)
		count_missing(r, m);
	return true;
}

/* --- its memory --- */

/* Of the answers: what they name, their bytes, and what their layouts take. */
struct amount {
	struct merge_amount names;
	size_t bytes, layouts;
};

static bool add_amounts(const struct request *r, const struct part *parts, struct amount *of)
{
	for (uint32_t i = 0; parts != NULL && i < r->part_count; i++) {
		struct layout_sum sum;

		if (!has_answer(&parts[i]))
			continue;
		if (!collect_count(&parts[i], &sum))
			return false;
		of->names.sections += sum.layout.section_count;
		of->names.topics += sum.layout.topic_count;
		of->names.items += sum.layout.item_count;
		of->bytes += parts[i].answer_size;
		of->layouts += layout_bytes(&sum);
	}
	return true;
}

/* An answer that stands in for others about so many items of these: laid out, written, and laid out
 * again. */
static void add_stand_in(const struct request *r, const struct layout *l, size_t items,
			 struct amount *of)
{
	const size_t topics = items < l->topic_count ? items : l->topic_count;
	const size_t stub = stub_most(r->head.api, r->head.version, l);

	of->names.sections += l->section_count;
	of->names.topics += topics;
	of->names.items += items;
	of->bytes += stub;
	of->layouts += 2 * (arena_size(l->section_count * sizeof *l->sections) +
			    arena_size(topics * sizeof *l->topics) +
			    arena_size(items * sizeof *l->items)) +
		       STUB_COPIES * arena_size(stub);
}

static size_t count_of(const struct layout *l, int32_t target)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->item_count; i++)
		n += l->items[i].target == target;
	return n;
}

/* All that the session reads of the part's broker. */
static void add_all_of(const struct request *r, const struct part *p, struct amount *of)
{
	struct arena scratch; /* the session has paid for it */
	struct layout l;

	arena_init(&scratch);
	l = items_of(r, &scratch, p->target);
	add_stand_in(r, &l, l.item_count, of);
	arena_deinit(&scratch);
}

static void add_stand_ins_amounts(const struct request *r, struct amount *of)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		const struct part *p = &r->parts[i];

		if (p->state != PART_LOST && p->state != PART_UNSENT)
			continue;
		if (own_session_is_incremental(r))
			add_all_of(r, p, of);
		else
			add_stand_in(r, &r->layout, count_of(&r->layout, p->target), of);
	}
	if (r->missing > 0)
		add_stand_in(r, &r->layout, r->missing, of);
}

/* What a merge of all answers takes while it is made; false: one contradicts its schema. */
static bool merge_memory(const struct request *r, const struct part *before, size_t *bytes)
{
	const struct layout *l = &r->layout;
	struct merge_amount asked = { l->section_count, l->topic_count, l->item_count };
	struct amount of = { 0 };

	if (!add_amounts(r, r->parts, &of) || !add_amounts(r, before, &of))
		return false;
	if (!is_list(r->head.api))
		add_stand_ins_amounts(r, &of);
	if (is_list(r->head.api) || own_session_is_incremental(r)) {
		asked = of.names;
		/* of each answer, of what is shown of it, and of all in a row */
		of.layouts *= own_session_is_incremental(r) ? 3 : 2;
	}
	*bytes = of.layouts + merge_bytes(&of.names, &asked) +
		 merge_reply_bytes(of.bytes, &of.names) +
		 r->part_count * (3 * sizeof(struct merge_part) + PART_BYTES);
	return true;
}

enum course_result merged_reply(struct client *c, struct request *r, struct part *before)
{
	struct merging m = { 0 };
	size_t bytes = 0;
	bool is_made;

	if (r->reply_hold.reservation == NULL && !merge_memory(r, before, &bytes)) {
		client_fail(c, "a broker's answer that contradicts its schema");
		return COURSE_MOVED;
	}
	if (!reply_may(r, bytes))
		return COURSE_WAITS;
	arena_init(&m.work);
	is_made = make(c, r, before, &m);
	arena_deinit(&m.work);
	if (is_made && m.lacks_memory) {
		hold_release(
			&r->reply_hold); /* all of it is asked for at once, with nothing in hand */
		return COURSE_MOVED;
	}
	if (!is_made)
		client_fail(c, "its broker was lost, or answered what can't be shown");
	return COURSE_MOVED;
}

/* --- the course --- */

/* Parts whose brokers could not be reached may have another to speak for them. */
static bool send_elsewhere_all(struct client *c, struct request *r)
{
	bool moved = false;

	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		moved |= send_elsewhere(c, p);
		if (p->state == PART_TO_SEND)
			moved |= send_composed(c, p);
	}
	return moved;
}

static enum course_result answer(struct client *c, struct request *r)
{
	bool moved = send_elsewhere_all(c, r);

	if (!collect_parts(c, r, &moved))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	return merged_reply(c, r, NULL);
}

const struct course course_merged = { .name = "merged",
				      .commit = send_begin_parts,
				      .answer = answer };
