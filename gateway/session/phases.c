/* A split Fetch: look everywhere first, then wait everywhere (KAFKA-ROUTING 6.4).
 *
 * Phase 1 asks every leader without waiting.  When that brings too little and
 * nothing is wrong, phase 2 lets every leader hold the question for the rest of
 * the client's wait, each on a connection of its own; the first one that has
 * something to say ends it, and the others' answers are those of phase 1.
 *
 * Polls that are then still out are left where they are.  The next Fetch
 * usually asks those leaders the same again: then it takes over the poll, and
 * what phase 1 said before it, instead of asking anew.  What a poll asks is
 * told by a sum over its partitions, because clients turn their order round. */
#include "session/session.h"

#include "kafka/wire.h"
#include "route/split.h"
#include "util/hash.h"
#include "util/mem.h"

enum {
	EARLY_MS = 10, /* a poll that ends so long before its time has a reason to */
	WORTH_MS = 5,  /* a shorter rest of the wait is not asked for */
};

struct poll {
	struct poll *next;
	struct upstream *upstream;
	uint64_t question;
	uint32_t correlation_id;
	ev_tstamp until; /* it ends by then */
	uint8_t *looked; /* the answer of phase 1 */
	uint32_t looked_size;
};

static void poll_free(struct client *c, struct poll *poll)
{
	struct poll **at = &c->polls;

	while (*at != poll)
		at = &(*at)->next;
	*at = poll->next;
	free(poll->looked);
	free(poll);
}

void phases_forget(struct client *c, const struct upstream *u)
{
	for (struct poll *p = c->polls, *next; p != NULL; p = next) {
		next = p->next;
		if (p->upstream == u)
			poll_free(c, p);
	}
}

void phases_forget_all(struct client *c)
{
	while (c->polls != NULL) {
		upstream_pass_on(c->polls->upstream, c->polls, NULL);
		poll_free(c, c->polls);
	}
}

static uint64_t question_of(const struct request *r, int32_t broker)
{
	const struct layout *l = &r->layout;
	const uint8_t *body = r->frame + r->head.body_at;
	uint64_t sum = (uint64_t)r->head.version << 8 | (uint64_t)l->isolation.number;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct layout_topic *t = &l->topics[i->topic];
		uint64_t pair[2];

		if (i->target != broker)
			continue;
		pair[0] = t->name != NULL ? hash_bytes(t->name, t->name_len)
					  : hash_bytes(t->id, 16);
		pair[1] = hash_bytes(body + i->at, i->end - i->at);
		sum += hash_bytes(pair, sizeof pair);
	}
	return sum;
}

static struct poll *left_poll(const struct client *c, int32_t broker)
{
	for (struct poll *p = c->polls; p != NULL; p = p->next) {
		if (p->upstream->broker == broker)
			return p;
	}
	return NULL;
}

/* A poll at this broker asks the same and no longer than this wait: what was looked at before it is as good
 * as looking now, for it would have ended. */
static void take_over(struct client *c, struct part *p)
{
	struct poll *poll = left_poll(c, p->broker);

	if (poll == NULL || !upstream_is_open(poll->upstream))
		return;
	if (poll->question != p->question || poll->until > p->request->wait_until) {
		upstream_lose(poll->upstream, LINK_GIVEN_UP); /* the next poll takes a new one */
		return;
	}
	p->state = PART_ANSWERED;
	p->was_adopted = true;
	p->answer = mem_alloc(poll->looked_size);
	memcpy(p->answer, poll->looked, poll->looked_size);
	p->answer_size = poll->looked_size;
}

/* The frame asks to wait so long for so much. */
static void patch_wait(struct request *r, uint32_t wait_ms, uint32_t min_bytes)
{
	uint8_t *body = r->frame + r->head.body_at;

	wire_put32(body + r->layout.max_wait_ms.at, wait_ms);
	wire_put32(body + r->layout.min_bytes.at, min_bytes);
}

static void compose(struct client *c, struct request *r, struct part *p)
{
	p->correlation_id = c->next_correlation++;
	gather_init(&p->frame, &r->arena);
	p->iov_at = 0;
	split_part(&p->frame, &r->head, r->frame, &r->layout, &r->edits, p->broker,
		   p->correlation_id);
}

