#include "session/visits.h"

#include "auth/carried.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"
#include "session/upstreams.h"
#include "util/clock.h"
#include "util/log.h"

#include <math.h>

enum {
	VISIT_MS = 300,	    /* to the next visit: clients were measured to take it */
	PAUSE_MS = 1100,    /* brokers refuse two logins on a connection within a second */
	PATIENCE_MS = 10000 /* for a client that is to come back */
};

/* --- whom a broker knows --- */

/* Till when: as the door has it, a bit before the broker's own end.  INT64_MAX: without an end. */
static int64_t known_until(const struct upstream *u)
{
	const struct link *l = &u->link;

	if (l->believed_until == 0)
		return INT64_MAX;
	return l->believed_until - (l->believed_until - l->login_began_at) / 20;
}

static bool is_known_at(const struct client *c, int32_t broker)
{
	const struct upstream *u = upstreams_of_login_at(c, broker);

	return u != NULL && upstream_is_open(u) && u->link.login_began_at > 0 &&
	       clock_ms() < known_until(u);
}

/* It is there, and has not been told. */
static bool is_to_be_visited(const struct client *c, const struct broker *b)
{
	return b != NULL && b->address_len > 0 && !is_known_at(c, b->id) &&
	       !choice_is_shunned(&c->worker->choice, b->id, client_now(c));
}

static uint32_t visits_left(const struct client *c)
{
	const struct snapshot *s = c->worker->snapshot;
	uint32_t left = 0;

	for (size_t i = 0; i < s->broker_count; i++)
		left += is_to_be_visited(c, &s->brokers[i]);
	return left;
}

/* --- the next visit --- */

bool visits_are_needed(const struct client *c, const struct carried *m)
{
	return m->way == CARRIED_BY_TOKEN &&
	       (c->worker->ways.tokens == TOKENS_NOT_MADE || c->claim.by_token == NULL) &&
	       c->worker->snapshot->broker_count > 1;
}

/* Where it began first, it ends first. */
static int32_t oldest(const struct client *c, int32_t not_this)
{
	const struct upstream *best = NULL;

	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->purpose != FOR_LOGIN || u->broker == not_this || !upstream_is_open(u) ||
		    snapshot_broker(c->worker->snapshot, u->broker) == NULL)
			continue;
		if (best == NULL || u->link.login_began_at < best->link.login_began_at)
			best = u;
	}
	return best != NULL ? best->broker : worker_any_broker(c->worker, not_this);
}

int32_t visits_next(struct client *c, int32_t not_this)
{
	const struct snapshot *s = c->worker->snapshot;
	const int32_t wanted = c->claim.wanted;

	if (wanted != not_this && is_to_be_visited(c, snapshot_broker(s, wanted)))
		return wanted;
	for (size_t i = 0; i < s->broker_count; i++) {
		if (s->brokers[i].id != not_this && is_to_be_visited(c, &s->brokers[i]))
			return s->brokers[i].id;
	}
	return oldest(c, not_this);
}

bool visits_must_wait(struct client *c, const struct upstream *u, const struct part *p)
{
	int64_t left;

	c->claim.visit_at = 0;
	if (!c->claim.by_visits || p->request->head.key != KEY_SASL_HANDSHAKE ||
	    u->link.login_began_at == 0)
		return false;
	left = u->link.login_began_at + PAUSE_MS - clock_ms();
	if (left <= 0)
		return false;
	c->claim.visit_at = client_now(c) + (double)left / 1000.0;
	return true;
}

ev_tstamp visits_due(const struct client *c)
{
	return c->claim.visit_at > 0 ? c->claim.visit_at : INFINITY;
}

/* --- what the client is promised --- */

/* Till the first of the brokers is to hear it again. */
static int64_t till_next(const struct client *c, int64_t lifetime_ms)
{
	int64_t most = door_promise(lifetime_ms) / (int64_t)c->worker->snapshot->broker_count;
	const int64_t now = clock_ms();

	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->purpose != FOR_LOGIN || u->link.believed_until == 0)
			continue;
		if (door_promise(u->link.believed_until - now) < most)
			most = door_promise(u->link.believed_until - now);
	}
	return most > VISIT_MS ? most : VISIT_MS;
}

int64_t visits_promise(struct client *c, int64_t lifetime_ms)
{
	int64_t promised = lifetime_ms > 0 ? till_next(c, lifetime_ms) : 0;

	c->claim.wanted = NO_BROKER;
	if (visits_left(c) > 0)
		promised = VISIT_MS;
	c->claim.back_at = promised > 0 ? clock_ms() + promised : 0;
	return promised;
}

/* --- requests --- */

/* It may be expected soon, and has not been waited for in vain. */
static bool comes_back(const struct client *c)
{
	const int64_t in = c->claim.back_at - clock_ms();

	return c->claim.back_at > 0 && in < PATIENCE_MS && in > -PATIENCE_MS;
}

bool visits_ask(struct client *c, int32_t broker)
{
	if (is_known_at(c, broker))
		return true;
	c->claim.wanted = broker;
	if (comes_back(c))
		return false;
	log_info(
		"conn=%llu event=visits_over broker=%d principal=\"%s\" reason=\"only another login "
		"can make it known there\"",
		(unsigned long long)c->id, broker, c->claim.principal);
	client_fail(c, "only another login can make it known at a further broker");
	return false;
}

int32_t visits_known_at(const struct client *c, int32_t not_this)
{
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->purpose == FOR_LOGIN && u->broker != not_this && is_known_at(c, u->broker))
			return u->broker;
	}
	return NO_BROKER;
}
