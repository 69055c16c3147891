/* A part leaves: the client's frame cut through as it comes, or composed of
 * slices of it. */
#include "session/session.h"

#include "kafka/wire.h"
#include "session/gathered.h"
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
	if (!sock_put(&u->sock, &c->worker->bufs, frame, n))
		return;
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, n);
	upstream_expect_nothing(u);
}

/* The connection to a broker that takes the next request: made when there is
 * none.  NULL: the broker is not known any more. */
static struct upstream *send_upstream(struct client *c, int32_t broker, bool for_polls)
{
	const struct broker *b = snapshot_broker(c->worker->snapshot, broker);
	struct upstream *u;

	for (u = c->upstreams; u != NULL; u = u->next) {
		if (u->broker == broker && u->for_polls == for_polls && !u->quiet)
			return u;
	}
	if (b == NULL)
		return NULL;
	u = upstream_new(c->worker->loop, broker, &b->address, b->address_len,
			 c->worker->config->connect_timeout_ms, &c->worker->stats, client_on_event,
			 c);
	u->for_polls = for_polls;
	u->next = c->upstreams;
	c->upstreams = u;
	return u;
}

/* acks=0 data is about to leave. */
static void note_loose(const struct client *c, struct upstream *u)
{
	u->loose_since = ++u->sent;
	u->loose = true;
	u->idle_since = client_now(c);
}

/* Its upstream, open and ready to take bytes; NULL: not yet, or it never will
 * (then the part is not PART_TO_SEND any more). */
static struct upstream *ready_upstream(struct client *c, struct part *p)
{
	struct upstream *u = p->upstream;

	if (u == NULL) {
		u = send_upstream(c, p->broker, p->is_poll);
		if (u == NULL || u->state == UPSTREAM_LOST) {
			p->state = PART_UNSENT;
			return NULL;
		}
	}
	if (u->state != UPSTREAM_OPEN)
		return NULL;
	if (p->upstream == NULL) {
		if (u->sent == 0)
			send_hello(c, u);
		if (u->state != UPSTREAM_OPEN)
			return NULL;
		if (!p->request->answerless)
			upstream_expect(u, p);
		else
			note_loose(c, u);
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
		sent = gather_write(&u->sock, g, &p->iov_at, &c->worker->bufs);
	count_sent(c, sent);
	moved |= sent > 0;
	if (u != NULL && u->sock.lost) {
		u->state = UPSTREAM_LOST;
		return true;
	}
	if (p->iov_at == g->count && p->state == PART_TO_SEND) {
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
		inbuf_take(&c->sock.in, request_frame_size(r));
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
		upstream_pass_on(p->upstream, p, NULL);
		p->upstream->state = UPSTREAM_LOST; /* it has half a frame */
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
		wire_put32(inbuf_at(&c->sock.in) + HEAD_CORRELATION_AT, p->correlation_id);
	got = relay_run(&c->up, &c->sock, &u->sock, NULL, &c->worker->bufs, &c->worker->pipes);
	count_sent(c, c->up.moved - before);
	client_count_in(c, c->up.moved - before);
	stats_add(&c->worker->stats, STAT_SPLICED_BYTES, c->up.spliced - spliced);
	switch (got) {
	case RELAY_DONE:
		p->state = PART_SENT;
		c->inbound = NULL;
		c->in_state = IN_HEAD;
		return true;
	case RELAY_FROM_LOST:
		client_fail(c, "closed by the client in mid-frame");
		return false;
	case RELAY_TO_LOST:
		u->state = UPSTREAM_LOST;
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
			    p->broker == u->broker && p->is_poll == u->for_polls)
				p->state = PART_UNSENT;
		}
	}
}

bool send_step(struct client *c, struct request *r)
{
	return r->composed ? composed_step(c, r) : through_step(c, &r->parts[0]);
}
