/* Polls that outlast their Fetch.
 *
 * Polls that are still out when it is answered are left where they are, as standings of the client,
 * and last longer than one wait.  The next Fetch usually asks those leaders the same again: then it
 * takes over the poll, and what the look before it said, instead of asking anew; of a poll that has
 * ended meanwhile it takes the answer.  What a poll asks is told by a sum over its partitions, because
 * clients turn their order round.
 *
 * In a session the answer has only what is new.  So a poll that is still out says by that that there
 * is nothing: it is taken over without an answer, and while nobody says anything brokers are asked
 * nothing but to go on waiting.  A poll that has been overtaken by another question is answered by its
 * broker with an error, which nobody reads. */
#include "session/hold.h"
#include "session/inside.h"
#include "session/nearby.h"
#include "session/own_session.h"
#include "session/polled_inside.h"
#include "session/standing.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

enum {
	LATE_S = 5, /* what a broker may take beyond the time that it was given */
	KEPT_SMALL = 64 * 1024,
};

struct poll {
	struct standing standing;
	struct upstream *upstream;
	uint64_t question;
	int32_t session; /* it is asked in this one of the node's own; 0: in none */
	uint32_t said;	 /* then: what its broker was asked (route/fetched.h) */
	uint32_t correlation_id;
	ev_tstamp until; /* it ends by then */
	/* the answer of the look; NULL: a Fetch that may take the poll over has it, or it is a
	 * session's */
	uint8_t *looked;
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

/* The session of which the poll is; NULL: it is of none, or of one that has gone. */
static struct fetched *fetched_of(const struct client *c, const struct poll *poll)
{
	return poll->session != 0 ? own_session_find(c, poll->session) : NULL;
}

static void on_upstream_lost(struct client *c, struct standing *s, const struct upstream *u)
{
	struct poll *poll = poll_of(s);
	struct fetched *fetched = fetched_of(c, poll);

	if (poll->upstream != u)
		return;
	if (fetched != NULL && fetched_is_last(fetched, u->broker, poll->said))
		fetched_lost(fetched, u->broker);
	poll_free(c, poll);
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
	struct part *p = &r->parts[i], *looked = &polled_of(r)->looked[i];
	struct hold hold = { 0 };
	struct poll *poll;

	if (p->state != PART_SENT || p->upstream == NULL)
		return;
	if (r->session == NULL && (looked->answer == NULL || !keep_memory(c, r, looked, &hold)))
		return;
	poll = mem_zalloc(sizeof *poll);
	*poll = (struct poll){ .standing.kind = &poll_kind,
			       .upstream = p->upstream,
			       .question = polled_of(r)->asked[i].question,
			       .session = own_session_id(r),
			       .said = p->said,
			       .until = polled_of(r)->asked[i].until,
			       .correlation_id = p->correlation_id };
	if (r->session == NULL) {
		poll->looked = looked->answer;
		poll->looked_size = looked->answer_size;
		looked->answer = NULL;
		hold_move(&hold, &poll->hold);
	}
	standing_add(c, &poll->standing);
	upstream_pass_on(p->upstream, p, poll);
	p->upstream = NULL;
}

/* A poll that was to be taken over, and was not, stands for the next Fetch as it did for this. */
static void give_back(struct client *c, struct part *p, const struct asked *asked)
{
	struct poll *poll = asked->is_adopted ? left_poll(c, p->broker) : NULL;

	if (poll == NULL || poll->session != 0 || poll->looked != NULL ||
	    poll->question != asked->question)
		return;
	poll->looked = p->answer;
	p->answer = NULL;
	hold_move(&p->hold, &poll->hold);
}

/* What the session's brokers have heard of what was said to them. */
static void note_unheard(const struct request *r)
{
	struct fetched *fetched = own_session_fetched(r->session);

	for (uint32_t i = 0; i < r->part_count; i++) {
		const struct part *p = &r->parts[i];

		if (!fetched_is_last(fetched, p->broker, p->said))
			continue;
		if (p->state == PART_UNSENT || p->state == PART_TO_SEND)
			fetched_unsaid(fetched, p->broker, p->said);
		else if (p->state != PART_ANSWERED && p->upstream == NULL)
			fetched_lost(fetched, p->broker);
	}
}

static void leave_session(struct client *c, struct request *r)
{
	const struct polled *f = polled_of(r);

	note_unheard(r);
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (f->is_waiting)
			leave_poll(c, r, i);
		if (r->parts[i].state == PART_SENT && r->parts[i].upstream != NULL)
			fetched_lost(own_session_fetched(r->session), r->parts[i].broker);
		if (f->is_waiting)
			part_end(&f->looked[i]);
	}
	own_session_leave(c, r);
}

