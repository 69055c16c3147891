/* Which brokers a request goes to, and in how many parts. */
#include "session/session.h"

#include "kafka/wire.h"
#include "route/api_versions.h"
#include "route/split.h"
#include "route/stub.h"
#include "route/targets.h"
#include "route/where.h"
#include "util/mem.h"

#include <netinet/in.h>
#include <string.h>

enum {
	GRACE_MS = 5000,	/* what a broker may take beyond the time the request gives it */
	ANSWER_MAX = 64 * 1024, /* of the answers made here */
	HELLO_MAX = 1024,
};

bool dispatch_is_decided(const struct request *r)
{
	const struct kapi *api = r->head.api;

	if (r->need_whole || api->edited || api->route == HERE)
		return false;
	switch (api->route) {
	case TO_GROUP:
	case TO_TXN:
		return r->layout.has_key || r->layout.all_seen;
	case TO_LEADER:
	case TO_RESOURCE:
		/* records may be most of the frame: their length is looked at, they aren't */
		return r->layout.all_seen &&
		       (r->layout.acks.size == 0 || r->layout.record_runs >= r->layout.item_count);
	default:
		return api->request == NULL || api->lost == LOST_CLOSE;
	}
}

static const uint8_t *frame_of(const struct client *c)
{
	return conn_data(&c->conn);
}

static uint8_t *body_of(const struct client *c, const struct request *r)
{
	return conn_data(&c->conn) + r->head.body_at;
}

static bool is_whole(const struct client *c, const struct request *r)
{
	return conn_len(&c->conn) >= request_frame_size(r);
}

/* The frame has been read; its bytes go nowhere. */
static void swallow_frame(struct client *c, const struct request *r)
{
	c->swallow = request_frame_size(r);
	client_count_in(c, c->swallow);
	c->inbound = NULL;
	c->in_state = IN_SWALLOW;
}

/* --- answered here --- */

static bool known_node(void *ctx, int32_t id)
{
	const struct worker *w = ctx;
	struct advertised told;

	for (size_t i = 0; i < w->snapshot->broker_count; i++) {
		if (advertise_broker(&w->advertising, w->snapshot, w->snapshot->brokers[i].id,
				     &told) &&
		    told.id == id)
			return true;
	}
	return false;
}

static void keep_hello(struct client *c, const struct api_versions_request *said)
{
	if (said->software_name == NULL || said->name_len + said->version_len > HELLO_MAX)
		return;
	free(c->hello);
	c->hello_len = said->name_len + said->version_len + 3;
	c->hello = mem_alloc(c->hello_len);
	/* ApiVersions v3: two compact strings and no tagged fields; short ones,
	 * since a length of 127 or more takes two bytes */
	if (said->name_len > 126 || said->version_len > 126) {
		free(c->hello);
		c->hello = NULL;
		return;
	}
	c->hello[0] = (uint8_t)(said->name_len + 1);
	memcpy(c->hello + 1, said->software_name, said->name_len);
	c->hello[1 + said->name_len] = (uint8_t)(said->version_len + 1);
	memcpy(c->hello + 2 + said->name_len, said->software_version, said->version_len);
	c->hello[c->hello_len - 1] = 0;
}

static void answer_here(struct client *c, struct request *r)
{
	struct api_versions_request said;
	struct worker *w = c->worker;
	const struct api_versions_question question = {
		.version = r->head.version,
		.body = body_of(c, r),
		.size = request_frame_size(r) - r->head.body_at,
		.snapshot = w->snapshot,
		.known_node = known_node,
		.ctx = w,
	};
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	if (!api_versions_answer(&out, &question, &said)) {
		stats_add(&w->stats, STAT_BAD_FRAMES, 1);
		client_end(c, "a malformed request");
	} else {
		keep_hello(c, &said);
		collect_bytes(r, out.data, out.len);
		swallow_frame(c, r);
	}
	buf_deinit(&out);
}

/* --- where to --- */

