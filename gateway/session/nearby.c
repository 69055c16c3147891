#include "session/nearby.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/nearest.h"
#include "route/targets.h"
#include "session/hold.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	RENEW_MS = 2000,	/* how old a follower's being in sync may get, while it is read */
	RENEWALS_A_SECOND = 20, /* of topics, of a worker: the cluster is asked no more */
	STALE_FREE = 64,	/* partitions that may be known though they are not read any more */
	SHARE = 4, /* of the largest reservation a client has at most one part in so many */
};

struct nearby {
	struct replicas *replicas;
	struct hold hold;  /* their memory; never waits */
	bool ends_session; /* that a broker has with the client */
	/* the worker's snapshot, and the changes, by which it was looked whether it ends */
	uint32_t seen_snapshot, seen_changes;
};

/* --- the zone --- */

struct zone {
	const char *name;
	size_t len; /* 0: none */
};

/* A Fetch that followers answer says a rack, if only an empty one. */
static bool is_for_followers(const struct client *c, const struct request *r)
{
	return c->worker->config->follower_reads && r->layout.rack.size > 0;
}

static struct zone zone_of(const struct client *c, const struct request *r)
{
	const struct layout_value *rack = &r->layout.rack;
	const uint8_t *body = conn_data(&c->conn) + r->head.body_at;

	if (rack->number > 0)
		return (struct zone){ (const char *)body + rack->at + rack->size - rack->number,
				      (size_t)rack->number };
	if (c->came.zone != NULL)
		return (struct zone){ c->came.zone, strlen(c->came.zone) };
	return (struct zone){ "", 0 };
}

const char *nearby_zone(const struct client *c)
{
	return c->nearby != NULL ? replicas_zone(c->nearby->replicas) : c->came.zone;
}

static bool is_zone(const struct nearby *n, struct zone zone)
{
	const char *known = replicas_zone(n->replicas);

	return strlen(known) == zone.len && memcmp(known, zone.name, zone.len) == 0;
}

/* The request comes from the zone in which the client reads. */
static bool is_from_zone(const struct client *c, const struct request *r)
{
	return c->nearby != NULL && is_for_followers(c, r) && is_zone(c->nearby, zone_of(c, r));
}

static int64_t now_ms(const struct client *c)
{
	return (int64_t)(client_now(c) * 1e3);
}

/* --- where partitions are read --- */

static struct replicas_question question_of(const struct client *c,
					    const struct layout_topic *named, int32_t partition)
{
	const struct snapshot *s = c->worker->snapshot;

	return (struct replicas_question){ .snapshot = s,
					   .topic = target_topic(s, named),
					   .named = named,
					   .partition = partition,
					   .now = now_ms(c) };
}

void nearby_prefer(const struct client *c, struct request *r)
{
	struct layout *l = &r->layout;
	struct replicas_question q;
	uint32_t last = UINT32_MAX;

	if (r->head.api->course != COURSE_FETCH || !is_from_zone(c, r))
		return;
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		int32_t at;

		if (i->topic != last) {
			last = i->topic;
			q = question_of(c, &l->topics[last], 0);
		}
		q.partition = i->partition;
		at = i->target >= 0 ? replicas_choose(c->nearby->replicas, &q) : NO_BROKER;
		if (at != NO_BROKER)
			i->target = at;
	}
}

static int32_t place_at(const void *ctx, const struct topic *topic,
			const struct layout_topic *named, int32_t partition)
{
	const struct client *c = ctx;
	const struct replicas_question q = { .snapshot = c->worker->snapshot,
					     .topic = topic,
					     .named = named,
					     .partition = partition,
					     .now = now_ms(c) };

	return replicas_choose(c->nearby->replicas, &q);
}

struct fetched_place nearby_place(const struct client *c)
{
	return (struct fetched_place){ c->nearby != NULL ? place_at : NULL, c };
}

uint32_t nearby_changes(const struct client *c)
{
	return c->nearby != NULL ? replicas_changes(c->nearby->replicas) : 0;
}

/* --- what is known --- */

void nearby_free(struct client *c)
{
	if (c->nearby == NULL)
		return;
	hold_release(&c->nearby->hold);
	replicas_free(c->nearby->replicas);
	free(c->nearby);
	c->nearby = NULL;
}

/* False: no broker is there. */
static bool set_zone(struct client *c, struct zone zone)
{
	char *name;
	bool has_brokers;

	if (c->nearby != NULL && is_zone(c->nearby, zone))
		return true;
	nearby_free(c);
	if (zone.len == 0)
		return false;
	name = mem_strndup(zone.name, zone.len);
	has_brokers = nearest_has_brokers(c->worker->snapshot, name);
	if (has_brokers) {
		c->nearby = mem_zalloc(sizeof *c->nearby);
		c->nearby->replicas = replicas_new(name);
	}
	free(name);
	return has_brokers;
}

/* Memory is there at once, or not at all. */
static bool reserve(struct client *c, struct hold *h, int64_t bytes)
{
	if (bytes > budget_largest(c->worker->shared->budget, BUDGET_SESSIONS) / SHARE)
		return false;
	if (hold_get(c, h, BUDGET_SESSIONS, bytes))
		return true;
	hold_release(h);
	return false;
}

/* The request names all that the client reads. */
static bool is_full(const struct client *c, const struct layout *l)
{
	return l->session_epoch.number == 0 ||
	       (c->fetch_session.id == 0 && c->fetch_session.own == NULL);
}

