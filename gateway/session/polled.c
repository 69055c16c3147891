/* The course of a Fetch of several brokers that may wait: look everywhere first, then wait
 * everywhere (KAFKA-ROUTING 6.4).
 *
 * First every leader is asked without waiting.  When that brings too little and nothing is wrong,
 * every leader holds the question, each on a connection of its own; the first one that has something
 * to say ends the client's wait, and the others' answers are those of the look.
 *
 * Polls that are then still out are left where they are, as standings of the client, and last longer
 * than one wait.  The next Fetch usually asks those leaders the same again: then it takes over the
 * poll, and what the look before it said, instead of asking anew; of a poll that has ended meanwhile
 * it takes the answer.  What a poll asks is told by a sum over its partitions,
 * because clients turn their order round. */
#include "kafka/wire.h"
#include "route/split.h"
#include "session/collect.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/losses.h"
#include "session/merged.h"
#include "session/request.h"
#include "session/send.h"
#include "session/standing.h"
#include "util/hash.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

enum {
	POLL_MS = 3000, /* for so long a poll is asked at least, if the client's wait is shorter */
	LATE_S = 5,	/* what a broker may take beyond the time that it was given */
	EARLY_MS = 10,	/* a poll that ends so long before its time has a reason to */
	WORTH_MS = 5,	/* a shorter rest of the wait is not asked for */
	KEPT_SMALL = 64 * 1024,
	HELD_S = 30,
};

/* What belongs to the part of the same index. */
struct asked {
	uint64_t question; /* what is asked, whatever the order */
	bool is_adopted;   /* the poll was left behind by an earlier Fetch */
	bool is_judged;	   /* the poll ended, and that did not end the wait */
	ev_tstamp until;   /* the poll ends by then */
};

/* The course's own. */
struct polled {
	uint8_t *frame; /* its own copy */
	struct edits edits;
	ev_tstamp wait_until;
	bool is_enough;	     /* what has been answered is what is told */
	bool is_waiting;     /* request's parts are the polls */
	bool is_over;	     /* the wait, by its own time */
	struct part *looked; /* then: the parts of the look */
	struct asked *asked;
};

static struct polled *of(const struct request *r)
{
	return r->of_course;
}

/* --- polls that are left behind --- */

struct poll {
	struct standing standing;
	struct upstream *upstream;
	uint64_t question;
	uint32_t correlation_id;
	ev_tstamp until; /* it ends by then */
	uint8_t *
		looked; /* the answer of the look; NULL: a Fetch that may take the poll over has it */
	uint32_t looked_size;
	struct hold hold; /* for it; it never waits */
};

static struct poll *poll_of(const struct standing *s)
{
	return CONTAINER_OF(s, struct poll, standing);
}

static void poll_free(struct client *c, struct poll *poll)
{
	standing_remove(c, &poll->standing);
	hold_release(&poll->hold);
	free(poll->looked);
	free(poll);
}

static void on_upstream_lost(struct client *c, struct standing *s, const struct upstream *u)
{
	if (poll_of(s)->upstream == u)
		poll_free(c, poll_of(s));
}

static bool keeps(const struct standing *s, const struct upstream *u)
{
	return u != NULL && poll_of(s)->upstream == u;
}

static void on_client_end(struct client *c, struct standing *s)
{
	struct poll *poll = poll_of(s);

	(void)c;
	upstream_pass_on(poll->upstream, poll, NULL);
	hold_release(&poll->hold);
	free(poll->looked);
	free(poll);
}

static const struct standing_kind poll_kind = {
	.name = "poll", .upstream_lost = on_upstream_lost, .keeps = keeps, .free = on_client_end
};

static struct poll *left_poll(const struct client *c, int32_t broker)
{
	for (struct standing *s = c->standing; s != NULL; s = s->next) {
		if (s->kind == &poll_kind && poll_of(s)->upstream->broker == broker)
			return poll_of(s);
	}
	return NULL;
}

/* Looks that are kept without memory of the budget: all of them together are small. */
static bool may_keep(const struct client *c, uint32_t size)
{
	for (const struct standing *s = c->standing; s != NULL; s = s->next) {
		if (s->kind == &poll_kind && poll_of(s)->hold.reservation == NULL)
			size += poll_of(s)->looked_size;
	}
	return size <= KEPT_SMALL;
}

/* The look's memory goes with it; false: it has none of its own, and is too large for that. */
static bool keep_memory(struct client *c, struct request *r, struct part *looked, struct hold *to)
{
	if (looked->hold.reservation != NULL)
		hold_move(&looked->hold, to);
	else if (r->answers_hold.is_granted)
		hold_split(&r->answers_hold, to, looked->answer_size);
	else
		return may_keep(c, looked->answer_size);
	return true;
}

