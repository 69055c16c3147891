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

static void on_all_granted(void *owner)
{
	struct request *r = owner;

	r->answer_granted = true;
	client_step(r->client);
}

static bool reserve(struct client *c, uint64_t size, struct reservation **reservation,
		    bool *granted, void (*on_granted)(void *owner), void *owner)
{
	struct budget *budget = c->worker->node->budget;

	if (*granted)
		return true;
	if (*reservation != NULL)
		return false;
	if (size > (uint64_t)budget_largest(budget)) {
		client_fail(c, "answers to be held that are larger than the budget");
		return false;
	}
	*reservation = budget_reserve(budget, (int64_t)size, &c->worker->mailbox, on_granted, owner,
				      granted);
	return *granted;
}

/* Memory for the answers of a split: reserved for all of them at once, when the
 * sizes of all are known, so that nobody waits for memory while holding some.
 * Polls come one by one, and the first ends the wait. */
static bool may_hold(struct client *c, struct part *p)
{
	struct request *r = p->request;
	uint64_t all = 0;

	if (p->is_poll || r->part_count == 1)
		return p->answer_size <= ANSWER_SMALL ||
		       reserve(c, p->answer_size, &p->reservation, &p->granted, on_grant, p);
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].answer_size == 0 && r->parts[i].state == PART_SENT)
			return p->answer_size <= ANSWER_SMALL;
		all += r->parts[i].answer_size;
	}
	return all <= ANSWER_SMALL ||
	       reserve(c, all, &r->held_answer, &r->answer_granted, on_all_granted, r);
}

/* The whole frame out of the upstream's buffer. */
static void take_answer(struct part *p)
{
	struct inbuf *in = &p->upstream->sock.in;
	uint32_t size = p->answer_size;

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
			moved |= p->answer_size == 0;
			p->answer_size = size;
			if (inbuf_len(&s->in) >= size) {
				take_answer(p);
				return true;
			}
			if (!may_hold(c, p))
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

	topology_notice_topic(c->worker->node->topology,
			      (struct topology_name){ name, len, false });
}

static void news_cluster(void *owner)
{
	struct client *c = owner;

	topology_notice_all(c->worker->node->topology);
}

static bool reply_rewritten(struct client *c, struct request *r)
{
	struct rewrite_news news = { news_topic, news_cluster, c };
	struct advertising told = c->worker->advertising;
	struct rewrite rewrite = { .api = r->head.api,
				   .version = r->head.version,
				   .advertising = &told,
				   .snapshot = c->worker->snapshot,
				   .news = &news };
	uint8_t *head = reply_begin(r);

	told.key = r->map_key;
	told.held = naming_held;
	told.held_ctx = r;
	if (!answer_body(r, &r->parts[0], &rewrite.body, &rewrite.size) ||
	    !rewrite_answer(&r->reply, &rewrite))
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
		return r->head.api->long_poll ? 0 : ERROR_NOT_LEADER_OR_FOLLOWER;
	return ERROR_COORDINATOR_NOT_AVAILABLE;
}

/* What watch.c does to answers that pass, to one that is to be merged. */
static bool hide_addresses(struct request *r, uint8_t *body, uint32_t size)
{
	struct relay_watcher w = watch_over(r);

	if (r->head.api->answer != ANSWER_WATCH)
		return true;
	watch_begin(r, 0, size);
	r->blank_from = r->blank_to = 0;
	return w.see(w.ctx, body, size) == size;
}

bool collect_read(struct client *c, struct part *p)
{
	struct request *r = p->request;
	uint8_t *body;
	uint32_t size;

	if (p->is_read)
		return true;
	if (!answer_body(r, p, &body, &size) ||
	    !merge_read(&p->read, r->head.api, r->head.version, body, size, &r->arena))
		return false;
	/* a broker has something to say of leaders only where it says an error;
	 * settings may be addresses anywhere.  Looking notices the errors too. */
	if (r->head.api->answer == ANSWER_WATCH &&
	    (p->read.layout.has_item_error || r->head.api->route == TO_RESOURCE)) {
		if (!hide_addresses(r, body, size))
			return false;
	} else {
		watch_layout(c, r, &p->read.layout);
	}
	p->is_read = true;
	return true;
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
		if (parts[i].state != PART_ANSWERED)
			continue;
		if (!collect_read(c, &parts[i]))
			return false;
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
		m->top = lost_code(r, p);
		if (m->top < 0)
			return false;
		if (r->head.api->merge == MERGE_CONCAT)
			continue;
		items = items_of(r, p->broker);
		stand_in(r, &m->parts[m->count++], &items, m->top);
	}
	return true;
}

static bool reply_merged(struct client *c, struct request *r)
{
	const struct kapi *api = r->head.api;
	struct merging m = { 0 };
	uint8_t *head;

	m.parts = arena_alloc(&r->arena, (r->part_count * 3 + 1) * sizeof *m.parts);
	/* an item's first answer counts: what was polled, then what was looked at */
	if (!add_answers(c, r, r->parts, &m) || !add_stand_ins(r, &m) ||
	    !add_answers(c, r, r->looked, &m))
		return false;
	if (api->merge == MERGE_CONCAT && m.top != 0) {
		collect_stub(r, m.top, true); /* never a silently partial list */
		return true;
	}
	if (api->merge != MERGE_CONCAT)
		stand_in(r, &m.parts[m.count++], &r->layout, missing_code(r));
	if (m.count == 0)
		return false;
	head = reply_begin(r);
	if (api->merge == MERGE_PARTITIONS)
		merge_partitions(&r->reply, api, r->head.version, &r->layout, m.parts, m.count);
	else
		merge_keys(&r->reply, api, r->head.version,
			   api->merge == MERGE_CONCAT ? NULL : &r->layout, m.parts, m.count);
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
