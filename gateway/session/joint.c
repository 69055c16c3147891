/* The course of a request that any broker answers, and alike for all who ask the same: those who
 * wait for it at the same time share one answer (questions.h).
 *
 * Its frame is kept and nothing behind it is read before it is answered, as a broker does: so the
 * frame can leave later than it came, when memory for the answer is there, or by another client's
 * connection never.  Who has waited for long gets an answer that has the client try again. */
#include "session/joint.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/answer_size.h"
#include "route/rewrite.h"
#include "session/collect.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/losses.h"
#include "session/numbering.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/rewritten.h"
#include "session/send.h"
#include "session/upstreams.h"

#include <math.h>

enum {
	FRAME_MAX = 8 * 1024,
	TRIES_MAX = 8, /* of other brokers */
	BROKER_BYTES = 512,
};

/* The course's own. */
struct joint {
	struct asker asker; /* its question is NULL once the request waits no more */
	uint8_t *head;	    /* of the frame: all in front of its body */
	ev_tstamp came;
	int64_t expected;   /* who leads: bytes of an answer */
	uint8_t *late_body; /* who is told to try again, when there is memory for that; else NULL */
	uint32_t late_size;
};

static struct joint *of(const struct request *r)
{
	return r->of_course;
}

static struct questions *questions(const struct client *c)
{
	return &c->worker->questions;
}

bool joint_may_take(const struct client *c, const struct request *r)
{
	return r->head.api->is_joint && c->out.first == r && request_frame_size(r) <= FRAME_MAX;
}

/* --- joining --- */

/* Whoever has no answer waits for half of the time that a broker has for one: the client's own time
 * may be no longer than that. */
static ev_tstamp waits_until(const struct request *r)
{
	const struct joint *j = of(r);
	const struct question *q = j->asker.question;

	if (q->state == QUESTION_OPEN)
		return j->came + r->allowed / 2;
	return (question_is_led_by(&j->asker) ? q->asked_at : j->came) + r->allowed;
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	const uint8_t *frame = conn_data(&c->conn);
	const uint32_t size = request_frame_size(r), body_at = r->head.body_at;
	const struct question_key key = { .principal = client_principal(c),
					  .told = client_told(c),
					  .as = c->came.as,
					  .at_brokers = c->claim.at_brokers,
					  .api = r->head.api,
					  .version = r->head.version,
					  .body = frame + body_at,
					  .size = size - body_at };
	struct joint *j = arena_zalloc(&r->arena, sizeof *j);

	(void)to; /* who leads chooses, when it asks */
	r->of_course = j;
	j->asker.request = r;
	j->head = arena_copy(&r->arena, frame, body_at);
	j->came = client_now(c);
	layout_init(&r->layout, &r->arena); /* what it points to goes */
	questions_join(questions(c), &key, &j->asker);
	r->deadline = waits_until(r);
	client_count_in(c, size);
	inbound_swallow(c, size);
}

static void leave(struct client *c, struct request *r)
{
	struct joint *j = of(r);

	if (j->asker.question != NULL)
		questions_leave(questions(c), &j->asker);
	j->asker.question = NULL;
}

/* --- asking --- */

static void begin_part(struct client *c, struct request *r, int32_t broker)
{
	const struct joint *j = of(r);
	const struct question_key *k = &j->asker.question->key;
	struct part *p;

	request_add_parts(r, 1);
	p = r->parts;
	p->broker = broker;
	numbering_take(c, p);
	wire_put32(j->head + HEAD_CORRELATION_AT, p->correlation_id);
	gather_copy(&p->frame, j->head, r->head.body_at);
	gather_piece(&p->frame, k->body, k->size);
}

/* False: no broker is there, or the request is malformed. */
static bool begin(struct client *c, struct request *r)
{
	const struct question_key *k = &of(r)->asker.question->key;
	int32_t broker = upstreams_any_broker(c);

	of(r)->expected =
		(int64_t)answer_size_metadata(c->worker->snapshot, k->version, k->body, k->size);
	if (broker == NO_BROKER || of(r)->expected == 0)
		return false;
	begin_part(c, r, broker);
	return true;
}