/* An open connection of this client's with the least to do, else any broker. */
static int32_t any_broker(struct client *c, const struct request *r)
{
	const struct upstream *best = NULL;

	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (!upstream_is_open(u) || u->broker == r->not_broker ||
		    snapshot_broker(c->worker->snapshot, u->broker) == NULL)
			continue;
		if (best == NULL || u->ring_count < best->ring_count)
			best = u;
	}
	return best != NULL ? best->broker : worker_any_broker(c->worker, r->not_broker);
}

static void on_topics(void *owner, int32_t broker)
{
	struct client *c = owner;

	(void)broker;
	c->query = NULL;
	c->in_state = IN_ROUTE;
	client_wake(c);
}

/* Topics that the topology does not know are asked for, once. */
static void ask_topics(struct client *c, struct request *r)
{
	const struct layout *l = &r->layout;
	struct topology_name *names =
		arena_alloc(&r->arena, l->topic_count * sizeof(struct topology_name));
	uint32_t last = UINT32_MAX; /* a topic's items stand side by side */
	size_t n = 0;

	for (uint32_t i = 0; i < l->item_count; i++) {
		const struct layout_topic *t = &l->topics[l->items[i].topic];

		if (l->items[i].target != TARGET_UNKNOWN || l->items[i].topic == last)
			continue;
		last = l->items[i].topic;
		if (t->name != NULL)
			names[n++] = (struct topology_name){ t->name, t->name_len, false };
		else if (t->id != NULL)
			names[n++] = (struct topology_name){ t->id, 16, true };
	}
	r->asked = true;
	if (n == 0)
		return;
	c->in_state = IN_ASK;
	c->query = topology_ask_topics(c->worker->shared->topology, names, n, &c->worker->mailbox,
				       on_topics, c);
}

/* A client that knows a newer leader than we do proves us stale. */
static void notice_epochs(struct client *c, const struct layout *l)
{
	const struct snapshot *s = c->worker->snapshot;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct layout_topic *t = &l->topics[i->topic];
		const struct topic *known;

		if (i->leader_epoch < 0)
			continue;
		known = target_topic(s, t);
		if (known != NULL && i->partition >= 0 && i->partition < known->partition_count &&
		    known->partitions[i->partition].leader_epoch >= 0 &&
		    known->partitions[i->partition].leader_epoch < i->leader_epoch)
			watch_item_error(c, t, ERROR_NOT_LEADER_OR_FOLLOWER);
	}
}

/* The broker of an unanswered Produce of the same partition, or NO_BROKER. */
static int32_t in_flight_target(const struct client *c, const struct request *r,
				const struct layout_item *item)
{
	const struct layout_topic *t = &r->layout.topics[item->topic];

	for (const struct request *o = c->first; o != NULL && o != r; o = o->next) {
		const struct layout *l = &o->layout;

		if (o->head.api != r->head.api || o->part_count == 0)
			continue;
		for (uint32_t i = 0; i < l->item_count; i++) {
			if (l->items[i].partition == item->partition && l->items[i].target >= 0 &&
			    layout_same_topic(&l->topics[l->items[i].topic], t))
				return l->items[i].target;
		}
	}
	return NO_BROKER;
}

/* KAFKA-ROUTING 8.1: while an earlier Produce of a partition is unanswered, the
 * next one follows it, wherever the leader is now: its broker says 6 to both. */
static void keep_order(struct client *c, struct request *r)
{
	if (r->layout.acks.size == 0 || c->first == r)
		return;
	for (uint32_t i = 0; i < r->layout.item_count; i++) {
		int32_t broker = in_flight_target(c, r, &r->layout.items[i]);

		if (broker != NO_BROKER)
			r->layout.items[i].target = broker;
	}
}

/* Where to put the coordinator that is being asked for. */
static int32_t *coordinator_slot(struct request *r, uint32_t i)
{
	return r->layout.has_key ? &r->key_target : &r->layout.items[i].target;
}

