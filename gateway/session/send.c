#include "session/send.h"

#include "kafka/wire.h"
#include "route/split.h"
#include "session/behind.h"
#include "session/principal.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/numbering.h"
#include "session/request.h"
#include "session/seen.h"
#include "session/tokens.h"
#include "session/visits.h"
#include "session/upstreams.h"

enum {
	TRIES_MAX = 8, /* of other brokers, for what any broker can answer */
};

/* --- begin --- */

static void add_part(struct client *c, struct part *p, int32_t target,
		     enum upstream_purpose purpose)
{
	p->target = target;
	p->broker = target == TARGET_VETTED ? upstreams_any_broker(c) : target;
	p->purpose = purpose;
	numbering_take(c, p);
}

static void compose(struct client *c, struct part *p, const struct edits *edits)
{
	const struct request *r = p->request;

	split_part(&p->frame, &r->head, conn_data(&c->conn), &r->layout, edits, p->target,
		   p->correlation_id);
}

void send_begin_one(struct client *c, struct request *r, const struct sending *to)
{
	request_add_parts(r, 1);
	add_part(c, r->parts, to->brokers[0], to->purpose);
	if (to->edits.count > 0)
		compose(c, r->parts, &to->edits);
	else
		relay_start(&c->in.relay, request_frame_size(r));
	layout_keep(&r->layout);
	inbound_send(c);
}

void send_begin_parts(struct client *c, struct request *r, const struct sending *to)
{
	request_add_parts(r, to->count);
	for (uint32_t i = 0; i < to->count; i++) {
		add_part(c, &r->parts[i], to->brokers[i], to->purpose);
		compose(c, &r->parts[i], &to->edits);
	}
	if (to->count > 1) {
		stats_add(&c->worker->stats, STAT_SPLITS, 1);
		stats_add(&c->worker->stats, STAT_SPLIT_PARTS, to->count);
	}
	layout_keep(&r->layout);
	inbound_send(c);
}

/* --- a part's way out --- */

static bool is_composed(const struct part *p)
{
	return p->frame.count > 0 || p->request->course->composes;
}

static enum tokens_say carry(struct client *c, const struct part *p)
{
	if (p->purpose == FOR_LOGIN)
		return TOKENS_GO;
	if (c->claim.by_visits)
		return visits_ask(c, p->broker) ? TOKENS_GO : TOKENS_FAIL;
	return upstreams_has(c, p->broker, p->purpose) ? TOKENS_GO : tokens_ask(c, p->broker);
}

/* Whether the part may go to its broker, which can know the client; false: not yet, or not at all. */
static bool is_carried(struct client *c, struct part *p)
{
	const enum tokens_say carried = carry(c, p);
	const enum behind_say behind = carried == TOKENS_GO ? behind_ask(c, p) : BEHIND_NONE;

	if (behind == BEHIND_WAITS)
		return false;
	switch (behind == BEHIND_REFUSED ? TOKENS_FAIL : carried) {
	case TOKENS_GO:
		return true;
	case TOKENS_WAIT:
		return false;
	case TOKENS_FAIL:
		break;
	}
	p->is_not_carried = true;
	part_set(p, PART_UNSENT);
	return false;
}

/* The part's upstream, open and ready to take its bytes; NULL: not yet, or it never will (then
 * the part is not PART_TO_SEND any more). */
static struct upstream *ready_upstream(struct client *c, struct part *p)
{
	struct upstream *u = p->upstream;

	if (u == NULL) {
		if (!is_carried(c, p))
			return NULL;
		u = upstreams_get(c, p->broker, p->purpose);
		if (u == NULL || upstream_is_lost(u)) {
			part_set(p, PART_UNSENT);
			return NULL;
		}
	}
	if (!upstream_is_open(u) || !upstream_may_write(u, p) || principal_holds(c, u, p) ||
	    visits_must_wait(c, u, p))
		return NULL;
	if (p->upstream == NULL) {
		if (request_has_no_answer(p->request))
			upstream_begin_loose(u, p);
		else
			upstream_begin(u, p);
		p->upstream = u;
	}
	return u;
}

static void count_sent(struct client *c, const struct upstream *u, uint64_t n)
{
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, n);
	zone_bytes_broker(c, u, n);
	if (n > 0)
		c->tally.moved_at = client_now(c);
}

static void note_sent(struct part *p)
{
	upstream_sent(p->upstream);
	part_set(p, PART_SENT);
}

/* --- composed parts --- */

bool send_composed(struct client *c, struct part *p)
{
	struct upstream *u = ready_upstream(c, p);
	size_t sent;

	if (u == NULL)
		return p->state != PART_TO_SEND;
	sent = conn_gather(&u->link.conn, &p->frame, &p->frame_at);
	count_sent(c, u, sent);
	c->share.bytes -= (int64_t)sent;
	if (conn_is_lost(&u->link.conn)) {
		upstream_lose(u, LINK_CUT);
		return true;
	}
	if (p->frame_at == p->frame.count)
		note_sent(p);
	return sent > 0;
}