void polled_leave(struct client *c, struct request *r)
{
	struct polled *f = polled_of(r);

	if (r->session != NULL) {
		leave_session(c, r);
		return;
	}
	for (uint32_t i = 0; !f->is_waiting && i < r->part_count; i++)
		give_back(c, &r->parts[i], &f->asked[i]);
	for (uint32_t i = 0; f->is_waiting && i < r->part_count; i++) {
		leave_poll(c, r, i);
		part_end(&f->looked[i]);
	}
}

/* --- taken over --- */

/* Nobody reads a poll that is left: what has become of its connection meanwhile is looked at
 * before anybody counts on it. */
static bool is_there(struct client *c, struct poll *poll)
{
	struct upstream *u = poll->upstream;
	struct conn *in = &u->link.conn;
	uint32_t n;

	if (!upstream_is_open(u))
		return false;
	n = conn_fill(in, UINT32_MAX);
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, n);
	zone_bytes_broker(c, u, n);
	if (conn_is_dry(in))
		upstream_lose(u, LINK_CUT);
	return upstream_is_open(u);
}

/* The broker has held the question for longer than it was to: it is silent. */
static bool is_late(const struct client *c, const struct poll *poll)
{
	return client_now(c) > fmax(poll->until, poll->upstream->muted_until) + LATE_S;
}

/* The next one takes a new connection. */
static void lose_late(struct client *c, struct poll *poll)
{
	nearby_lost(c, poll->upstream->broker);
	upstream_lose(poll->upstream, LINK_LATE);
}

static void pass_on(struct client *c, struct poll *poll, struct part *p)
{
	p->upstream = poll->upstream;
	p->correlation_id = poll->correlation_id;
	p->said = poll->said;
	part_set(p, PART_SENT);
	upstream_pass_on(p->upstream, poll, p);
	poll_free(c, poll);
}

/* The poll asks what this Fetch would ask its broker. */
static bool asks_this(const struct request *r, const struct poll *poll, const struct asked *asked)
{
	if (poll->session != own_session_id(r))
		return false;
	if (r->session == NULL)
		return poll->question == asked->question;
	return fetched_is_said(own_session_fetched(r->session), poll->upstream->broker, poll->said);
}

/* A poll of the session is out at this broker, and would have ended if there were anything to say; if
 * it has ended it is the look, whatever it was asked, and what of it is not wanted is left out. */
static void take_over_in_session(struct client *c, struct part *p, struct asked *asked)
{
	const struct request *r = p->request;
	struct poll *poll = left_poll(c, p->broker);

	if (poll == NULL || poll->session != own_session_id(r) || own_session_ends(r) ||
	    !is_there(c, poll) ||
	    !fetched_is_last(own_session_fetched(r->session), p->broker, poll->said))
		return;
	if (conn_len(&poll->upstream->link.conn) > 0) {
		pass_on(c, poll, p);
	} else if (is_late(c, poll)) {
		lose_late(c, poll);
	} else if (asks_this(r, poll, asked)) {
		part_set(p, PART_ANSWERED);
		asked->is_adopted = true;
		p->said = poll->said;
	}
}

/* A poll at this broker asks the same: what was looked at before it is as good as looking now, for
 * it would have ended.  If it has, it is the look. */
void polled_take_over(struct client *c, struct part *p, struct asked *asked)
{
	struct poll *poll = left_poll(c, p->broker);

	if (p->request->session != NULL) {
		take_over_in_session(c, p, asked);
		return;
	}
	if (poll == NULL || poll->looked == NULL || !is_there(c, poll))
		return;
	if (conn_len(&poll->upstream->link.conn) > 0 && poll->question == asked->question) {
		pass_on(c, poll, p);
		return;
	}
	if (is_late(c, poll)) {
		lose_late(c, poll);
		return;
	}
	if (poll->question != asked->question) {
		upstream_lose(poll->upstream, LINK_GIVEN_UP);
		return;
	}
	part_set(p, PART_ANSWERED);
	asked->is_adopted = true;
	p->answer = poll->looked;
	p->answer_size = poll->looked_size;
	poll->looked = NULL;
	hold_move(&poll->hold, &p->hold);
}

/* The poll that is out at this broker and asks the same, taken over before or left by a Fetch that
 * this one was pipelined behind; NULL: none.  There is one at a time, as two would be answered in the
 * order in which they were asked, and might be taken over in another. */
static struct poll *out_there(struct client *c, const struct part *p, const struct asked *asked)
{
	struct poll *poll = left_poll(c, p->broker);

	if (poll == NULL || asked->is_adopted)
		return poll;
	if (is_there(c, poll) && asks_this(p->request, poll, asked) && !is_late(c, poll))
		return poll;
	upstream_lose(poll->upstream, LINK_GIVEN_UP);
	return NULL;
}

bool polled_take_on(struct client *c, struct part *p, struct asked *asked)
{
	struct poll *poll = out_there(c, p, asked);

	if (poll == NULL)
		return false;
	asked->until = poll->until;
	asked->is_heard = false;
	pass_on(c, poll, p);
	return true;
}
