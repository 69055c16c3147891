#include "session/losses.h"

#include "kafka/errors.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/principal.h"
#include "session/request.h"
#include "session/send.h"
#include "session/standing.h"
#include "session/tokens.h"
#include "session/upstreams.h"
#include "session/watch.h"
#include "util/log.h"

#include <errno.h>
#include <math.h>

static void lost_part(struct client *c, struct part *p)
{
	struct request *r = p->request;

	p->upstream = NULL;
	if (p->state == PART_TO_SEND) {
		send_give_up(c, p);
	} else if (p->state == PART_SENT) {
		part_set(p, PART_LOST);
		if (r->is_answered)
			client_fail(c, "its broker was lost in mid-answer");
	}
	if (r->head.api->route == TO_GROUP || r->head.api->route == TO_TXN)
		watch_key_error(c, r, ERROR_NOT_COORDINATOR);
}

/* Parts whose answers were to come over the connection. */
static void lose_parts(struct client *c, const struct upstream *u)
{
	for (struct request *r = c->out.first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			if (r->parts[i].upstream == u)
				lost_part(c, &r->parts[i]);
		}
	}
	if (!u->link.was_open)
		send_connect_failed(c, u);
}

/* Nothing was tried: the node has no descriptors. */
static bool is_own_fault(const struct upstream *u)
{
	int error = conn_error(&u->link.conn);

	return !u->link.was_open && (error == EMFILE || error == ENFILE);
}

/* The broker is well, and does not believe the client. */
static void note_refusal(const struct client *c, const struct upstream *u)
{
	char address[ADDRESS_TEXT];

	address_text(&c->came.peer, address);
	stats_add(&c->worker->stats, STAT_CARRIED_REFUSED, 1);
	log_warn("conn=%llu client=%s broker=%d err=not_carried principal=\"%s\" why=\"%s\"",
		 (unsigned long long)c->id, address, u->broker, principal_told(c),
		 link_why(&u->link));
}

/* What the loss says of the broker. */
static void note_loss(struct client *c, const struct upstream *u)
{
	char address[ADDRESS_TEXT];

	if (u->link.end == LINK_REFUSED) {
		note_refusal(c, u);
		return;
	}
	if (upstream_is_given_up(u) || is_own_fault(u) || (u->ring_count == 0 && u->link.was_open))
		return; /* idle connections end, that means nothing */
	address_text(&c->came.peer, address);
	log_info("conn=%llu client=%s broker=%d err=%s why=\"%s\"", (unsigned long long)c->id,
		 address, u->broker, u->link.was_open ? "lost" : "unreachable", link_why(&u->link));
	if (u->link.was_open)
		stats_add(&c->worker->stats, STAT_UPSTREAMS_LOST, 1);
	else
		worker_shun(c->worker, u->broker);
	topology_notice_broker(c->worker->shared->topology, u->broker, address_hash(&c->came.peer));
}

static void lose(struct client *c, struct upstream *u)
{
	lose_parts(c, u);
	if (u->loose && u->link.was_open)
		client_fail(c, "a broker was lost with acks=0 data on its way");
	note_loss(c, u);
	standing_upstream_lost(c, u);
	tokens_upstream_lost(c, u);
	upstream_free(u);
}

/* Another login, as soon as the broker knows what is to be said; a broker that is slow to is left, for nothing else may be
 * asked there now. */
static bool renew(struct client *c, struct upstream *u)
{
	if (!upstream_may_renew(u))
		return false;
	switch (tokens_ask_again(c, u)) {
	case TOKENS_GO:
		upstream_renew(u);
		return true;
	case TOKENS_WAIT:
		return false;
	case TOKENS_FAIL:
		break;
	}
	upstream_lose(u, LINK_GIVEN_UP);
	return true;
}

bool losses_step(struct client *c)
{
	bool any = false;

	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		struct upstream *u = *at;

		any |= renew(c, u);
		any |= upstream_discard(u);
		if (!upstream_is_lost(u)) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		lose(c, u);
		any = true;
	}
	return any;
}

/* A broker that said that it throttles has not begun before. */
ev_tstamp losses_time_due(const struct client *c, const struct request *r)
{
	ev_tstamp until = 0;

	for (uint32_t i = 0; i < r->part_count; i++)
		until = fmax(until, upstreams_muted_until(c, &r->parts[i]));
	return until > 0 && until + r->allowed > client_now(c) ? until + r->allowed : 0;
}

/* Others have what is read there too: a silent one is not waited for. */
static ev_tstamp spares_allowed(const struct request *r)
{
	return (fmax((double)r->layout.max_wait_ms.number, 0) + LOSSES_GRACE_MS) / 1000.0;
}

static bool spares_are_first(const struct request *r)
{
	return r->is_near && !r->spares_had_time && spares_allowed(r) < r->allowed;
}

void losses_begin(struct client *c, struct request *r)
{
	r->deadline = client_now(c) + (spares_are_first(r) ? spares_allowed(r) : r->allowed);
}

/* Its answer can't be told from a late one: the connection goes. */
static bool lose_late(struct request *r, bool only_spare)
{
	bool any = false;

	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		if (p->upstream == NULL || part_is_final(p) || (only_spare && !part_is_spare(p)))
			continue;
		any = true;
		upstream_lose(p->upstream, LINK_LATE);
	}
	return any;
}

/* The time of brokers that can be done without is over; the others have more. */
static void spares_deadline(struct client *c, struct request *r)
{
	r->deadline = client_now(c) + r->allowed - spares_allowed(r);
	r->spares_had_time = true;
	if (lose_late(r, true))
		stats_add(&c->worker->stats, STAT_TIMEOUTS_REQUEST, 1);
}

void losses_deadline(struct client *c, struct request *r)
{
	ev_tstamp due = losses_time_due(c, r);

	if (due > 0 && !r->is_answered) {
		r->deadline = due;
		return;
	}
	if (!r->is_answered && spares_are_first(r)) {
		spares_deadline(c, r);
		return;
	}
	r->deadline = client_now(c) + c->worker->config->body_timeout_ms / 1000.0;
	if (r->is_answered && !conn_may_write(&c->conn))
		return; /* it is the client that takes its time */
	stats_add(&c->worker->stats, STAT_TIMEOUTS_REQUEST, 1);
	lose_late(r, false);
}
