#include "session/deadlines.h"

#include "session/inbound.h"
#include "session/inside.h"
#include "session/judged.h"
#include "session/life.h"
#include "session/losses.h"
#include "session/request.h"
#include "session/stay.h"
#include "session/tokens.h"
#include "session/visits.h"
#include "session/turned_away.h"
#include "session/upstreams.h"

#include <math.h>

enum {
	LINGER_S = 10,
	/* A request that is held has memory reserved: slower than this it loses it. */
	HELD_LEAST_BYTES_A_S = 256 * 1024,
};

static ev_tstamp seconds(int ms)
{
	return ms / 1000.0;
}

static void time_out(struct client *c, enum stats_counter kind, const char *why)
{
	stats_add(&c->worker->stats, kind, 1);
	client_fail(c, why);
}

static void only_wake(struct client *c)
{
	(void)c;
}

/* --- a client that has gone --- */

static ev_tstamp linger_at(const struct client *c)
{
	return c->life.since + LINGER_S;
}

static void linger_over(struct client *c)
{
	upstreams_free_all(c); /* so the next step finds none left */
}

/* --- a client that says nothing --- */

static ev_tstamp idle_at(const struct client *c)
{
	const struct request *r = c->out.first;

	/* who waits for a broker is not idle */
	if (r != NULL && !r->is_replied && !r->is_answered)
		return INFINITY;
	return c->tally.moved_at + seconds(c->worker->config->idle_timeout_ms);
}

static void idle_over(struct client *c)
{
	time_out(c, STAT_TIMEOUTS_IDLE, "idle");
}

/* --- a client that does not say who it is, or is told that it may not --- */

static ev_tstamp login_at(const struct client *c)
{
	if (!door_is_shut(&c->door))
		return INFINITY;
	return c->tenure.born + seconds(c->worker->config->login_timeout_ms);
}

static void login_over(struct client *c)
{
	time_out(c, STAT_TIMEOUTS_LOGIN, "no login in time");
}

static ev_tstamp refused_at(const struct client *c)
{
	return fmin(turned_away_until(c), judged_until(c));
}

/* --- a frame that does not come --- */

static ev_tstamp head_at(const struct client *c)
{
	/* what may not be read yet is not waited for */
	if (c->in.state != IN_HEAD || c->in.since == 0 || !inbound_may_begin(c))
		return INFINITY;
	return c->in.since + seconds(c->worker->config->head_timeout_ms);
}

static void head_over(struct client *c)
{
	time_out(c, STAT_TIMEOUTS_HEAD, "a request's head was too slow");
}

static ev_tstamp held_at(const struct client *c)
{
	const struct request *r = c->in.request;

	if (c->in.state != IN_ROUTE || r == NULL || c->in.frame.reservation == NULL)
		return INFINITY;
	return c->in.since + seconds(c->worker->config->body_timeout_ms) +
	       (double)request_frame_size(r) / HELD_LEAST_BYTES_A_S;
}

static void held_over(struct client *c)
{
	time_out(c, STAT_TIMEOUTS_BODY, "a request that must be held was too slow");
}

/* A broker that throttles takes nothing; that is not the client's fault, nor a loss. */
static ev_tstamp muted_until(const struct client *c)
{
	const struct request *r = c->in.request;
	ev_tstamp until = 0;

	for (uint32_t i = 0; r != NULL && i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND)
			until = fmax(until, upstreams_muted_until(c, &r->parts[i]));
	}
	return until;
}

static ev_tstamp body_at(const struct client *c)
{
	if (!inbound_is_in_body(c))
		return INFINITY;
	return fmax(c->tally.moved_at, muted_until(c)) +
	       seconds(c->worker->config->body_timeout_ms);
}

/* A body that does not move: the client's fault, or the broker's. */
static void body_over(struct client *c)
{
	const struct request *r = c->in.request;
	bool is_brokers = false;

	for (uint32_t i = 0; r != NULL && i < r->part_count; i++) {
		const struct part *p = &r->parts[i];

		if (p->state == PART_TO_SEND && p->upstream != NULL &&
		    !conn_may_write(&p->upstream->link.conn)) {
			upstream_lose(p->upstream, LINK_LATE);
			is_brokers = true;
		}
	}
	if (!is_brokers)
		time_out(c, STAT_TIMEOUTS_BODY, "a request's body was too slow");
	c->tally.moved_at = client_now(c);
}

