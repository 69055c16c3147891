/* The course of a Fetch of several brokers that may wait: look everywhere first, then wait
 * everywhere (KAFKA-ROUTING 6.4).  So is one of a session of the node's own (own_session.h).
 *
 * First every leader is asked without waiting.  When that brings too little and nothing is wrong,
 * every leader holds the question, each on a connection of its own; the first one that has something
 * to say ends the client's wait, and the others' answers are those of the look.
 *
 * Questions that are then still out outlast the Fetch: polled_left.c. */
#include "kafka/wire.h"
#include "route/split.h"
#include "session/collect.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/losses.h"
#include "session/merged.h"
#include "session/numbering.h"
#include "session/own_session.h"
#include "session/polled_inside.h"
#include "session/send.h"
#include "util/hash.h"

#include <math.h>
#include <stdlib.h>

enum {
	POLL_MS = 3000, /* for so long a poll is asked at least, if the client's wait is shorter */
	EARLY_MS = 10,	/* a poll that ends so long before its time has a reason to */
	WORTH_MS = 5,	/* a shorter rest of the wait is not asked for */
	HELD_S = 30,
};

/* --- the look --- */

static uint64_t question_of(const struct request *r, int32_t broker)
{
	const struct layout *l = &r->layout;
	const uint8_t *body = polled_of(r)->frame + r->head.body_at;
	uint64_t sum = (uint64_t)r->head.version << 8 | (uint64_t)l->isolation.number;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		uint64_t pair[2];

		if (i->target != broker)
			continue;
		pair[0] = layout_topic_hash(&l->topics[i->topic]);
		pair[1] = hash_bytes(body + i->at, i->end - i->at);
		sum += hash_bytes(pair, sizeof pair);
	}
	return sum;
}

/* The frame asks to wait so long for so much. */
static void patch_wait(const struct request *r, uint32_t wait_ms, uint32_t min_bytes)
{
	uint8_t *body = polled_of(r)->frame + r->head.body_at;

	wire_put32(body + r->layout.max_wait_ms.at, wait_ms);
	wire_put32(body + r->layout.min_bytes.at, min_bytes);
}

/* Each broker is asked for its share.  What is too much all the same (a broker sends one batch in
 * any case) is left out by the merge; nothing or less than nothing is for brokers to understand. */
static uint32_t share_of_max_bytes(const struct request *r, uint32_t parts)
{
	const struct layout_value *max = &r->layout.max_bytes;

	if (max->number <= 0)
		return (uint32_t)max->number;
	if (parts == 0)
		return (uint32_t)max->number; /* no broker has anything to end */
	return max->number > parts ? (uint32_t)max->number / parts : 1;
}

static void patch_max_bytes(const struct request *r)
{
	const struct layout_value *max = &r->layout.max_bytes;

	if (max->size > 0)
		wire_put32(polled_of(r)->frame + r->head.body_at + max->at,
			   polled_of(r)->max_bytes);
}

static void say(struct part *p, uint32_t wait_ms, uint32_t min_bytes)
{
	const struct request *r = p->request;
	const struct fetched_terms terms = { .head = &r->head,
					     .frame = polled_of(r)->frame,
					     .layout = &r->layout,
					     .edits = &polled_of(r)->edits,
					     .ends = own_session_ends(r),
					     .wait_ms = wait_ms,
					     .min_bytes = min_bytes,
					     .max_bytes = polled_of(r)->max_bytes,
					     .correlation_id = p->correlation_id };

	p->said = fetched_say(own_session_fetched(r->session), p->broker, &terms, &p->frame);
}

/* The broker is asked to wait so long for so much. */
static void compose(struct client *c, struct part *p, uint32_t wait_ms, uint32_t min_bytes)
{
	struct request *r = p->request;

	numbering_take(c, p);
	gather_init(&p->frame, &r->arena);
	p->frame_at = 0;
	if (r->session != NULL) {
		say(p, wait_ms, min_bytes);
		return;
	}
	patch_wait(r, wait_ms, min_bytes);
	split_part(&p->frame, &r->head, polled_of(r)->frame, &r->layout, &polled_of(r)->edits,
		   p->broker, p->correlation_id);
}