/* What there is no room for is read from its leaders. */
static void know(struct client *c, const struct layout *l)
{
	struct nearby *n = c->nearby;
	const struct snapshot *s = c->worker->snapshot;
	struct replicas_new_ones more;
	struct hold hold = { 0 };
	int64_t bytes;

	if (is_full(c, l) &&
	    replicas_count(n->replicas) > 2 * (uint64_t)l->item_count + STALE_FREE) {
		replicas_forget(n->replicas);
		hold_release(&n->hold);
	}
	more = replicas_count_new(n->replicas, l, s);
	if (more.partitions == 0)
		return;
	bytes = (int64_t)(sizeof *n +
			  replicas_bytes(n->replicas, more.topics, more.names, more.partitions));
	if (n->hold.bytes < bytes) {
		if (!reserve(c, &hold, bytes))
			return;
		hold_release(&n->hold);
		hold_move(&hold, &n->hold);
	}
	replicas_add(n->replicas, l, s);
}

void nearby_commit(struct client *c, struct request *r)
{
	if (r->head.api->course != COURSE_FETCH || !is_for_followers(c, r)) {
		nearby_free(c);
		return;
	}
	r->is_near = set_zone(c, zone_of(c, r));
	if (r->is_near)
		know(c, &r->layout);
}

/* --- a broker's session --- */

void nearby_session(struct client *c, const struct request *r, const struct sending *to)
{
	const struct layout *l = &r->layout;

	if (!r->is_near || (to->session != SESSION_NEW && to->session != SESSION_PASSED))
		return;
	if (to->session == SESSION_NEW) {
		replicas_session_begins(c->nearby->replicas);
		c->nearby->ends_session = false;
	}
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct replicas_question q = { .named = &l->topics[i->topic],
						     .partition = i->partition };

		replicas_session_reads(c->nearby->replicas, &q);
	}
}

bool nearby_session_must_end(const struct client *c, const struct request *r)
{
	struct nearby *n = c->nearby;
	const uint32_t changes = nearby_changes(c);

	if (c->fetch_session.is_near && !is_from_zone(c, r))
		return true; /* it may be at a follower, whose word would be the leader's then */
	if (n == NULL)
		return false;
	if (!n->ends_session &&
	    (n->seen_snapshot != c->worker->snapshots || n->seen_changes != changes))
		n->ends_session = replicas_session_must_end(n->replicas, c->worker->snapshot,
							    c->fetch_session.broker, now_ms(c));
	n->seen_snapshot = c->worker->snapshots;
	n->seen_changes = changes;
	return n->ends_session;
}

/* --- answers --- */

/* Nothing tells that a follower has fallen out of sync while it answers without an error: the cluster
 * is asked, now and then. */
static void renew(struct client *c, const struct topic *topic, const struct layout_topic *named)
{
	struct renewals *all = &c->worker->renewals;
	struct renewal *one = &all->topics[topic->id[15] % RENEWALS_KEPT];
	const int64_t now = now_ms(c);

	if (one->topic == topic && now < one->at + RENEW_MS)
		return;
	if (now >= all->second + 1000) {
		all->second = now;
		all->count = 0;
	}
	if (all->count == RENEWALS_A_SECOND)
		return;
	all->count++;
	*one = (struct renewal){ topic, now };
	topology_notice_topic(c->worker->shared->topology, target_name(named));
}

bool nearby_hides_error(struct client *c, const struct request *r, int32_t broker,
			const struct layout_topic *topic, int32_t partition, int error)
{
	struct stats *stats = &c->worker->stats;
	/* a later request may have come from elsewhere: none is near then */
	struct nearby *n = c->nearby;
	struct replicas_question q;

	if (topic->name == NULL && topic->id == NULL)
		return false;
	q = question_of(c, topic, partition);
	if (!replicas_is_follower(n != NULL ? n->replicas : NULL, &q, broker))
		return false;
	if (n != NULL)
		replicas_answered(n->replicas, broker);
	if (error == ERROR_NONE) {
		stats_add(stats, STAT_FOLLOWER_READS, 1);
		renew(c, q.topic, topic);
		return false;
	}
	stats_add(stats, STAT_FOLLOWER_FALLBACKS, 1);
	topology_notice_topic(c->worker->shared->topology, target_name(topic));
	if (n != NULL) {
		replicas_bar(n->replicas, &q);
		n->ends_session |= r->asks_session;
	}
	return true;
}

void nearby_tell(struct client *c, const struct layout_topic *topic, int32_t partition,
		 enum replicas_offset which, uint8_t *bytes)
{
	struct replicas_question q;

	if (c->nearby == NULL || (topic->name == NULL && topic->id == NULL))
		return;
	q = question_of(c, topic, partition);
	wire_put64(bytes, (uint64_t)replicas_tell(c->nearby->replicas, &q, which,
						  (int64_t)wire_get64(bytes)));
}

/* --- losses --- */

void nearby_lost(struct client *c, int32_t broker)
{
	if (c->nearby == NULL)
		return;
	replicas_bar_broker(c->nearby->replicas, broker, now_ms(c));
	c->nearby->ends_session |= c->fetch_session.id != 0 && c->fetch_session.broker == broker;
}

bool nearby_is_spare(const struct client *c, const struct layout *read, int32_t broker)
{
	const struct replicas *known = c->nearby != NULL ? c->nearby->replicas : NULL;
	uint32_t n = 0;

	for (const struct layout_item *i = read->items; i < read->items + read->item_count; i++) {
		const struct replicas_question q =
			question_of(c, &read->topics[i->topic], i->partition);

		if (i->target != broker)
			continue;
		n++;
		if (!replicas_is_follower(known, &q, broker))
			return false;
	}
	return n > 0;
}