/* No broker is asked while another one has the same question, nor before the memory for its answer
 * is there. */
static bool may_ask(struct client *c, struct request *r)
{
	const struct question *q = of(r)->asker.question;
	const ev_tstamp at = question_may_ask_at(questions(c), q);

	if (q->state != QUESTION_OPEN)
		return true;
	if (at > client_now(c)) {
		r->deadline = fmin(at, waits_until(r));
		return false;
	}
	return collect_expect(c, r, of(r)->expected);
}

static bool ask(struct client *c, struct request *r, struct part *p)
{
	struct question *q = of(r)->asker.question;
	bool moved;

	if (!may_ask(c, r))
		return false;
	moved = send_composed(c, p);
	if (q->state == QUESTION_OPEN && p->upstream != NULL)
		question_asked(q, client_now(c));
	r->deadline = waits_until(r);
	return moved;
}

/* Asking again does no harm: what the question asks for is only told.  False: nobody is left to be
 * asked. */
static bool ask_another(struct client *c, struct request *r, struct part *p)
{
	const int32_t broker = p->broker;
	int32_t other;

	if (p->state == PART_UNSENT)
		worker_shun(c->worker, broker);
	other = worker_any_broker(c->worker, broker);
	if (other == NO_BROKER || other == broker || ++r->tries > TRIES_MAX)
		return false;
	part_end(p);
	hold_release(&r->answers_hold);
	question_open_again(of(r)->asker.question);
	begin_part(c, r, other);
	return true;
}

/* --- the answer --- */

/* The part's answer becomes everybody's; false: it can't be shown. */
static bool take_answer(struct client *c, struct request *r, struct part *p)
{
	struct question_answer *a = &of(r)->asker.question->answer;
	struct rewritten_terms terms;
	uint8_t *body;

	if (!collect_body(p, &body, &a->size))
		return false;
	a->frame = p->answer;
	p->answer = NULL;
	a->snapshot = snapshot_ref(c->worker->snapshot);
	rewritten_terms(c, r, &terms);
	terms.of.body = body;
	terms.of.size = a->size;
	a->front_size = rewrite_front_size(&terms.of);
	a->front = arena_copy(&a->arena, body, a->front_size);
	stats_add(&c->worker->stats, STAT_REWRITTEN, 1);
	return a->front_size > 0 && rewrite_rest(&a->rest, &terms.of, a->front_size);
}

static enum course_result lead(struct client *c, struct request *r)
{
	struct question *q = of(r)->asker.question;
	struct part *p = r->parts;
	bool moved = false;

	if (p == NULL && !begin(c, r)) {
		question_settle(questions(c), q, QUESTION_FAILED);
		return COURSE_MOVED;
	}
	p = r->parts;
	if (p->state == PART_TO_SEND)
		moved |= ask(c, r, p);
	if (p->state == PART_SENT && p->upstream != NULL)
		moved |= collect_part(c, p);
	if (client_is_closing(c) || !part_is_final(p))
		return moved ? COURSE_MOVED : COURSE_WAITS;
	if (p->state == PART_ANSWERED)
		question_settle(questions(c), q,
				take_answer(c, r, p) ? QUESTION_ANSWERED : QUESTION_FAILED);
	else if (!ask_another(c, r, p))
		question_settle(questions(c), q, QUESTION_FAILED);
	return COURSE_MOVED;
}

/* What it takes to write a front: a copy, what is made of it, and a bit for each broker. */
static size_t front_memory(const struct client *c, const struct question_answer *a)
{
	return 3 * (size_t)a->front_size +
	       c->worker->snapshot->broker_count * (size_t)BROKER_BYTES +
	       2 * (size_t)a->rest.count * sizeof(struct iovec);
}

/* The front is written for this client, the rest is everybody's. */
static enum course_result give(struct client *c, struct request *r)
{
	const struct question_answer *a = &of(r)->asker.question->answer;
	struct rewritten_terms terms;
	uint8_t *head;

