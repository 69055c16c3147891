/* Answers that must be held: rewritten, merged, or written here. */
#include "session/session.h"

#include "kafka/wire.h"
#include "route/merge.h"
#include "route/rewrite.h"
#include "route/stub.h"
#include "util/mem.h"

enum { ANSWER_SMALL = INBUF_BLOCK };

static void on_grant(void *owner)
{
	struct part *p = owner;

	p->granted = true;
	client_step(p->request->client);
}

/* Memory for an answer of `size` bytes: true when it is there. */
static bool may_hold(struct client *c, struct part *p, uint32_t size)
{
	struct budget *budget = c->worker->node->budget;

	if (size <= ANSWER_SMALL || p->granted)
		return true;
	if (p->reservation != NULL)
		return false;
	if (size > budget_largest(budget)) {
		client_fail(c, "an answer to be held that is larger than the budget");
		return false;
	}
	p->reservation = budget_reserve(budget, size, &c->worker->mailbox, on_grant, p,
					&p->granted);
	return p->granted;
}

/* The whole frame out of the upstream's buffer. */
static void take_answer(struct part *p, uint32_t size)
{
	struct inbuf *in = &p->upstream->sock.in;

	p->answer_size = size;
	if (in->cap > INBUF_BLOCK && in->from == 0 && in->to == size) {
		p->answer = in->bytes; /* its memory is the answer's own */
		*in = (struct inbuf){ 0 };
	} else {
		p->answer = mem_alloc(size);
		memcpy(p->answer, inbuf_at(in), size);
		inbuf_take(in, size);
	}
	upstream_answered(p->upstream);
	p->upstream = NULL;
	p->state = PART_ANSWERED;
}

bool collect_part(struct client *c, struct part *p)
{
	struct upstream *u = p->upstream;
	struct sock *s = &u->sock;
	bool moved = false;
	uint32_t size;

	while (u->state == UPSTREAM_OPEN && upstream_next(u) == p) {
		if (inbuf_len(&s->in) >= ANSWER_FIXED) {
			size = wire_get32(inbuf_at(&s->in)) + HEAD_SIZE_BYTES;
			if (size < ANSWER_FIXED || size > INT32_MAX ||
			    wire_get32(inbuf_at(&s->in) + 4) != p->correlation_id) {
				u->state = UPSTREAM_LOST;
				return true;
			}
			if (inbuf_len(&s->in) >= size) {
				take_answer(p, size);
				return true;
			}
			if (!may_hold(c, p, size))
				return moved;
			inbuf_reserve(&s->in, &c->worker->bufs, size);
		}
		if (!s->readable)
			return moved;
		size = sock_read(s, &c->worker->bufs, UINT32_MAX);
		stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, size);
		moved |= size > 0;
		if (s->lost)
			u->state = UPSTREAM_LOST;
	}
	return moved || u->state == UPSTREAM_LOST;
}

/* --- the reply --- */

/* The head of an answer; its size is filled in by reply_end. */
static uint8_t *reply_begin(struct request *r)
{
	bool tags = api_answer_has_tags(r->head.api, r->head.version);
	uint8_t *head;

	gather_init(&r->reply, &r->arena);
	head = gather_space(&r->reply, ANSWER_FIXED);
	wire_put32(head + 4, r->head.correlation_id);
	if (tags)
		*gather_space(&r->reply, 1) = 0;
	return head;
}

static void reply_end(struct request *r, uint8_t *head)
{
	wire_put32(head, (uint32_t)(r->reply.size - HEAD_SIZE_BYTES));
	r->replied = true;
}

void collect_bytes(struct request *r, const uint8_t *body, size_t n)
{
	uint8_t *head = reply_begin(r);

	gather_copy(&r->reply, body, n);
	reply_end(r, head);
	if (r->part_count == 0)
		r->kind = REQUEST_LOCAL;
}

void collect_stub(struct request *r, int code, bool at_top)
{
	struct buf out;

	buf_init(&out, INT32_MAX);
	stub_answer(&out, r->head.api, r->head.version, &r->layout, code, at_top);
	collect_bytes(r, out.data, out.len);
	buf_deinit(&out);
	stats_add(&r->client->worker->stats, STAT_SYNTHESIZED, 1);
	stats_error(&r->client->worker->stats, code);
}

/* The body of a part's answer behind its header; false: malformed. */
static bool answer_body(const struct request *r, const struct part *p, uint8_t **body,
			uint32_t *size)
{
	uint32_t tags = 0, left = p->answer_size - ANSWER_FIXED;

	if (api_answer_has_tags(r->head.api, r->head.version) &&
	    answer_tags_skip(p->answer + ANSWER_FIXED, left, left, &tags) != HEAD_OK)
		return false;
	*body = p->answer + ANSWER_FIXED + tags;
	*size = left - tags;
	return true;
}

static void news_topic(void *owner, const uint8_t *name, uint32_t len)
{
	struct client *c = owner;

	topology_notice_topic(c->worker->node->topology, (struct topology_name){ name, len, false });
}

static void news_cluster(void *owner)
{
	struct client *c = owner;

	topology_notice_all(c->worker->node->topology);
}