/* A poll that is still out when its request ends stays for the next one. */
static void leave_poll(struct client *c, struct request *r, uint32_t i)
{
	struct part *p = &r->parts[i], *looked = &of(r)->looked[i];
	struct hold hold = { 0 };
	struct poll *poll;

	if (p->state != PART_SENT || p->upstream == NULL || looked->answer == NULL ||
	    !keep_memory(c, r, looked, &hold))
		return;
	poll = mem_zalloc(sizeof *poll);
	*poll = (struct poll){ .standing.kind = &poll_kind,
			       .upstream = p->upstream,
			       .question = of(r)->asked[i].question,
			       .until = of(r)->asked[i].until,
			       .correlation_id = p->correlation_id,
			       .looked = looked->answer,
			       .looked_size = looked->answer_size,
			       .hold = hold };
	looked->answer = NULL;
	standing_add(c, &poll->standing);
	upstream_pass_on(p->upstream, p, poll);
	p->upstream = NULL;
}

/* A poll that was to be taken over, and was not, stands for the next Fetch as it did for this. */
static void give_back(struct client *c, struct part *p, const struct asked *asked)
{
	struct poll *poll = asked->is_adopted ? left_poll(c, p->broker) : NULL;

	if (poll == NULL || poll->looked != NULL || poll->question != asked->question)
		return;
	poll->looked = p->answer;
	p->answer = NULL;
	hold_move(&p->hold, &poll->hold);
}

static void leave(struct client *c, struct request *r)
{
	struct polled *f = of(r);

	for (uint32_t i = 0; !f->is_waiting && i < r->part_count; i++)
		give_back(c, &r->parts[i], &f->asked[i]);
	for (uint32_t i = 0; f->is_waiting && i < r->part_count; i++) {
		leave_poll(c, r, i);
		part_end(&f->looked[i]);
	}
}

/* --- the look --- */

static uint64_t question_of(const struct request *r, int32_t broker)
{
	const struct layout *l = &r->layout;
	const uint8_t *body = of(r)->frame + r->head.body_at;
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

/* Nobody reads a poll that is left: what has become of its connection meanwhile is looked at
 * before anybody counts on it. */
static bool is_there(struct client *c, struct poll *poll)
{
	struct upstream *u = poll->upstream;
	struct conn *in = &u->link.conn;

	if (!upstream_is_open(u))
		return false;
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, conn_fill(in, UINT32_MAX));
	if (conn_is_dry(in))
		upstream_lose(u, LINK_CUT);
	return upstream_is_open(u);
}

/* The broker has held the question for longer than it was to: it is silent. */
static bool is_late(const struct client *c, const struct poll *poll)
{
	return client_now(c) > fmax(poll->until, poll->upstream->muted_until) + LATE_S;
}

static void pass_on(struct client *c, struct poll *poll, struct part *p)
{
	p->upstream = poll->upstream;
	p->correlation_id = poll->correlation_id;
	part_set(p, PART_SENT);
	upstream_pass_on(p->upstream, poll, p);
	poll_free(c, poll);
}

/* A poll at this broker asks the same: what was looked at before it is as good as looking now, for
 * it would have ended.  If it has, it is the look. */
static void take_over(struct client *c, struct part *p, struct asked *asked)
{
	struct poll *poll = left_poll(c, p->broker);

	if (poll == NULL || poll->looked == NULL || !is_there(c, poll))
		return;
	if (conn_len(&poll->upstream->link.conn) > 0 && poll->question == asked->question) {
		pass_on(c, poll, p);
		return;
	}
	if (poll->question != asked->question || is_late(c, poll)) {
		/* the next poll takes a new connection */
		upstream_lose(poll->upstream, is_late(c, poll) ? LINK_LATE : LINK_GIVEN_UP);
		return;
	}
	part_set(p, PART_ANSWERED);
	asked->is_adopted = true;
	p->answer = poll->looked;
	p->answer_size = poll->looked_size;
	poll->looked = NULL;
	hold_move(&poll->hold, &p->hold);
}

/* The frame asks to wait so long for so much. */
static void patch_wait(const struct request *r, uint32_t wait_ms, uint32_t min_bytes)
{
	uint8_t *body = of(r)->frame + r->head.body_at;

	wire_put32(body + r->layout.max_wait_ms.at, wait_ms);
	wire_put32(body + r->layout.min_bytes.at, min_bytes);
}

/* Each broker is asked for its share.  What is too much all the same (a broker sends one batch in
 * any case) is left out by the merge; nothing or less than nothing is for brokers to understand. */
static void patch_max_bytes(const struct request *r, uint32_t parts)
{
	const struct layout_value *max = &r->layout.max_bytes;

	if (max->size > 0 && max->number > 0)
		wire_put32(of(r)->frame + r->head.body_at + max->at,
			   max->number > parts ? (uint32_t)max->number / parts : 1);
}