	if (!reply_may(r, front_memory(c, a)))
		return COURSE_WAITS;
	head = reply_begin(r);
	rewritten_terms(c, r, &terms);
	terms.of.body = arena_copy(&r->arena, a->front, a->front_size);
	terms.of.size = a->size;
	terms.of.snapshot = a->snapshot;
	terms.of.news = NULL; /* who took it heard them */
	if (!rewrite_front(&r->reply, &terms.of, a->front_size)) {
		client_fail(c, "a broker's answer that can't be shown");
		return COURSE_MOVED;
	}
	for (int i = 0; i < a->rest.count; i++)
		gather_piece(&r->reply, a->rest.iov[i].iov_base, a->rest.iov[i].iov_len);
	reply_end(r, head);
	stats_add(&c->worker->stats, STAT_SHARED, r->part_count == 0);
	return COURSE_MOVED;
}

/* --- waiting for too long --- */

/* What was asked, with memory that is paid for; false: it waits for that, or the client fails. */
static bool lay_out(struct client *c, struct request *r)
{
	const struct joint *j = of(r);
	const struct plan *plan = api_plan(r->head.api, r->head.version, REQUEST);
	struct layout_sum sum;

	if (r->layout.done)
		return true;
	if (!layout_count(&sum, plan, j->late_body, j->late_size)) {
		client_fail(c, "a malformed request");
		return false;
	}
	if (layout_bytes(&sum) > LAYOUT_FREE &&
	    !hold_get(c, &r->layout_hold, BUDGET_LAYOUTS, (int64_t)layout_bytes(&sum)))
		return false;
	layout_init(&r->layout, &r->arena);
	layout_read_counted(&r->layout, &sum, plan, j->late_body, j->late_size);
	return true;
}

/* As a broker answers that has just started: it knows no broker, nor a leader of what was asked for;
 * clients take that for a reason to try again after a while. */
static enum course_result have_it_try_again(struct client *c, struct request *r)
{
	if (!lay_out(c, r))
		return COURSE_WAITS;
	return reply_stub(r, ERROR_LEADER_NOT_AVAILABLE, false);
}

static enum course_result answer(struct client *c, struct request *r)
{
	const struct joint *j = of(r);

	if (j->late_body != NULL)
		return have_it_try_again(c, r);
	switch (j->asker.question->state) {
	case QUESTION_ANSWERED:
		return give(c, r);
	case QUESTION_FAILED:
		client_fail(c, "its broker was lost, or answered what can't be shown");
		return COURSE_MOVED;
	default:
		return question_is_led_by(&j->asker) ? lead(c, r) : COURSE_WAITS;
	}
}

/* The request asks no more: another one may lead. */
static void give_up(struct client *c, struct request *r)
{
	struct joint *j = of(r);
	const struct question_key *k = &j->asker.question->key;
	struct part *p = r->parts;

	stats_add(&c->worker->stats, STAT_TIMEOUTS_REQUEST, 1);
	if (p != NULL && p->upstream != NULL)
		upstream_lose(p->upstream,
			      LINK_LATE); /* its answer can't be told from a late one */
	if (p != NULL)
		part_end(p);
	hold_release(&r->answers_hold);
	hold_release(&r->layout_hold);
	r->part_count = 0;
	j->late_body = arena_copy(&r->arena, k->body, k->size);
	j->late_size = k->size;
	leave(c, r);
	r->deadline = client_now(c) + r->allowed;
}

static void late(struct client *c, struct request *r)
{
	const struct question *q = of(r)->asker.question;
	ev_tstamp until;

	if (q == NULL) {
		client_fail(c, "no memory to tell it to try again");
		return;
	}
	if (q->state >= QUESTION_ANSWERED)
		return; /* the client is woken, and takes it */
	until = fmax(waits_until(r), losses_time_due(c, r));
	if (until > client_now(c))
		r->deadline = until;
	else
		give_up(c, r); /* the client is woken */
}

const struct course course_joint = { .name = "joint",
				     .commit = commit,
				     .answer = answer,
				     .late = late,
				     .leave = leave,
				     .is_alone = true };