void phases_begin(struct client *c, struct request *r, const int32_t *brokers, uint32_t count)
{
	struct layout_value *max = &r->layout.max_bytes;

	r->frame = arena_copy(&r->arena, conn_data(&c->conn), request_frame_size(r));
	layout_keep(&r->layout);
	r->phase = 1;
	r->kind = REQUEST_HELD;
	r->composed = true;
	r->wait_until = client_now(c) + (double)r->layout.max_wait_ms.number / 1000.0;
	if (max->size > 0)
		wire_put32(r->frame + r->head.body_at + max->at,
			   max->number > count ? (uint32_t)max->number / count : 1);
	patch_wait(r, 0, (uint32_t)r->layout.min_bytes.number);
	request_add_parts(r, count);
	for (uint32_t i = 0; i < count; i++) {
		struct part *p = &r->parts[i];

		p->broker = brokers[i];
		p->question = question_of(r, brokers[i]);
		take_over(c, p);
		if (p->state == PART_TO_SEND)
			compose(c, r, p);
	}
	stats_add(&c->worker->stats, STAT_SPLITS, 1);
	stats_add(&c->worker->stats, STAT_SPLIT_PARTS, count);
	c->in_state = IN_SEND;
}

/* Something to tell the client: data enough, or anything wrong. */
static bool says_something(const struct part *p, uint64_t enough)
{
	const struct layout *l = &p->read.layout;

	return l->has_item_error || l->error.number != 0 || l->throttle.number > 0 ||
	       l->record_bytes >= enough;
}

static int64_t rest_ms(const struct client *c, const struct request *r)
{
	return (int64_t)((r->wait_until - client_now(c)) * 1000.0);
}

static void begin_poll(struct client *c, struct request *r, struct part *p)
{
	patch_wait(r, (uint32_t)rest_ms(c, r), 1);
	compose(c, r, p);
	p->state = PART_TO_SEND;
	p->is_read = p->was_adopted = false;
	free(p->answer);
	p->answer = NULL;
	p->answer_size = 0;
}

bool phases_go_on(struct client *c, struct request *r)
{
	int64_t min = r->layout.min_bytes.number;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		if (p->state != PART_ANSWERED)
			return false;
		if (!collect_read(c, p)) {
			client_fail(c, "a broker's answer that contradicts its schema");
			return true;
		}
		bytes += p->read.layout.record_bytes;
		if (says_something(p, UINT64_MAX))
			return false;
	}
	if (rest_ms(c, r) < WORTH_MS || min <= 0 || bytes >= (uint64_t)min)
		return false;
	r->phase = 2;
	r->looked = r->parts;
	request_add_parts(r, r->part_count);
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct poll *poll;

		p->broker = r->looked[i].broker;
		p->question = r->looked[i].question;
		p->is_poll = true;
		poll = left_poll(c, p->broker);
		if (!r->looked[i].was_adopted || poll == NULL) {
			begin_poll(c, r, p);
			continue;
		}
		p->upstream = poll->upstream;
		p->state = PART_SENT;
		p->was_adopted = true;
		p->correlation_id = poll->correlation_id;
		upstream_pass_on(p->upstream, poll, p);
		poll_free(c, poll);
	}
	return true;
}

/* A poll has ended: whether that ends the wait. */
static bool ends_wait(struct client *c, struct request *r, struct part *p)
{
	int64_t rest = rest_ms(c, r);

	if (p->state != PART_ANSWERED)
		return true; /* its broker is lost */
	if (!collect_read(c, p)) {
		client_fail(c, "a broker's answer that contradicts its schema");
		return true;
	}
	if (says_something(p, 1))
		return true;
	if (p->was_adopted && rest >= WORTH_MS) {
		begin_poll(c, r, p); /* it began earlier than this wait did */
		return false;
	}
	return rest > EARLY_MS;
}

bool phases_step(struct client *c, struct request *r, bool *enough)
{
	bool moved = false, all = true;

	*enough = false;
	for (uint32_t i = 0; i < r->part_count && !*enough && c->closing == NULL; i++) {
		struct part *p = &r->parts[i];
		enum part_state before = p->state;

		if (p->state == PART_TO_SEND)
			moved |= send_composed(c, p);
		if (p->state == PART_SENT && p->upstream != NULL)
			moved |= collect_part(c, p);
		if (p->state >= PART_ANSWERED && !p->is_final) {
			p->is_final = true;
			*enough = ends_wait(c, r, p);
			p->is_final = p->state >= PART_ANSWERED;
		}
		moved |= p->state != before;
		all &= p->is_final;
	}
	*enough |= all;
	return moved;
}

void phases_leave(struct client *c, struct request *r)
{
	if (r->phase != 2)
		return;
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i], *looked = &r->looked[i];
		struct poll *poll;

		if (p->state != PART_SENT || p->upstream == NULL || looked->answer == NULL)
			continue;
		poll = mem_zalloc(sizeof *poll);
		poll->upstream = p->upstream;
		poll->question = p->question;
		poll->until = r->wait_until;
		poll->correlation_id = p->correlation_id;
		poll->looked = looked->answer;
		poll->looked_size = looked->answer_size;
		looked->answer = NULL;
		poll->next = c->polls;
		c->polls = poll;
		upstream_pass_on(p->upstream, p, poll);
		p->upstream = NULL;
	}
}