/* --- the topology, which has its own clock, but may be busy --- */

static ev_tstamp ask_at(const struct client *c)
{
	return c->in.state == IN_ASK ? c->in.asked_at + seconds(TOPOLOGY_ANSWERS_MS) : INFINITY;
}

/* --- an answer that does not come --- */

static ev_tstamp answer_at(const struct client *c)
{
	const struct request *r = c->out.first;

	return r != NULL && r->deadline > 0 && !r->is_replied ? r->deadline : INFINITY;
}

static void answer_over(struct client *c)
{
	struct request *r = c->out.first;

	if (r->course != NULL && r->course->late != NULL)
		r->course->late(c, r);
	else
		losses_deadline(c, r);
}

/* --- an answer that is not taken --- */

/* Slower than this a client loses what it holds.  What leaves as it comes may be of any size. */
static ev_tstamp taken_at(const struct client *c)
{
	const struct request *r = c->out.first;
	uint64_t bytes;

	if (r == NULL || r->answered == 0 || c->holds == 0)
		return INFINITY;
	bytes = r->is_replied ? r->reply.size : c->out.relay.moved;
	return r->answered + seconds(c->worker->config->body_timeout_ms) +
	       (double)bytes / HELD_LEAST_BYTES_A_S;
}

static void taken_over(struct client *c)
{
	struct request *r = c->out.first;

	if (conn_may_write(&c->conn))
		r->answered = client_now(c); /* it is the broker that takes its time */
	else
		time_out(c, STAT_TIMEOUTS_ANSWER,
			 "an answer that must be held was taken too slowly");
}

/* --- the table --- */

static const struct deadline {
	ev_tstamp (*at)(const struct client *c); /* INFINITY: nothing is waited for */
	void (*pass)(struct client *c);
} deadlines[] = {
	{ login_at, login_over },
	{ refused_at, only_wake },
	{ head_at, head_over },
	{ held_at, held_over },
	{ body_at, body_over },
	{ ask_at, inbound_ask_no_more },
	{ answer_at, answer_over },
	{ taken_at, taken_over },
	{ hold_press_at, hold_press },
	{ idle_at, idle_over },
	{ tokens_due, tokens_renew },
	{ visits_due, only_wake },
	{ upstreams_idle_at, upstreams_close_idle },
	{ stay_ends_at, only_wake }, /* each step looks whether the client is to leave */
};

static const struct deadline after_the_end = { linger_at, linger_over };

static void pass_due(struct client *c, const struct deadline *d)
{
	if (client_now(c) >= d->at(c))
		d->pass(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct client *c = timer->data;

	(void)loop;
	(void)events;
	c->clock.at = 0;
	if (c->life.state == LIFE_LINGERING) {
		pass_due(c, &after_the_end);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(deadlines); i++)
			pass_due(c, &deadlines[i]);
	}
	client_wake(c);
}

static ev_tstamp first(const struct client *c)
{
	ev_tstamp soonest = INFINITY;

	if (c->life.state == LIFE_LINGERING)
		return linger_at(c);
	for (size_t i = 0; i < ARRAY_LEN(deadlines); i++)
		soonest = fmin(soonest, deadlines[i].at(c));
	return soonest;
}

void deadlines_init(struct client *c)
{
	ev_timer_init(&c->clock.timer, on_timer, 0.0, 0.0);
	c->clock.timer.data = c;
}

void deadlines_stop(struct client *c)
{
	ev_timer_stop(c->worker->loop, &c->clock.timer);
}

/* The timer is only moved when it must fire sooner; a late deadline is found when it fires. */
void deadlines_rearm(struct client *c)
{
	ev_tstamp due = first(c), now = client_now(c);

	if (isinf(due) || (c->clock.at != 0 && c->clock.at <= due))
		return;
	if (due < now)
		due = now;
	ev_timer_stop(c->worker->loop, &c->clock.timer);
	ev_timer_set(&c->clock.timer, due - now + 0.001, 0.0);
	ev_timer_start(c->worker->loop, &c->clock.timer);
	c->clock.at = due + 0.001;
}
