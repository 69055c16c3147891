#include "session/upstreams.h"

#include "kafka/say.h"
#include "session/principal.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"
#include "session/standing.h"

#include <math.h>

enum {
	/* A broker closes an idle connection after ten minutes: we do before. */
	IDLE_S = 540,
	HELLO_VERSION = 3, /* the first that has names */
	HELLO_MAX = 1024,
};

/* The first frame on a connection: the client's own software name and version, so that the
 * broker's metrics and client-metrics subscriptions match it (KIP-511, KIP-714).  Nobody reads
 * the answer. */
static void say_hello(struct client *c, struct upstream *u)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, c->hello.name),
				    say_text(SOFTWARE_VERSION, c->hello.version) };
	struct buf frame;

	buf_init(&frame, HELLO_MAX);
	if (say_frame(api_of(KEY_API_VERSIONS), HELLO_VERSION, 0, NULL, SAY_ALL(says), &frame) &&
	    conn_put(&u->link.conn, frame.data, (uint32_t)frame.len)) {
		stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, frame.len);
		upstream_expect_nothing(u);
	}
	buf_deinit(&frame);
}

static struct upstream *find_exact(const struct client *c, int32_t broker,
				   enum upstream_purpose purpose)
{
	struct upstream *u = c->upstreams;

	while (u != NULL &&
	       (u->broker != broker || u->purpose != purpose || upstream_is_given_up(u)))
		u = u->next;
	return u;
}

/* The connection at which the client has logged in takes its requests too; one that is known by visits
 * has no other. */
static struct upstream *find(const struct client *c, int32_t broker, enum upstream_purpose purpose)
{
	struct upstream *u = find_exact(c, broker, purpose);

	if (u == NULL && (purpose == FOR_REQUESTS || c->claim.by_visits))
		u = find_exact(c, broker, FOR_LOGIN);
	return u;
}

bool upstreams_has(const struct client *c, int32_t broker, enum upstream_purpose purpose)
{
	return find(c, broker, purpose) != NULL;
}

struct upstream *upstreams_of_login(const struct client *c)
{
	struct upstream *u = c->upstreams;

	while (u != NULL && (u->purpose != FOR_LOGIN || upstream_is_given_up(u)))
		u = u->next;
	return u;
}

struct upstream *upstreams_of_login_at(const struct client *c, int32_t broker)
{
	return find_exact(c, broker, FOR_LOGIN);
}

/* Who the client is to brokers: whom it says to be, or, when the operator wants it so, the gateway. */
static struct login *login_of(const struct client *c, enum upstream_purpose purpose)
{
	const struct link_terms *terms = c->worker->shared->terms;

	if (c->claim.account != NULL ||
	    (c->door.state != DOOR_OFF && !config_judges(c->worker->config)))
		return principal_login(c, purpose);
	if (!c->worker->config->clients_act_as_gateway || terms == NULL || terms->account == NULL)
		return NULL;
	return login_new(terms->account);
}

static struct upstream *add(struct client *c, const struct broker *b, enum upstream_purpose purpose)
{
	const struct upstream_wanted wanted = {
		.broker = b->id,
		.purpose = purpose,
		.link = { .address = (const struct sockaddr *)&b->address,
			  .address_len = b->address_len,
			  .timeout_ms = c->worker->config->connect_timeout_ms,
			  .terms = c->worker->shared->terms,
			  .login = login_of(c, purpose),
			  .host = b->host,
			  .port = b->port },
		.stats = &c->worker->stats,
	};
	struct upstream *u =
		upstream_new(&wanted, c->worker->loop, &c->worker->bufs, client_on_event, c);

	u->next = c->upstreams;
	c->upstreams = u;
	return u;
}

struct upstream *upstreams_get(struct client *c, int32_t broker, enum upstream_purpose purpose)
{
	struct upstream *u = find(c, broker, purpose);
	const struct broker *b;

	if (u == NULL && principal_can_open(c, purpose)) {
		b = snapshot_broker(c->worker->snapshot, broker);
		u = b != NULL ? add(c, b, purpose) : NULL;
	}
	if (u != NULL && upstream_is_open(u) && u->sent == 0 && c->hello.name != NULL)
		say_hello(c, u);
	return u;
}

void upstreams_mute(struct client *c, const struct part *p, int64_t ms)
{
	struct upstream *u = find(c, p->broker, p->purpose);

	if (ms > p->request->throttled_ms)
		p->request->throttled_ms = (int32_t)ms;
	if (u != NULL)
		upstream_mute(u, ms);
}

ev_tstamp upstreams_muted_until(const struct client *c, const struct part *p)
{
	const struct upstream *u = part_is_final(p) ? NULL : find(c, p->broker, p->purpose);

	return u != NULL ? u->muted_until : 0;
}

int32_t upstreams_any_broker(struct client *c)
{
	const struct upstream *best = NULL;

	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (!upstream_is_open(u) || snapshot_broker(c->worker->snapshot, u->broker) == NULL)
			continue;
		if (best == NULL || u->ring_count < best->ring_count)
			best = u;
	}
	return best != NULL ? best->broker : worker_any_broker(c->worker, NO_BROKER);
}

/* When it has been idle for long enough; INFINITY: it is in use. */
static ev_tstamp idle_at(const struct client *c, const struct upstream *u)
{
	if (u->ring_count > 0 || !upstream_is_open(u) || !requests_use_none(c, u) ||
	    standing_keeps(c, u))
		return INFINITY;
	return u->idle_since + IDLE_S;
}

ev_tstamp upstreams_idle_at(const struct client *c)
{
	ev_tstamp soonest = INFINITY;

	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next)
		soonest = fmin(soonest, idle_at(c, u));
	return soonest;
}

static void take_out(struct upstream **at)
{
	struct upstream *u = *at;

	*at = u->next;
	upstream_free(u);
}

void upstreams_close_idle(struct client *c)
{
	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		if (client_now(c) >= idle_at(c, *at))
			take_out(at);
		else
			at = &(*at)->next;
	}
}

void upstreams_leave(struct client *c, int32_t broker, enum upstream_purpose purpose)
{
	struct upstream *u = find_exact(c, broker, purpose);

	if (u != NULL && u->ring_count == 0 && requests_use_none(c, u) && !standing_keeps(c, u))
		upstream_lose(u, LINK_GIVEN_UP);
}

void upstreams_free_all(struct client *c)
{
	while (c->upstreams != NULL)
		take_out(&c->upstreams);
}
