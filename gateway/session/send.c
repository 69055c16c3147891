/* A part leaves: the client's frame cut through as it comes, or composed of
 * slices of it. */
#include "session/session.h"

#include "kafka/wire.h"
#include "util/mem.h"

#include <limits.h>

enum {
	TRIES_MAX = 8, /* of other brokers, for what any broker can answer */
};

/* The first frame on a connection: the client's own software name and version,
 * so that the broker's metrics and client-metrics subscriptions match it
 * (KIP-511, KIP-714).  Nobody reads the answer. */
static void send_hello(struct client *c, struct upstream *u)
{
	enum { VERSION = 3 };
	uint8_t frame[HEAD_FIXED + 2 + 1 + 256];
	uint32_t n = HEAD_FIXED;

	if (c->hello == NULL || c->hello_len + n + 3 > sizeof frame)
		return;
	wire_put16(frame + 4, KEY_API_VERSIONS);
	wire_put16(frame + 6, VERSION);
	wire_put32(frame + HEAD_CORRELATION_AT, 0);
	wire_put16(frame + n, UINT16_MAX); /* null client id */
	frame[n + 2] = 0;		   /* no tagged fields */
	memcpy(frame + n + 3, c->hello, c->hello_len);
	n += 3 + c->hello_len;
	wire_put32(frame, n - HEAD_SIZE_BYTES);
	if (!conn_put(&u->link.conn, frame, n))
		return;
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, n);
	upstream_expect_nothing(u);
}

/* The connection to a broker that takes the next request: made when there is
 * none.  NULL: the broker is not known any more. */
static struct upstream *send_upstream(struct client *c, int32_t broker,
				      enum upstream_purpose purpose)
{
	const struct broker *b = snapshot_broker(c->worker->snapshot, broker);
	struct upstream_wanted wanted = { .broker = broker, .purpose = purpose };
	struct upstream *u;

	for (u = c->upstreams; u != NULL; u = u->next) {
		if (u->broker == broker && u->purpose == purpose && !upstream_is_given_up(u))
			return u;
	}
	if (b == NULL)
		return NULL;
	wanted.link = (struct link_wanted){ (const struct sockaddr *)&b->address, b->address_len,
					    c->worker->config->connect_timeout_ms };
	wanted.stats = &c->worker->stats;
	u = upstream_new(&wanted, c->worker->loop, &c->worker->bufs, client_on_event, c);
	u->next = c->upstreams;
	c->upstreams = u;
	return u;
}

/* Its upstream, open and ready to take bytes; NULL: not yet, or it never will
 * (then the part is not PART_TO_SEND any more). */
static struct upstream *ready_upstream(struct client *c, struct part *p)
{
	struct upstream *u = p->upstream;

	if (u == NULL) {
		u = send_upstream(c, p->broker, p->is_poll ? FOR_POLLS : FOR_REQUESTS);
		if (u == NULL || upstream_is_lost(u)) {
			p->state = PART_UNSENT;
			return NULL;
		}
	}
	if (!upstream_is_open(u) || !upstream_may_write(u, p))
		return NULL;
	if (p->upstream == NULL) {
		if (u->sent == 0)
			send_hello(c, u);
		if (!upstream_is_open(u))
			return NULL;
		if (!p->request->answerless)
			upstream_begin(u, p);
		else
			upstream_begin_loose(u, p);
		p->upstream = u;
	}
	return u;
}

static void count_sent(struct client *c, uint64_t n)
{
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, n);
	if (n > 0)
		c->moved_at = client_now(c);
}

/* --- composed parts --- */

bool send_composed(struct client *c, struct part *p)
{
	struct upstream *u = ready_upstream(c, p);
	struct gather *g = &p->frame;
	bool moved = p->state != PART_TO_SEND;
	size_t sent = 0;

	if (u != NULL)
		sent = conn_gather(&u->link.conn, g, &p->iov_at);
	count_sent(c, sent);
	moved |= sent > 0;
	if (u != NULL && conn_is_lost(&u->link.conn)) {
		upstream_lose(u, LINK_CUT);
		return true;
	}
	if (p->iov_at == g->count && p->state == PART_TO_SEND) {
		upstream_sent(p->upstream);
		p->state = PART_SENT;
		moved = true;
	}
	return moved;
}

static bool composed_step(struct client *c, struct request *r)
{
	bool moved = false;

	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND)
			moved |= send_composed(c, &r->parts[i]);
	}
	if (request_is_sent(r)) {
		client_count_in(c, request_frame_size(r));
		conn_take(&c->conn, request_frame_size(r));
		c->inbound = NULL;
		c->in_state = IN_HEAD;
		moved = true;
	}
	return moved;
}

/* --- cut-through --- */

void send_give_up(struct client *c, struct part *p)
{
	p->state = PART_UNSENT;
	if (p->upstream != NULL) {
		upstream_pass_on(p->upstream, p, NULL); /* it has half a frame */
		p->upstream = NULL;
	}
	relay_stop(&c->up, &c->worker->pipes);
	c->swallow = c->up.left;
	c->inbound = NULL;
	c->in_state = IN_SWALLOW;
}

/* What any broker can answer goes to another one; true: there is one. */
static bool try_another(struct client *c, struct part *p)
{
	struct request *r = p->request;
	int32_t other;

	if (r->head.api->route != TO_ANY && r->head.api->route != TO_CONTROLLER)
		return false;
	r->not_broker = p->broker;
	other = worker_any_broker(c->worker, p->broker);
	if (other == NO_BROKER || other == p->broker || ++r->tries > TRIES_MAX)
		return false;
	p->broker = other;
	p->upstream = NULL;
	p->state = PART_TO_SEND;
	return true;
}

static bool through_step(struct client *c, struct part *p)
{
	bool first = p->upstream == NULL;
	struct upstream *u = ready_upstream(c, p);
	uint64_t before = c->up.moved, spliced = c->up.spliced;
	enum relay_result got;

	if (p->state == PART_UNSENT) {
		worker_shun(c->worker, p->broker);
		if (!try_another(c, p))
			send_give_up(c, p);
		return true;
	}
	if (u == NULL)
		return u != NULL;
	if (first)
		wire_put32(conn_data(&c->conn) + HEAD_CORRELATION_AT, p->correlation_id);
	got = relay_run(&c->up, &c->conn, &u->link.conn, NULL, &c->share.bytes, &c->worker->pipes);
	count_sent(c, c->up.moved - before);
	client_count_in(c, c->up.moved - before);
	stats_add(&c->worker->stats, STAT_SPLICED_BYTES, c->up.spliced - spliced);
	switch (got) {
	case RELAY_DONE:
		upstream_sent(u);
		p->state = PART_SENT;
		c->inbound = NULL;
		c->in_state = IN_HEAD;
		return true;
	case RELAY_FROM_LOST:
		client_fail(c, "closed by the client in mid-frame");
		return false;
	case RELAY_TO_LOST:
		upstream_lose(u, LINK_CUT);
		return true;
	default:
		return c->up.moved > before;
	}
}

/* Not connected yet means that no part has it as its upstream: they are told
 * apart by the broker. */
void send_connect_failed(struct client *c, const struct upstream *u)
{
	for (struct request *r = c->first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			struct part *p = &r->parts[i];

			if (p->state == PART_TO_SEND && p->upstream == NULL &&
			    p->broker == u->broker && p->is_poll == (u->purpose == FOR_POLLS))
				p->state = PART_UNSENT;
		}
	}
}

bool send_step(struct client *c, struct request *r)
{
	return r->composed ? composed_step(c, r) : through_step(c, &r->parts[0]);
}