static void compose(struct client *c, struct part *p)
{
	struct request *r = p->request;

	p->correlation_id = c->next_correlation++;
	gather_init(&p->frame, &r->arena);
	p->frame_at = 0;
	split_part(&p->frame, &r->head, of(r)->frame, &r->layout, &of(r)->edits, p->broker,
		   p->correlation_id);
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
	patch_max_bytes(r, to->count);
	patch_wait(r, 0, (uint32_t)r->layout.min_bytes.number);
	request_add_parts(r, to->count);
	for (uint32_t i = 0; i < to->count; i++) {
		r->parts[i].broker = r->parts[i].target = to->brokers[i];
		f->asked[i].question = question_of(r, to->brokers[i]);
		compose(c, &r->parts[i]);
		take_over(c, &r->parts[i], &f->asked[i]);
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
	return (int64_t)((of(r)->wait_until - client_now(c)) * 1000.0);
}

/* The look brought too little, nothing is wrong, and there is time to wait. */
static bool must_wait(struct client *c, struct request *r)
{
	int64_t min = r->layout.min_bytes.number;
	uint64_t bytes = 0;

	if (r->layout.has_item_error)
		return false; /* what is refused is told at once */
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct layout_sum sum;

		if (p->state != PART_ANSWERED)
			return false;
		if (!collect_count(p, &sum)) {
			client_fail(c, "a broker's answer that contradicts its schema");
			return false;
		}
		bytes += sum.layout.record_bytes;
		if (says_something(&sum.layout, UINT64_MAX))
			return false;
	}
	return rest_ms(c, r) >= WORTH_MS && min > 0 && bytes < (uint64_t)min;
}

/* --- the wait --- */

static void begin_poll(struct client *c, struct part *p, struct asked *asked)
{
	const int64_t rest = rest_ms(c, p->request), ms = rest > POLL_MS ? rest : POLL_MS;

	patch_wait(p->request, (uint32_t)ms, 1);
	asked->until = client_now(c) + (double)ms / 1e3;
	compose(c, p);
	if (p->state != PART_TO_SEND)
		part_set(p, PART_TO_SEND);
	asked->is_adopted = false;
	free(p->answer);
	p->answer = NULL;
	p->answer_size = 0;
	hold_release(&p->hold);
}

/* The poll that is out at this broker and asks the same, taken over before or left by a Fetch that
 * this one was pipelined behind; NULL: none.  There is one at a time, as two would be answered in the
 * order in which they were asked, and might be taken over in another. */
static struct poll *poll_out(struct client *c, const struct part *p, const struct asked *asked)
{
	struct poll *poll = left_poll(c, p->broker);

	if (poll == NULL || asked->is_adopted)
		return poll;
	if (is_there(c, poll) && poll->question == asked->question && !is_late(c, poll))
		return poll;
	upstream_lose(poll->upstream, LINK_GIVEN_UP);
	return NULL;
}

static void begin_wait(struct client *c, struct request *r)
{
	struct polled *f = of(r);

	/* who holds memory does not hold it for as long as a client likes */
	if (r->answers_hold.reservation != NULL)
		f->wait_until = fmin(f->wait_until, client_now(c) + HELD_S);
	f->is_waiting = true;
	f->looked = r->parts;
	request_add_parts(r, r->part_count);
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];
		struct poll *poll;

		p->broker = p->target = f->looked[i].broker;
		p->purpose = FOR_POLLS;
		poll = poll_out(c, p, &f->asked[i]);
		if (poll != NULL) {
			f->asked[i].until = poll->until;
			pass_on(c, poll, p);
		} else {
			begin_poll(c, p, &f->asked[i]);
		}
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
	if (says_something(&sum.layout, 1) || (asked->until - client_now(c)) * 1e3 > EARLY_MS)
		return true;
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
	bool moved = false, is_enough = of(r)->is_enough, all = true;

	for (uint32_t i = 0; i < r->part_count && !is_enough && !client_is_closing(c); i++) {
		is_enough = poll_step(c, &r->parts[i], &of(r)->looked[i], &of(r)->asked[i], &moved);
		all &= of(r)->asked[i].is_judged;
	}
	if (client_is_closing(c) || !(is_enough || all || of(r)->is_over))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	of(r)->is_enough = true; /* the answer may have to wait for memory */
	return merged_reply(c, r, of(r)->looked);
}

static enum course_result look_step(struct client *c, struct request *r)
{
	bool moved = false;

	if (!collect_parts(c, r, &moved))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (of(r)->is_enough)
		return merged_reply(c, r, NULL);
	of(r)->is_enough = !must_wait(c, r);
	if (!of(r)->is_enough)
		begin_wait(c, r);
	return COURSE_MOVED;
}

static enum course_result answer(struct client *c, struct request *r)
{
	return of(r)->is_waiting ? wait_step(c, r) : look_step(c, r);
}

/* A wait has its time, whatever the brokers do. */
static void late(struct client *c, struct request *r)
{
	if (!of(r)->is_waiting || of(r)->is_over) {
		losses_deadline(c, r);
		return;
	}
	of(r)->is_over = true; /* the client is woken, and answered when there is memory for it */
	r->deadline = client_now(c) + r->allowed;
}

const struct course course_polled = {
	.name = "polled", .commit = commit, .answer = answer, .late = late, .leave = leave
};