static void compose_look(struct client *c, struct part *p)
{
	compose(c, p, 0, (uint32_t)p->request->layout.min_bytes.number);
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	struct polled *f = arena_zalloc(&r->arena, sizeof *f);

	r->of_course = f;
	f->frame = arena_copy(&r->arena, conn_data(&c->conn), request_frame_size(r));
	f->edits = to->edits;
	f->wait_until = client_now(c) + (double)r->layout.max_wait_ms.number / 1000.0;
	f->asked = arena_zalloc(&r->arena, to->count * sizeof *f->asked);
	layout_keep(&r->layout);
	f->max_bytes = share_of_max_bytes(r, to->count);
	patch_max_bytes(r);
	request_add_parts(r, to->count);
	for (uint32_t i = 0; i < to->count; i++) {
		struct part *p = &r->parts[i];

		p->broker = p->target = to->brokers[i];
		if (r->session == NULL)
			f->asked[i].question = question_of(r, to->brokers[i]);
		polled_take_over(c, p, &f->asked[i]);
		if (p->state == PART_TO_SEND)
			compose_look(c, p);
	}
	stats_add(&c->worker->stats, STAT_SPLITS, 1);
	stats_add(&c->worker->stats, STAT_SPLIT_PARTS, to->count);
	inbound_send(c);
}

/* Something to tell the client: data enough, or anything wrong. */
static bool says_something(const struct layout *l, uint64_t enough)
{
	return l->has_item_error || l->error.number != 0 || l->throttle.number > 0 ||
	       l->record_bytes >= enough;
}

static int64_t rest_ms(const struct client *c, const struct request *r)
{
	return (int64_t)((polled_of(r)->wait_until - client_now(c)) * 1000.0);
}

/* What a broker must have to end the wait: what it has already, and its share of what is missing, so
 * that the wait is over by when all of them together have enough. */
static uint32_t least_of(const struct request *r, uint32_t i, uint64_t missing)
{
	if (r->session == NULL)
		return 1;
	return polled_of(r)->asked[i].min_bytes +
	       (uint32_t)((missing + r->part_count - 1) / r->part_count);
}

/* The look brought too little, nothing is wrong, and there is time to wait. */
static bool must_wait(struct client *c, struct request *r)
{
	int64_t min = r->layout.min_bytes.number;
	uint64_t bytes = 0;

	if (r->layout.has_item_error || own_session_ends(r))
		return false; /* what is refused is told at once */
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct layout_sum sum;

		if (p->state != PART_ANSWERED)
			return false;
		if (p->answer == NULL)
			continue; /* a poll of a session says nothing */
		if (!collect_count(p, &sum)) {
			client_fail(c, "a broker's answer that contradicts its schema");
			return false;
		}
		bytes += sum.layout.record_bytes;
		polled_of(r)->asked[i].min_bytes = (uint32_t)sum.layout.record_bytes;
		if (says_something(&sum.layout, UINT64_MAX))
			return false;
	}
	if (rest_ms(c, r) < WORTH_MS || min <= 0 || bytes >= (uint64_t)min)
		return false;
	for (uint32_t i = 0; i < r->part_count; i++)
		polled_of(r)->asked[i].min_bytes = least_of(r, i, (uint64_t)min - bytes);
	return true;
}

/* The broker's word on its session; true: it does not know it, and is to be asked anew, once. */
static bool is_to_ask_anew(const struct part *p, struct asked *asked, const struct layout *answer)
{
	const struct request *r = p->request;

	if (r->session == NULL || own_session_ends(r) || asked->is_heard)
		return false;
	asked->is_heard = true;
	if (fetched_heard(own_session_fetched(r->session), p->broker, p->said,
			  (int)answer->error.number, (int32_t)answer->session_id.number) ||
	    asked->was_anew)
		return false;
	asked->was_anew = true;
	return true;
}

static void drop_answer(struct part *p)
{
	free(p->answer);
	p->answer = NULL;
	p->answer_size = 0;
	hold_release(&p->hold);
}

/* Looks once more where the session is not known.  False: nowhere. */
static bool look_anew(struct client *c, struct request *r)
{
	bool any = false;

	for (uint32_t i = 0; r->session != NULL && i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct layout_sum sum;

		if (p->state != PART_ANSWERED || p->answer == NULL || !collect_count(p, &sum) ||
		    !is_to_ask_anew(p, &polled_of(r)->asked[i], &sum.layout))
			continue;
		drop_answer(p);
		part_set(p, PART_TO_SEND);
		compose_look(c, p);
		polled_of(r)->asked[i].is_heard = false;
		any = true;
	}
	return any;
}

/* --- the wait --- */

static void begin_poll(struct client *c, struct part *p, struct asked *asked)
{
	const int64_t rest = rest_ms(c, p->request);
	/* what a broker has below its share it tells by the end of the wait, as it would the client */
	const bool may_outlast = p->request->session == NULL || asked->min_bytes <= 1;
	const int64_t ms = may_outlast && rest < POLL_MS ? POLL_MS : rest;

	asked->until = client_now(c) + (double)ms / 1e3;
	compose(c, p, (uint32_t)ms, asked->min_bytes);
	if (p->state != PART_TO_SEND)
		part_set(p, PART_TO_SEND);
	asked->is_adopted = asked->is_heard = false;
	drop_answer(p);
}