/* No part leaves before the client can be known at the brokers of all: who asks for a token asks on
 * the connection of the login, where the answer to a part would stand in the way, for it is read only
 * when the request has left whole. */
static bool are_all_carried(struct client *c, struct request *r)
{
	bool all = true;

	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		if (p->state == PART_TO_SEND && p->upstream == NULL)
			all &= is_carried(c, p) || p->state != PART_TO_SEND;
	}
	return all;
}

static bool composed_step(struct client *c, struct request *r)
{
	bool moved = false;

	if (!are_all_carried(c, r))
		return false;
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND)
			moved |= send_composed(c, &r->parts[i]);
	}
	if (request_is_sent(r)) {
		client_count_in(c, request_frame_size(r));
		conn_take(&c->conn, request_frame_size(r));
		inbound_sent(c);
		moved = true;
	}
	return moved;
}

/* --- cut-through --- */

/* What of the frame has not left goes nowhere. */
static void swallow_rest(struct client *c)
{
	relay_stop(&c->in.relay, &c->worker->pipes);
	inbound_swallow(c, c->in.relay.left);
}

void send_give_up(struct client *c, struct part *p)
{
	if (p->state == PART_TO_SEND)
		part_set(p, PART_UNSENT);
	if (p->upstream != NULL)
		upstream_pass_on(p->upstream, p, NULL); /* it has half a frame */
	p->upstream = NULL;
	if (!is_composed(p))
		swallow_rest(c);
}

/* Any broker can answer it; or say, which the gateway may not, that another one is to be asked, or that
 * the client may not ask at all. */
static bool may_try_another(const struct client *c, const struct request *r)
{
	if (r->head.api->route == TO_ANY || r->head.api->route == TO_CONTROLLER)
		return true;
	return !seen_all(c, r) && !request_has_no_answer(r);
}

/* Who can't be carried to one can't be to others, likely: where it has logged in it is known. */
static int32_t another(const struct client *c, const struct part *p)
{
	const struct upstream *u = p->is_not_carried ? upstreams_of_login(c) : NULL;

	if (c->claim.by_visits)
		return visits_known_at(c, p->broker);
	if (u != NULL && u->broker != p->broker && !upstream_is_lost(u))
		return u->broker;
	return worker_any_broker(c->worker, p->broker);
}

/* True: there is another one. */
static bool try_another(struct client *c, struct part *p)
{
	struct request *r = p->request;
	int32_t other;

	if (!may_try_another(c, r))
		return false;
	other = another(c, p);
	if (other == NO_BROKER || other == p->broker || ++r->tries > TRIES_MAX)
		return false;
	p->broker = other;
	p->upstream = NULL;
	p->is_not_carried = false;
	part_set(p, PART_TO_SEND);
	return true;
}

/* Its connection could not be made. */
static void go_elsewhere(struct client *c, struct part *p)
{
	if (!p->is_not_carried)
		worker_shun(c->worker, p->broker);
	if (!try_another(c, p))
		send_give_up(c, p);
}

static bool through_step(struct client *c, struct part *p)
{
	bool is_first = p->upstream == NULL;
	struct upstream *u = p->state == PART_TO_SEND ? ready_upstream(c, p) : NULL;
	struct relay *relay = &c->in.relay;
	uint64_t moved = relay->moved, spliced = relay->spliced;
	enum relay_result got;

	if (p->state == PART_UNSENT) {
		go_elsewhere(c, p);
		return true;
	}
	if (u == NULL)
		return false;
	if (is_first)
		wire_put32(conn_data(&c->conn) + HEAD_CORRELATION_AT, p->correlation_id);
	got = relay_run(relay, &c->conn, &u->link.conn, NULL, &c->share.bytes, &c->worker->pipes);
	moved = relay->moved - moved;
	count_sent(c, u, moved);
	client_count_in(c, moved);
	stats_add(&c->worker->stats, STAT_SPLICED_BYTES, relay->spliced - spliced);
	switch (got) {
	case RELAY_DONE:
		note_sent(p);
		inbound_sent(c);
		return true;
	case RELAY_FROM_LOST:
		client_fail(c, "closed by the client in mid-frame");
		return false;
	case RELAY_TO_LOST:
		upstream_lose(u, LINK_CUT);
		return true;
	default:
		return moved > 0;
	}
}

bool send_step(struct client *c, struct request *r)
{
	return r->course->composes || is_composed(r->parts) ? composed_step(c, r)
							    : through_step(c, r->parts);
}

bool send_elsewhere(struct client *c, struct part *p)
{
	return p->state == PART_UNSENT && p->frame_at == 0 && try_another(c, p);
}

/* Not connected yet means that no part has it as its upstream: they are told apart by the
 * broker. */
void send_connect_failed(struct client *c, const struct upstream *u)
{
	for (struct request *r = c->out.first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			struct part *p = &r->parts[i];

			if (p->state == PART_TO_SEND && p->upstream == NULL &&
			    p->broker == u->broker && p->purpose == u->purpose) {
				p->is_not_carried = u->link.end == LINK_REFUSED;
				part_set(p, PART_UNSENT);
			}
		}
	}
}