static void on_coordinator(void *owner, int32_t broker)
{
	struct client *c = owner;

	c->query = NULL;
	*coordinator_slot(c->inbound, c->queried_item) = broker != NO_BROKER ? broker : TARGET_ANY;
	c->in_state = IN_ROUTE;
	client_wake(c);
}

/* One key's coordinator into its slot.  False: it is being asked for. */
static bool find_coordinator(struct client *c, struct request *r, uint32_t i, const uint8_t *key,
			     uint32_t len)
{
	struct topology *topology = c->worker->shared->topology;
	enum coordinator_type type = where_coordinator_type(r->head.api);
	struct where_question q = {
		.api = r->head.api, .snapshot = c->worker->snapshot, .key = key, .key_len = len
	};
	int32_t *slot = coordinator_slot(r, i);

	if (*slot != TARGET_UNKNOWN)
		return true;
	if (where_has_coordinator(&q))
		q.coordinator = topology_coordinator(topology, type, key, len);
	*slot = where_of(&q).target;
	if (*slot != TARGET_UNKNOWN)
		return true;
	c->queried_item = i;
	c->in_state = IN_ASK;
	c->query = topology_ask_coordinator(topology, type, key, len, &c->worker->mailbox,
					    on_coordinator, c);
	return false;
}

/* True: all are known. */
static bool find_coordinators(struct client *c, struct request *r)
{
	const struct layout *l = &r->layout;

	if (l->has_key)
		return find_coordinator(c, r, 0, l->key, l->key_len);
	for (uint32_t i = 0; i < l->item_count; i++) {
		if (!find_coordinator(c, r, i, l->items[i].key, l->items[i].key_len))
			return false;
	}
	return true;
}

/* --- parts --- */

static ev_tstamp allowed_time(struct client *c, const struct request *r)
{
	const struct layout *l = &r->layout;
	double ms = 0;

	if (l->timeout_ms.size > 0)
		ms = (double)l->timeout_ms.number + GRACE_MS;
	else if (l->max_wait_ms.size > 0)
		ms = (double)l->max_wait_ms.number + GRACE_MS;
	if (r->head.api->lost == LOST_COORDINATOR && r->head.api->long_poll) {
		/* JoinGroup says how long; SyncGroup waits as long as that */
		if (l->timeout_ms.size > 0)
			c->rebalance_allowed = ms / 1000.0;
		else if (c->rebalance_allowed * 1000.0 > ms)
			ms = c->rebalance_allowed * 1000.0;
	}
	if (ms < c->worker->config->request_timeout_ms)
		ms = c->worker->config->request_timeout_ms;
	return ms / 1000.0;
}

static void send_whole(struct client *c, struct request *r, int32_t broker)
{
	request_add_parts(r, 1);
	r->parts[0].broker = broker;
	r->parts[0].correlation_id = c->next_correlation++;
	r->kind = r->head.api->answer == ANSWER_REWRITE ? REQUEST_HELD : REQUEST_THROUGH;
	layout_keep(&r->layout);
	c->in_state = IN_SEND;
	relay_start(&c->up, request_frame_size(r));
}

/* The same frame to every broker, or each broker's items. */
static void send_parts(struct client *c, struct request *r, const int32_t *brokers, uint32_t count,
		       const struct edits *edits)
{
	request_add_parts(r, count);
	for (uint32_t i = 0; i < count; i++) {
		struct part *p = &r->parts[i];

		p->broker = brokers[i];
		p->correlation_id = c->next_correlation++;
		split_part(&p->frame, &r->head, frame_of(c), &r->layout, edits, brokers[i],
			   p->correlation_id);
	}
	r->composed = true;
	r->kind = count > 1 || r->head.api->answer == ANSWER_REWRITE ? REQUEST_HELD
								     : REQUEST_THROUGH;
	if (count > 1) {
		stats_add(&c->worker->stats, STAT_SPLITS, 1);
		stats_add(&c->worker->stats, STAT_SPLIT_PARTS, count);
	}
	layout_keep(&r->layout);
	c->in_state = IN_SEND;
}