static void begin_wait(struct client *c, struct request *r)
{
	struct polled *f = polled_of(r);

	/* who holds memory does not hold it for as long as a client likes */
	if (r->answers_hold.reservation != NULL)
		f->wait_until = fmin(f->wait_until, client_now(c) + HELD_S);
	f->is_waiting = true;
	f->looked = r->parts;
	request_add_parts(r, r->part_count);
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		p->broker = p->target = f->looked[i].broker;
		p->purpose = FOR_POLLS;
		if (!polled_take_on(c, p, &f->asked[i]))
			begin_poll(c, p, &f->asked[i]);
	}
	r->deadline = f->wait_until;
}

/* A poll has ended: whether that ends the wait. */
static bool ends_wait(struct client *c, struct part *p, struct asked *asked)
{
	struct layout_sum sum;

	if (p->state != PART_ANSWERED)
		return true; /* its broker is lost */
	if (!collect_count(p, &sum)) {
		client_fail(c, "a broker's answer that contradicts its schema");
		return true;
	}
	if (is_to_ask_anew(p, asked, &sum.layout)) {
		begin_poll(c, p, asked);
		return false;
	}
	if (says_something(&sum.layout, 1) || (asked->until - client_now(c)) * 1e3 > EARLY_MS)
		return true;
	if (p->request->session != NULL && sum.layout.item_count > 0)
		return true; /* it would not be said again */
	if (rest_ms(c, p->request) >= WORTH_MS)
		begin_poll(c, p, asked); /* its time is over, the client's is not */
	return false;
}

/* The poll ended, and said nothing that the look had not: one of the two answers is enough, so that
 * no poll waits for memory while another one's answer has it. */
static void keep_look(struct part *p, struct part *looked)
{
	if (looked->answer == NULL)
		return;
	free(p->answer);
	hold_release(&p->hold);
	p->answer = looked->answer;
	p->answer_size = looked->answer_size;
	looked->answer = NULL;
	hold_move(&looked->hold, &p->hold);
}

/* Moves one poll; true: it ends the wait. */
static bool poll_step(struct client *c, struct part *p, struct part *looked, struct asked *asked,
		      bool *moved)
{
	enum part_state before = p->state;
	bool is_enough = false;

	if (p->state == PART_TO_SEND)
		*moved |= send_composed(c, p);
	if (p->state == PART_SENT && p->upstream != NULL)
		*moved |= collect_part(c, p);
	if (part_is_final(p) && !asked->is_judged) {
		is_enough = ends_wait(c, p, asked);
		asked->is_judged = part_is_final(p);
		if (asked->is_judged && !is_enough)
			keep_look(p, looked);
	}
	*moved |= p->state != before;
	return is_enough;
}

static enum course_result wait_step(struct client *c, struct request *r)
{
	bool moved = false, is_enough = polled_of(r)->is_enough, all = true;

	for (uint32_t i = 0; i < r->part_count && !is_enough && !client_is_closing(c); i++) {
		is_enough = poll_step(c, &r->parts[i], &polled_of(r)->looked[i],
				      &polled_of(r)->asked[i], &moved);
		all &= polled_of(r)->asked[i].is_judged;
	}
	if (client_is_closing(c) || !(is_enough || all || polled_of(r)->is_over))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	polled_of(r)->is_enough = true; /* the answer may have to wait for memory */
	return merged_reply(c, r, polled_of(r)->looked);
}

static enum course_result look_step(struct client *c, struct request *r)
{
	bool moved = false;

	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND) /* once more: see look_anew */
			moved |= send_composed(c, &r->parts[i]);
	}
	if (!collect_parts(c, r, &moved))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (polled_of(r)->is_enough)
		return merged_reply(c, r, NULL);
	if (look_anew(c, r))
		return COURSE_MOVED;
	polled_of(r)->is_enough = !must_wait(c, r);
	if (!polled_of(r)->is_enough)
		begin_wait(c, r);
	return COURSE_MOVED;
}

static enum course_result answer(struct client *c, struct request *r)
{
	return polled_of(r)->is_waiting ? wait_step(c, r) : look_step(c, r);
}

/* A wait has its time, whatever the brokers do. */
static void late(struct client *c, struct request *r)
{
	if (!polled_of(r)->is_waiting || polled_of(r)->is_over) {
		losses_deadline(c, r);
		return;
	}
	polled_of(r)->is_over =
		true; /* the client is woken, and answered when there is memory for it */
	losses_begin(c, r);
}

const struct course course_polled = { .name = "polled",
				      .commit = commit,
				      .answer = answer,
				      .late = late,
				      .leave = polled_leave,
				      .composes = true };
