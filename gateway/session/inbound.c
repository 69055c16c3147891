#include "session/inbound.h"

#include "session/inside.h"
#include "session/request.h"

#include <assert.h>

#define TO(state) (1u << IN_##state)

static const unsigned moves[] = {
	[IN_HEAD] = TO(ROUTE) | TO(STOPPED),
	[IN_ROUTE] = TO(BUDGET) | TO(ASK) | TO(SEND) | TO(SWALLOW) | TO(STOPPED),
	[IN_BUDGET] = TO(ROUTE) | TO(STOPPED),
	[IN_ASK] = TO(ROUTE) | TO(STOPPED),
	[IN_SEND] = TO(HEAD) | TO(SWALLOW) | TO(STOPPED),
	[IN_SWALLOW] = TO(HEAD) | TO(STOPPED),
	[IN_STOPPED] = TO(STOPPED),
};

static void set(struct inbound *in, enum inbound_state state)
{
	assert(moves[in->state] & 1u << state);
	in->state = state;
}

/* Memory that was reserved for a frame goes with the frame's bytes: what is read behind them has a
 * block, as if nothing had been held. */
static void let_memory_go(struct client *c)
{
	if (conn_len(&c->conn) > 0)
		return;
	conn_rest(&c->conn);
	hold_release(&c->in.frame);
}

static void next_frame(struct client *c)
{
	set(&c->in, IN_HEAD);
	c->in.request = NULL;
	c->in.since = 0;
	let_memory_go(c);
	hold_release(&c->in.frame); /* what is there is of the next one, and has a block */
}

void inbound_route(struct client *c, struct request *r)
{
	set(&c->in, IN_ROUTE);
	c->in.request = r;
	c->in.since = client_now(c);
}

void inbound_wait_for_memory(struct client *c)
{
	set(&c->in, IN_BUDGET);
}

void inbound_ask(struct client *c, struct topology_query *query)
{
	set(&c->in, IN_ASK);
	c->in.query = query;
	c->in.asked_at = client_now(c);
}

void inbound_ask_no_more(struct client *c)
{
	topology_cancel(c->in.query);
	inbound_route_again(c);
}

void inbound_route_again(struct client *c)
{
	/* what was waited for took no time of the client's */
	c->in.since = c->tally.moved_at = client_now(c);
	set(&c->in, IN_ROUTE);
	c->in.query = NULL;
}

void inbound_send(struct client *c)
{
	set(&c->in, IN_SEND);
}

void inbound_sent(struct client *c)
{
	next_frame(c);
}

void inbound_swallow(struct client *c, uint32_t n)
{
	set(&c->in, IN_SWALLOW);
	c->in.request = NULL;
	c->in.swallow = n;
	inbound_swallow_some(c);
}

void inbound_swallow_some(struct client *c)
{
	uint32_t n = conn_len(&c->conn);

	if (n > c->in.swallow)
		n = c->in.swallow;
	conn_take(&c->conn, n);
	let_memory_go(c);
	c->in.swallow -= n;
	if (c->in.swallow == 0)
		next_frame(c);
}

struct request *inbound_stop(struct client *c)
{
	struct request *r = c->in.request;

	if (c->in.query != NULL)
		topology_cancel(c->in.query);
	c->in.query = NULL;
	set(&c->in, IN_STOPPED);
	relay_stop(&c->in.relay, &c->worker->pipes);
	conn_drop(&c->conn);
	hold_release(&c->in.frame);
	c->in.request = NULL;
	return r;
}

bool inbound_may_begin(const struct client *c)
{
	const struct request *r = c->out.first;

	if (r != NULL && r->course != NULL && r->course->is_alone && !r->is_replied)
		return false;
	return !requests_are_many(c);
}

bool inbound_is_idle(const struct client *c)
{
	return c->in.state == IN_STOPPED || (c->in.state == IN_HEAD && conn_len(&c->conn) == 0);
}

bool inbound_is_in_body(const struct client *c)
{
	return c->in.state == IN_ROUTE || c->in.state == IN_SEND || c->in.state == IN_SWALLOW;
}