/* Fetch is sessionless: any session but a new or a closed one is unknown. */
static bool end_session(struct client *c, struct request *r)
{
	struct layout *l = &r->layout;
	uint8_t *body = body_of(c, r);

	if (l->replica.size > 0 && l->replica.number >= 0) {
		stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
		client_end(c, "a broker's Fetch");
		return true;
	}
	if (l->session_epoch.size == 0)
		return false;
	if (l->session_epoch.number > 0) {
		collect_stub(r, ERROR_FETCH_SESSION_ID_NOT_FOUND, true);
		swallow_frame(c, r);
		return true;
	}
	wire_put32(body + l->session_id.at, 0);
	wire_put32(body + l->session_epoch.at, UINT32_MAX);
	return false;
}

static void dispatch_all(struct client *c, struct request *r)
{
	const struct snapshot *s = c->worker->snapshot;
	int32_t *ids = arena_alloc(&r->arena, s->broker_count * sizeof *ids);

	for (size_t i = 0; i < s->broker_count; i++)
		ids[i] = s->brokers[i].id;
	send_parts(c, r, ids, (uint32_t)s->broker_count, NULL);
	r->kind = REQUEST_HELD;
}

/* Every item's target is known, or is any broker's. */
static void dispatch_items(struct client *c, struct request *r, int32_t any)
{
	struct layout *l = &r->layout;
	uint32_t max = (uint32_t)c->worker->snapshot->broker_count + 1, n;
	int32_t *targets = arena_alloc(&r->arena, (max + l->item_count) * sizeof *targets);

	targets_settle(l, any);
	n = targets_distinct(l, targets, max + l->item_count);
	if (n == 0)
		targets[n++] = any;
	edits_init(&r->edits, &r->arena);
	if (l->rack.size > 0 && l->rack.number > 0)
		edits_add_string(&r->edits, l->rack.at, l->rack.at + l->rack.size, "",
				 api_is_flexible(r->head.api, r->head.version));
	if (n == 1 && r->edits.count == 0) {
		send_whole(c, r, targets[0]);
	} else if (!is_whole(c, r)) {
		r->need_whole = true; /* and all of this again when it is there */
		c->in_state = IN_ROUTE;
	} else if (n > 1 && l->max_wait_ms.size > 0) {
		phases_begin(c, r, targets, n);
	} else {
		send_parts(c, r, targets, n, &r->edits);
	}
}

void dispatch_request(struct client *c, struct request *r)
{
	const struct kapi *api = r->head.api;
	struct layout *l = &r->layout;
	int32_t any;

	if (api->route == HERE) {
		answer_here(c, r);
		return;
	}
	if (api->offered_from_zero && r->head.version < api->gone_below &&
	    c->worker->snapshot->offers[api->key].max >= api->gone_at) {
		client_end(c, "a version that brokers no longer serve");
		return;
	}
	if (api->edited && end_session(c, r))
		return;
	stay_note_request(c, r);
	any = any_broker(c, r);
	if (any == NO_BROKER) {
		client_fail(c, "no broker is there");
		return;
	}
	r->allowed = allowed_time(c, r);
	r->answerless = l->acks.size > 0 && l->acks.number == 0;
	switch (api->route) {
	case TO_ALL:
		if (!is_whole(c, r))
			r->need_whole = true;
		else
			dispatch_all(c, r);
		return;
	case TO_LEADER:
	case TO_RESOURCE:
		notice_epochs(c, l);
		if (targets_set(api, l, c->worker->snapshot) > 0 && !r->asked)
			ask_topics(c, r);
		if (c->in_state == IN_ASK)
			return;
		keep_order(c, r);
		break;
	case TO_GROUP:
	case TO_TXN:
		if (!find_coordinators(c, r))
			return;
		if (l->has_key) {
			send_whole(c, r, r->key_target >= 0 ? r->key_target : any);
			return;
		}
		break;
	default:
		send_whole(c, r, any);
		return;
	}
	dispatch_items(c, r, any);
}
