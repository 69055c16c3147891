#include "session/collect.h"

#include "kafka/wire.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/upstreams.h"
#include "session/vetted.h"
#include "session/watch.h"

enum {
	ANSWER_SMALL = INBUF_BLOCK,
	ANSWER_FIRST = 2048, /* so much is read before its size is known */
	BROKER_BYTES = 1024, /* a broker's address, and what it takes to write it */
};

/* --- memory --- */

/* Polls come one by one, while what was answered before them is held: one at a time waits for
 * memory, or has it. */
static bool may_hold_poll(struct client *c, struct part *p)
{
	struct request *r = p->request;

	if (p->answer_size <= ANSWER_SMALL / r->part_count)
		return true;
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (&r->parts[i] != p && r->parts[i].hold.reservation != NULL)
			return false;
	}
	return hold_get(c, &p->hold, BUDGET_POLLS, p->answer_size);
}

/* Memory for the answers of a split: reserved for all of them at once, when the sizes of all are
 * known, so that nobody waits for memory while holding some. */
static bool may_hold(struct client *c, struct part *p)
{
	struct request *r = p->request;
	int64_t all = 0;

	if (p->purpose == FOR_POLLS)
		return may_hold_poll(c, p);
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].answer_size == 0 && r->parts[i].state == PART_SENT)
			return p->answer_size <= ANSWER_SMALL / r->part_count;
		if (r->parts[i].hold.reservation == NULL)
			all += r->parts[i].answer_size;
	}
	if (r->answers_hold.is_granted && r->answers_hold.bytes < all)
		hold_release(&r->answers_hold); /* less was expected; nobody waits while holding */
	return all <= ANSWER_SMALL || hold_get(c, &r->answers_hold, BUDGET_ANSWERS, all);
}

bool collect_expect(struct client *c, struct request *r, int64_t size)
{
	const int64_t largest = budget_largest(c->worker->shared->budget, BUDGET_ANSWERS);

	if (size > largest)
		size = largest; /* it may still be less */
	return size <= ANSWER_SMALL || hold_get(c, &r->answers_hold, BUDGET_ANSWERS, size);
}

/* --- bytes --- */

/* The whole frame out of the upstream's buffer. */
static void take_answer(struct part *p)
{
	p->answer = conn_take_whole(&p->upstream->link.conn, p->answer_size);
	upstream_answered(p->upstream);
	p->upstream = NULL;
	part_set(p, PART_ANSWERED);
}

/* The size of the answer that begins in the buffer; 0: it is not this part's. */
static uint32_t size_of_next(const struct conn *in, const struct part *p)
{
	uint32_t size = wire_get32(conn_data(in)) + HEAD_SIZE_BYTES;

	if (size < ANSWER_FIXED || size > INT32_MAX ||
	    wire_get32(conn_data(in) + 4) != p->correlation_id)
		return 0;
	return size;
}

bool collect_part(struct client *c, struct part *p)
{
	struct upstream *u = p->upstream;
	struct conn *in = &u->link.conn;
	bool moved = false;
	uint32_t n;

	while (upstream_is_open(u) && upstream_next(u) == p) {
		if (conn_len(in) >= ANSWER_FIXED) {
			moved |= p->answer_size == 0;
			p->answer_size = size_of_next(in, p);
			if (p->answer_size == 0) {
				upstream_lose(u, LINK_BAD_ANSWER);
				break;
			}
			if (conn_len(in) >= p->answer_size) {
				take_answer(p);
				return true;
			}
			if (!may_hold(c, p))
				return moved;
			conn_hold(in, p->answer_size);
		} else {
			conn_hold(in, ANSWER_FIRST);
		}
		n = conn_fill_held(in);
		stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, n);
		zone_bytes_broker(c, u, n);
		c->share.bytes -= n;
		moved |= n > 0;
		if (n == 0 && conn_is_dry(in))
			upstream_lose(u, LINK_CUT);
		else if (n == 0)
			return moved;
	}
	return moved || upstream_is_lost(u);
}

bool collect_parts(struct client *c, struct request *r, bool *moved)
{
	bool all = true;

	for (uint32_t i = 0; i < r->part_count && !client_is_closing(c); i++) {
		struct part *p = &r->parts[i];

		if (p->state == PART_SENT && p->upstream != NULL)
			*moved |= collect_part(c, p);
		all &= part_is_final(p);
	}
	return all && !client_is_closing(c);
}

/* What is made of the answer is mostly its own bytes, and a bit for each broker. */
static size_t reply_memory(const struct client *c, const struct part *p, uint32_t copies)
{
	size_t size = p->answer_size;

	return copies * (size * 4 / 3 + size / 16) +
	       c->worker->snapshot->broker_count * (size_t)BROKER_BYTES;
}

enum course_result collect_one(struct client *c, struct request *r, uint32_t copies,
			       bool (*write)(struct client *c, struct request *r))
{
	struct part *p = r->parts;
	bool moved = false;
	int code = 0;

	if (p->state == PART_SENT && p->upstream != NULL)
		moved = collect_part(c, p);
	if (client_is_closing(c) || !part_is_final(p))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (p->state != PART_ANSWERED)
		code = part_lost_code(p);
	if (p->state != PART_ANSWERED && code != LOST_SAYS_NOTHING)
		return reply_stub_seen(r, code, false, r->is_near ? watch_whole : NULL);
	if (code == 0 && !reply_may(r, reply_memory(c, p, copies)))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (code == LOST_SAYS_NOTHING || !write(c, r))
		client_fail(c, "its broker was lost, or answered what can't be shown");
	return COURSE_MOVED;
}

/* --- reading --- */

bool collect_body(const struct part *p, uint8_t **body, uint32_t *size)
{
	const struct request_head *h = &p->request->head;
	uint32_t tags = 0, left = p->answer_size - ANSWER_FIXED;

	if (api_answer_has_tags(h->api, h->version) &&
	    answer_tags_skip(p->answer + ANSWER_FIXED, left, left, &tags) != HEAD_OK)
		return false;
	*body = p->answer + ANSWER_FIXED + tags;
	*size = left - tags;
	return true;
}

bool collect_count(const struct part *p, struct layout_sum *sum)
{
	const struct request_head *h = &p->request->head;
	const struct plan *plan = api_plan(h->api, h->version, RESPONSE);
	uint8_t *body;
	uint32_t size;

	return plan != NULL && collect_body(p, &body, &size) && layout_count(sum, plan, body, size);
}

bool collect_read(struct client *c, struct part *p, struct merge_part *read, struct arena *work)
{
	struct request *r = p->request;
	const struct kapi *api = r->head.api;
	uint8_t *body;
	uint32_t size;

	if (!collect_body(p, &body, &size))
		return false;
	if (p->target == TARGET_VETTED)
		vetted_tell(p, body, size);
	if ((r->is_near && !watch_part(p, body, size)) ||
	    !merge_read(read, api, r->head.version, body, size, work))
		return false;
	/* a broker has something to say of leaders only where it says an error; settings may be
	 * addresses anywhere.  Looking notices the errors too.  A client's with a zone has been looked
	 * through before. */
	if (!r->is_near && api->answer == ANSWER_WATCH &&
	    (read->layout.has_item_error || api->route == TO_RESOURCE)) {
		if (!watch_whole(r, body, size))
			return false;
	} else if (!r->is_near) {
		watch_layout(c, r, &read->layout);
	}
	upstreams_mute(c, p, read->layout.throttle.number);
	return true;
}
