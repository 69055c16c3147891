#include "upstream/upstream.h"

#include "kafka/head.h"
#include "kafka/wire.h"
#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <math.h>

enum { RING_FIRST = 8 };

/* The first is one of those that are counted with the connection. */
static void count_logins(struct upstream *u)
{
	if (u->link.logins > u->logins && u->logins > 0)
		stats_add(u->stats, STAT_CARRIED_AGAIN, u->link.logins - u->logins);
	u->logins = u->link.logins;
}

static void on_link(void *owner)
{
	struct upstream *u = owner;

	if (u->link.was_open && !u->was_counted) {
		u->was_counted = true;
		stats_add(u->stats, STAT_UPSTREAMS_OPENED, 1);
		stats_add(u->stats, STAT_CARRIED, u->link.login != NULL);
	}
	count_logins(u);
	u->on_event(u->owner);
}

struct upstream *upstream_new(const struct upstream_wanted *wanted, struct ev_loop *loop,
			      struct bufpool *pool, void (*on_event)(void *owner), void *owner)
{
	struct upstream *u = mem_zalloc(sizeof *u);

	u->broker = wanted->broker;
	u->purpose = wanted->purpose;
	u->stats = wanted->stats;
	u->on_event = on_event;
	u->owner = owner;
	u->idle_since = clock_s();
	link_open(&u->link, &wanted->link, loop, pool, on_link, u);
	return u;
}

void upstream_free(struct upstream *u)
{
	if (u == NULL)
		return;
	stats_add(u->stats, u->was_counted ? STAT_UPSTREAMS_CLOSED : STAT_UPSTREAMS_FAILED, 1);
	link_close(&u->link);
	free(u->ring);
	free(u);
}

bool upstream_is_given_up(const struct upstream *u)
{
	return upstream_is_lost(u) &&
	       (u->link.end == LINK_GIVEN_UP || u->link.end == LINK_HALF_FRAME);
}

void upstream_lose(struct upstream *u, enum link_end why)
{
	link_lose(&u->link, why);
}

/* --- what leaves --- */

bool upstream_may_write(const struct upstream *u, const void *who)
{
	return u->writer == NULL ? !link_is_due(&u->link) : u->writer == who;
}

static void **ring_at(const struct upstream *u, uint32_t i)
{
	return &u->ring[(u->ring_first + i) & (u->ring_cap - 1)];
}

static void ring_add(struct upstream *u, const void *who)
{
	if (u->ring_count == u->ring_cap) {
		uint32_t cap = u->ring_cap > 0 ? 2 * u->ring_cap : RING_FIRST;
		void **ring = mem_alloc(cap * sizeof *ring);

		for (uint32_t i = 0; i < u->ring_count; i++)
			ring[i] = *ring_at(u, i);
		free(u->ring);
		u->ring = ring;
		u->ring_first = 0;
		u->ring_cap = cap;
	}
	u->ring_count++;
	*ring_at(u, u->ring_count - 1) = (void *)who;
	u->sent++;
}

void upstream_begin(struct upstream *u, const void *who)
{
	assert(who != NULL && u->writer == NULL);
	u->writer = who;
	ring_add(u, who);
}

void upstream_begin_loose(struct upstream *u, const void *who)
{
	assert(who != NULL && u->writer == NULL);
	u->writer = who;
	u->loose_since = ++u->sent;
	u->loose = true;
	u->idle_since = clock_s();
}

void upstream_sent(struct upstream *u)
{
	u->writer = NULL;
}

void upstream_expect_nothing(struct upstream *u)
{
	ring_add(u, NULL);
}

/* --- what comes --- */

void *upstream_next(const struct upstream *u)
{
	return u->ring_count > 0 ? *ring_at(u, 0) : NULL;
}

void upstream_answered(struct upstream *u)
{
	assert(u->ring_count > 0);
	u->ring_first = (u->ring_first + 1) & (u->ring_cap - 1);
	u->ring_count--;
	/* everything was answered, so the broker has seen all that went before */
	if (u->ring_count == 0 && u->sent != u->loose_since)
		u->loose = false;
	if (u->ring_count == 0)
		u->idle_since = clock_s();
}

void upstream_mute(struct upstream *u, int64_t ms)
{
	if (ms > 0)
		u->muted_until = fmax(u->muted_until, clock_s() + (double)ms / 1000.0);
}

void upstream_pass_on(struct upstream *u, const void *who, void *other)
{
	if (u->writer == who && who != NULL) {
		u->writer = NULL;
		upstream_lose(u, LINK_HALF_FRAME);
	}
	for (uint32_t i = 0; i < u->ring_count; i++) {
		if (*ring_at(u, i) == who)
			*ring_at(u, i) = other;
	}
}

/* Throws away what has come of an unwanted answer. */
static bool discard_some(struct upstream *u)
{
	struct conn *c = &u->link.conn;
	uint32_t n = conn_len(c);

	if (u->discard == 0) {
		if (n < HEAD_SIZE_BYTES)
			return false;
		u->discard = wire_get32(conn_data(c)) + HEAD_SIZE_BYTES;
		if (u->discard < ANSWER_FIXED || u->discard > INT32_MAX) {
			upstream_lose(u, LINK_BAD_ANSWER);
			return true;
		}
	}
	if (n > u->discard)
		n = u->discard;
	conn_take(c, n);
	u->discard -= n;
	if (u->discard == 0)
		upstream_answered(u);
	return n > 0;
}

/* A broker that throttles would not hear it. */
bool upstream_may_renew(const struct upstream *u)
{
	return link_is_due(&u->link) && u->ring_count == 0 && u->writer == NULL &&
	       conn_unsent(&u->link.conn) == 0 && u->muted_until <= clock_s();
}

void upstream_renew(struct upstream *u)
{
	link_renew(&u->link);
}

bool upstream_discard(struct upstream *u)
{
	struct conn *c = &u->link.conn;
	bool any = false;

	while (upstream_is_open(u) && upstream_next(u) == NULL) {
		if (u->ring_count > 0 && discard_some(u)) {
			any = true;
			continue;
		}
		if (conn_may_read(c))
			stats_add(u->stats, STAT_BROKER_BYTES_IN, conn_fill(c, UINT32_MAX));
		else if (!conn_is_dry(c))
			break;
		/* bytes that nobody asked for are as bad as a loss */
		if (u->ring_count == 0 && conn_len(c) > 0)
			upstream_lose(u, LINK_BAD_ANSWER);
		else if (conn_is_dry(c))
			upstream_lose(u, LINK_CUT);
		any |= upstream_is_lost(u);
	}
	return any;
}

bool upstream_finish(struct upstream *u)
{
	struct conn *c = &u->link.conn;

	if (upstream_is_between_logins(u))
		return true;
	if (!upstream_is_open(u))
		return false;
	if (!conn_flush(c))
		return !conn_is_lost(c);
	conn_finish(c);
	conn_drop(c); /* an answer that nobody waits for */
	while (conn_may_read(c)) {
		conn_fill(c, UINT32_MAX);
		conn_take(c, conn_len(c));
	}
	return !conn_is_dry(c);
}