static bool reply_rewritten(struct client *c, struct request *r)
{
	struct rewrite_news news = { news_topic, news_cluster, c };
	uint8_t *head = reply_begin(r), *body;
	uint32_t size;

	if (!answer_body(r, &r->parts[0], &body, &size) ||
	    !rewrite_answer(&r->reply, r->head.api, r->head.version, body, size,
			    &c->worker->advertising, c->worker->snapshot, &news))
		return false;
	reply_end(r, head);
	stats_add(&c->worker->stats, STAT_REWRITTEN, 1);
	return true;
}

/* The items of one target, as a request of their own. */
static struct layout items_of(struct request *r, int32_t target)
{
	const struct layout *l = &r->layout;
	struct layout sub = *l;

	sub.items = arena_alloc(&r->arena, (l->item_count + 1) * sizeof *sub.items);
	sub.topics = arena_alloc(&r->arena, (l->topic_count + 1) * sizeof *sub.topics);
	sub.item_count = sub.topic_count = 0;
	for (uint32_t i = 0; i < l->item_count; i++) {
		const struct layout_item *item = &l->items[i];
		bool first = sub.item_count == 0 || item->topic != l->items[i - 1].topic ||
			     sub.items[sub.item_count - 1].topic != item->topic;

		if (item->target != target)
			continue;
		if (!l->by_key && first) {
			sub.topics[sub.topic_count] = l->topics[item->topic];
			sub.topics[sub.topic_count].first = sub.item_count;
			sub.topics[sub.topic_count++].count = 0;
		}
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

/* An answer written here stands in for a part's. */
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
	if (code != 0) {
		stats_add(&r->client->worker->stats, STAT_SYNTHESIZED, 1);
		stats_error(&r->client->worker->stats, code);
	}
}

/* For items that no answer has. A Fetch that a broker throttled comes back
 * without any: nothing is wrong with them. */
static int missing_code(const struct request *r)
{
	if (r->head.api->route == TO_LEADER)
		return r->head.api->long_poll ? 0 : ERROR_NOT_LEADER;
	return ERROR_COORDINATOR_NOT_AVAILABLE;
}

/* Answers first, then what stands in for the parts that have none.  The number
 * of them, 0: the client must be closed; *top: an error for the whole. */
static uint32_t read_parts(struct client *c, struct request *r, struct merge_part *m, int *top)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		uint8_t *body;
		uint32_t size;

		if (p->state != PART_ANSWERED)
			continue;
		if (!answer_body(r, p, &body, &size) ||
		    !merge_read(&m[n], r->head.api, r->head.version, body, size, &r->arena))
			return 0;
		watch_layout(c, r, &m[n].layout);
		if (m[n].layout.error.number != 0)
			*top = (int)m[n].layout.error.number;
		n++;
	}
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		int code = p->state != PART_ANSWERED ? lost_code(r, p) : 0;
		struct layout items;

		if (p->state == PART_ANSWERED)
			continue;
		if (code < 0)
			return 0;
		*top = code;
		if (r->head.api->merge == MERGE_CONCAT)
			continue;
		items = items_of(r, p->broker);
		stand_in(r, &m[n++], &items, code);
	}
	if (r->head.api->merge != MERGE_CONCAT)
		stand_in(r, &m[n++], &r->layout, missing_code(r));
	return n;
}

/* CurrentLeader of merged answers, as watch.c shows those that pass. */
static void show_leaders(struct client *c, struct request *r)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct relay_watcher w;
		uint8_t *body;
		uint32_t size;

		if (p->state != PART_ANSWERED || r->head.api->answer != ANSWER_WATCH ||
		    !answer_body(r, p, &body, &size))
			continue;
		watch_begin(r, 0, size);
		r->blank_from = r->blank_to = 0;
		w = watch_over(r);
		if (size > 0 && w.see(w.ctx, body, size) < 0)
			client_fail(c, "a broker's answer that contradicts its schema");
	}
}

static bool reply_merged(struct client *c, struct request *r)
{
	struct merge_part *m = arena_zalloc(&r->arena, (r->part_count * 2 + 1) * sizeof *m);
	int top = 0;
	uint32_t n;
	uint8_t *head;

	show_leaders(c, r);
	n = read_parts(c, r, m, &top);
	if (r->head.api->merge == MERGE_CONCAT && top != 0) {
		collect_stub(r, top, true); /* never a silently partial list */
		return true;
	}
	if (n == 0)
		return false;
	head = reply_begin(r);
	if (r->head.api->merge == MERGE_PARTITIONS)
		merge_partitions(&r->reply, r->head.api, r->head.version, &r->layout, m, n);
	else
		merge_keys(&r->reply, r->head.api, r->head.version,
			   r->head.api->merge == MERGE_CONCAT ? NULL : &r->layout, m, n);
	reply_end(r, head);
	return true;
}

bool collect_reply(struct client *c, struct request *r)
{
	int code;

	if (r->part_count > 1 || r->head.api->answer != ANSWER_REWRITE) {
		if (r->part_count > 1 || r->head.api->merge != MERGE_NEVER)
			return reply_merged(c, r);
	}
	if (r->parts[0].state == PART_ANSWERED)
		return reply_rewritten(c, r);
	code = lost_code(r, &r->parts[0]);
	if (code < 0)
		return false;
	collect_stub(r, code, false);
	return true;
}
