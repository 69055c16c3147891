#include "session/routing.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/targets.h"
#include "route/where.h"
#include "session/behind.h"
#include "session/doorway.h"
#include "session/fetch_session.h"
#include "session/inside.h"
#include "session/joint.h"
#include "session/losses.h"
#include "session/nearby.h"
#include "session/order.h"
#include "session/refusing.h"
#include "session/request.h"
#include "session/share.h"
#include "session/stay.h"
#include "session/upstreams.h"
#include "session/watch.h"
#include "topology/names.h"
#include "util/hash.h"

enum {
	/* Java's max.poll.interval.ms, which the members of nearly all groups keep. */
	REBALANCE_UNKNOWN_MS = 300000,
	HELD_WAIT_MS = 30000, /* who holds memory does not hold it for as long as a client likes */
	/* of a request's memory */
	PIECES = 8, /* outside of topics and items */
	PART_BYTES = sizeof(struct part) + 8 * 1024,
	REFUSED_BYTES = 256, /* an edit, an entry */
	ASKED_BYTES = 512,   /* a question to the topology */
	ASKED_AT_ONCE = 1024,
	FIXED_BYTES = 64 * 1024,
};

/* --- how much of the frame is needed --- */

bool routing_needs_walk(const struct request *r)
{
	const struct kapi *api = r->head.api;

	return api->request != NULL && api->route != HERE &&
	       (api->route >= TO_LEADER || api->lost != LOST_CLOSE || api->says_time);
}

/* The walk has seen enough to tell the targets. */
static bool is_known(const struct request *r)
{
	const struct kapi *api = r->head.api;
	const struct layout *l = &r->layout;

	if (api->says_time && l->timeout_ms.size == 0 && !l->done)
		return false;
	if (api->names_group && l->named_group == NULL && !l->done)
		return false;
	switch (api->route) {
	case HERE:
		return false;
	case TO_GROUP:
	case TO_TXN:
		return l->has_key || l->all_seen;
	case TO_LEADER:
	case TO_REPLICA:
	case TO_RESOURCE:
		/* records may be most of the frame: their length is looked at, they aren't */
		return l->all_seen && (l->acks.size == 0 || l->record_runs >= l->item_count);
	default:
		return api->request == NULL || api->lost == LOST_CLOSE;
	}
}

/* --- how much memory --- */

/* Of questions to the topology, which copies the names: topics at once, keys so many at a time. */
static int64_t asked_memory(const struct layout_sum *sum)
{
	const int64_t items = sum->layout.by_key ? sum->layout.item_count : 0;
	const int64_t keys = items < ASKED_AT_ONCE ? items : ASKED_AT_ONCE;
	const int64_t topics = sum->layout.topic_count;

	return ((topics < NAMES_MAX ? topics : NAMES_MAX) + keys) * ASKED_BYTES +
	       (topics + items) * (int64_t)sizeof(struct topology_name);
}

int64_t routing_memory(const struct client *c, const struct request *r,
		       const struct layout_sum *sum)
{
	const int64_t items = sum->layout.item_count, topics = sum->layout.topic_count;
	const int64_t sections = sum->layout.section_count;
	const int64_t brokers = (int64_t)c->worker->snapshot->broker_count;
	const int64_t parts = (items < brokers ? items : brokers) + 1;
	const int64_t frame = request_frame_size(r), layout = (int64_t)layout_bytes(sum);
	const int64_t small =
		(3 * (sections + topics) + items + PIECES) * GATHER_SMALL; /* of its pieces */
	int64_t copies = (frame < small ? frame : small) * 4 / 3 + frame / 16 + parts * PART_BYTES;

	if (r->head.api->course == COURSE_FETCH)
		copies = 2 * copies + frame; /* a look, and a poll of a copy */
	if (r->must_be_laid_out) /* what is refused is a layout and an answer of its own */
		copies += 4 * layout + (topics + items) * REFUSED_BYTES;
	return layout + copies + asked_memory(sum) + FIXED_BYTES;
}

/* --- targets --- */

/* What all that the request is about has in common. */
static struct where_question question_of(const struct client *c, const struct request *r)
{
	return (struct where_question){ .api = r->head.api,
					.snapshot = c->worker->snapshot,
					.hint = c->came.hint,
					.advertising = client_told(c) };
}

/* NO_BROKER: the cluster is to be asked; who has been is content with what was known before. */
static int32_t known_coordinator(const struct client *c, const struct request *r,
				 const uint8_t *key, uint32_t len)
{
	struct topology *t = c->worker->shared->topology;
	const enum coordinator_type type = where_coordinator_type(r->head.api);

	return r->head.api->wants_sure && !r->was_asked
		       ? topology_coordinator_surely(t, type, key, len)
		       : topology_coordinator(t, type, key, len);
}

/* A key's coordinator, a broker's id or one of a target's values. */
static int32_t coordinator_of(struct client *c, const struct request *r, const uint8_t *key,
			      uint32_t len)
{
	struct where_question q = question_of(c, r);

	q.key = key;
	q.key_len = len;
	q.coordinator = NO_BROKER;
	if (where_has_coordinator(&q))
		q.coordinator = known_coordinator(c, r, key, len);
	return where_of(&q).target;
}

/* How many of the items have a key whose coordinator is not known. */
static uint32_t set_coordinators(struct client *c, struct request *r)
{
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < r->layout.item_count; i++) {
		struct layout_item *item = &r->layout.items[i];

		item->target = coordinator_of(c, r, item->key, item->key_len);
		unknown += item->target == TARGET_UNKNOWN;
	}
	return unknown;
}

/* --- the sending --- */

static const struct course *course_of_one(const struct kapi *api)
{
	return api->answer == ANSWER_REWRITE ? &course_rewritten : &course_through;
}

static void send_to_one(struct request *r, int32_t broker, struct sending *to)
{
	int32_t *brokers = arena_alloc(&r->arena, sizeof *brokers);

	*brokers = broker;
	to->course = to->is_curtailed ? &course_curtailed : course_of_one(r->head.api);
	to->brokers = brokers;
	to->count = 1;
}

/* Every broker; where one was dialled, those that clients are told of as that one. */
static enum course_need send_to_all(struct client *c, struct request *r, struct sending *to)
{
	const struct snapshot *s = c->worker->snapshot;
	const struct where_question q = question_of(c, r);
	const struct where where = where_of(&q);
	int32_t *brokers;

	if (!request_is_whole(c, r))
		return NEED_WHOLE;
	brokers = arena_alloc(&r->arena, s->broker_count * sizeof *brokers);
	for (size_t i = 0; i < s->broker_count; i++) {
		if (where.why != WHERE_DIALLED ||
		    advertise_id(q.advertising, s, s->brokers[i].id) == where.target)
			brokers[to->count++] = s->brokers[i].id;
	}
	to->course = &course_merged;
	to->brokers = brokers;
	return NEED_NOTHING;
}

/* The items' targets, each once; TARGET_VETTED among them. */
static void set_brokers(struct request *r, struct sending *to)
{
	const struct layout *l = &r->layout;
	struct arena scratch; /* a decision is made again and again: it leaves nothing behind */
	int32_t *brokers;

	arena_init(&scratch);
	brokers = arena_alloc(&scratch, (l->item_count + 1) * sizeof *brokers);
	to->count = targets_distinct(l, brokers, l->item_count);
	to->brokers = arena_copy(&r->arena, brokers, to->count * sizeof *brokers);
	arena_deinit(&scratch);
}

/* Every item's target is known, or is any broker's. */
static enum course_need send_items(struct client *c, struct request *r, int32_t any,
				   struct sending *to)
{
	struct layout *l = &r->layout;
	bool is_merged;

	reserved_mark(&c->worker->reserved, c->worker->snapshot, l);
	to->refused = targets_refused(l);
	if (to->refused > 0 && request_has_no_answer(r)) {
		to->closes = "records for what is the nodes' own";
		return NEED_END;
	}
	targets_settle(l, any);
	set_brokers(r, to);
	if (to->count == 0 && to->refused > 0)
		return refusing_all(to, l->items[0].error);
	if (to->count == 0)
		send_to_one(r, any, to);
	is_merged = to->count > 1 || to->refused > 0 || to->brokers[0] == TARGET_VETTED;
	if ((is_merged || to->edits.count > 0) && !request_is_whole(c, r))
		return NEED_WHOLE;
	if (to->count == 1 && is_merged)
		to->course = &course_merged;
	else if (to->count == 1)
		to->course = course_of_one(r->head.api);
	else
		to->course = l->max_wait_ms.size > 0 ? &course_polled : &course_merged;
	return NEED_NOTHING;
}

static enum course_need send_to_leaders(struct client *c, struct request *r, int32_t any,
					struct sending *to)
{
	const struct where_question q = question_of(c, r);

	if (targets_set(&r->layout, &q) > 0 && !r->was_asked)
		return NEED_TOPICS;
	nearby_prefer(c, r);
	order_keep(c, r);
	return send_items(c, r, any, to);
}

/* As others; but a session that one of the brokers has goes on there. */
static enum course_need send_fetch(struct client *c, struct request *r, int32_t any,
				   struct sending *to)
{
	enum course_need need = send_to_leaders(c, r, fetch_session_broker(c, r, any), to);
	const bool is_whole = to->course == &course_through && to->count == 1;

	if (need != NEED_NOTHING || to->course == &course_here)
		return need;
	fetch_session_settle(c, r, is_whole ? to->brokers[0] : NO_BROKER, to);
	if (to->course != &course_here &&
	    (to->session == SESSION_OWN || to->session == SESSION_LAST))
		to->course = &course_polled;
	return need;
}

static enum course_need send_to_coordinators(struct client *c, struct request *r, int32_t any,
					     struct sending *to)
{
	const struct layout *l = &r->layout;
	int32_t target;

	if (!l->has_key) {
		if (set_coordinators(c, r) > 0 && !r->was_asked)
			return NEED_COORDINATORS;
		return send_items(c, r, any, to);
	}
	target = coordinator_of(c, r, l->key, l->key_len);
	if (target == TARGET_UNKNOWN && !r->was_asked)
		return NEED_COORDINATORS;
	send_to_one(r, target >= 0 ? target : any, to);
	return NEED_NOTHING;
}

/* What any broker can answer; but the one that was dialled where that counts, and where a broker
 * remembers the client the same one again.  Who shares an answer with others keeps its frame. */
static enum course_need send_to_any(const struct client *c, struct request *r, int32_t any,
				    struct sending *to)
{
	const struct where_question q = question_of(c, r);
	const struct where where = where_of(&q);

	if (where.why == WHERE_DIALLED)
		any = where.target;
	else if (r->head.api->at_one && snapshot_broker(q.snapshot, c->at_one) != NULL)
		any = c->at_one;
	send_to_one(r, any, to);
	if (to->is_curtailed || !joint_may_take(c, r))
		return NEED_NOTHING;
	if (!request_is_whole(c, r))
		return NEED_WHOLE;
	to->course = &course_joint;
	return NEED_NOTHING;
}

/* --- a Fetch --- */

/* No rack goes to brokers: none redirects, the node itself finds the replica (nearby.h).  False: it is answered here, or not
 * at all. */
static bool edit_fetch(const struct client *c, struct request *r, struct sending *to,
		       enum course_need *need)
{
	const struct layout *l = &r->layout;

	if (l->replica.size > 0 && l->replica.number >= 0) {
		to->closes = "a broker's Fetch";
		to->is_malformed = true;
		*need = NEED_END;
		return false;
	}
	if (fetch_session_is_unknown(c, r)) {
		to->course = &course_here;
		to->code = ERROR_FETCH_SESSION_ID_NOT_FOUND;
		*need = NEED_NOTHING;
		return false;
	}
	if (l->rack.size > 0 && l->rack.number > 0)
		edits_add_string(&to->edits, l->rack.at, l->rack.at + l->rack.size, "",
				 api_is_flexible(r->head.api, r->head.version));
	return true;
}

/* --- a share session --- */

/* The broker that leads most of the request's partitions; NO_BROKER: none leads any. */
static int32_t leader_of_most(struct client *c, struct request *r)
{
	const struct snapshot *s = c->worker->snapshot;
	const struct layout *l = &r->layout;
	uint32_t *counts = arena_zalloc(&r->arena, (s->broker_count + 1) * sizeof *counts);
	int32_t most = NO_BROKER;
	uint32_t best = 0;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct broker *b = snapshot_broker(s, i->target);
		uint32_t n = b != NULL ? ++counts[b - s->brokers] : 0;

		if (n > best) {
			best = n;
			most = b->id;
		}
	}
	return most;
}

/* A session is at one broker, which says of what it does not lead who does: a member has a session
 * at each of its leaders, and another one of its at the same broker would end the first. */
static enum course_need send_to_session(struct client *c, struct request *r, int32_t any,
					struct sending *to)
{
	const struct where_question q = question_of(c, r);
	struct share_question asked = { .client = c, .request = r };

	if (client_is_told_one(c)) {
		to->closes = "a share session, which is not offered";
		return NEED_END;
	}
	if (reserved_has_group(&c->worker->reserved, &r->layout))
		return refusing_all(to, ERROR_GROUP_AUTHORIZATION_FAILED);
	if (share_begins(&asked)) {
		if (targets_set(&r->layout, &q) > 0 && !r->was_asked && !where_is_dialled(&q))
			return NEED_TOPICS;
		asked.broker = where_is_dialled(&q) ? q.hint.broker : leader_of_most(c, r);
	}
	if (reserved_mark(&c->worker->reserved, c->worker->snapshot, &r->layout) > 0)
		return refusing_all(to, ERROR_TOPIC_AUTHORIZATION_FAILED);
	to->code = share_place(&asked);
	if (to->code != ERROR_NONE) {
		to->course = &course_here;
		return NEED_NOTHING;
	}
	send_to_one(r, asked.broker != NO_BROKER ? asked.broker : any, to);
	to->course = &course_share;
	to->purpose = FOR_SHARE;
	return NEED_NOTHING;
}

/* --- the decision --- */

/* What a broker does only for who has logged in by itself, not by a token. */
static int32_t broker_of_login(const struct client *c, int32_t any)
{
	const struct upstream *u = upstreams_of_login(c);

	return u != NULL && upstream_is_open(u) ? u->broker : any;
}

/* ApiVersions says min 0 whatever is served (KAFKA-18659). */
static bool is_gone(const struct client *c, const struct request *r)
{
	const struct kapi *api = r->head.api;

	return api->offered_from_zero && r->head.version < api->gone_below &&
	       c->worker->snapshot->offers[api->key].max >= api->gone_at;
}

enum course_need routing_decide(struct client *c, struct request *r, struct sending *to)
{
	const struct kapi *api = r->head.api;
	enum course_need need;
	int32_t any;

	*to = (struct sending){ 0 };
	edits_init(&to->edits, &r->arena);
	if (r->heard != DOOR_PASS)
		return doorway_decide(c, r, to);
	if (!request_is_whole(c, r) &&
	    (api->course != COURSE_USUAL || !is_known(r) || !behind_may_read(c, r)))
		return NEED_MORE;
	if (api->route == HERE) {
		to->course = &course_here;
		return NEED_NOTHING;
	}
	if (is_gone(c, r)) {
		to->closes = "a version that brokers no longer serve";
		return NEED_END;
	}
	if (api->course == COURSE_FETCH && !edit_fetch(c, r, to, &need))
		return need;
	need = refusing_look(c, r, to);
	if (need != NEED_NOTHING || to->course != NULL)
		return need;
	any = upstreams_any_broker(c);
	if (any == NO_BROKER) {
		to->closes = "no broker is there";
		return NEED_CLOSE;
	}
	if (api->course == COURSE_SHARE)
		return send_to_session(c, r, any, to);
	switch (api->route) {
	case TO_ALL:
		return send_to_all(c, r, to);
	case TO_LEADER:
		if (api->course == COURSE_FETCH)
			return send_fetch(c, r, any, to);
		return send_to_leaders(c, r, any, to);
	case TO_REPLICA:
	case TO_RESOURCE:
		return send_to_leaders(c, r, any, to);
	case TO_GROUP:
	case TO_TXN:
		return send_to_coordinators(c, r, any, to);
	case TO_LOGIN:
		send_to_one(r, broker_of_login(c, any), to);
		return NEED_NOTHING;
	default:
		return send_to_any(c, r, any, to);
	}
}

/* --- asking the topology --- */

/* Topics' items stand side by side: one name for all of a topic. */
struct topology_query *routing_ask_topics(struct client *c, struct request *r,
					  void (*on_answer)(void *client, int32_t broker))
{
	const struct layout *l = &r->layout;
	struct topology_name *names = arena_alloc(&r->arena, l->topic_count * sizeof *names);
	uint32_t last = UINT32_MAX;
	size_t n = 0;

	for (uint32_t i = 0; i < l->item_count; i++) {
		const struct layout_topic *t = &l->topics[l->items[i].topic];

		if (l->items[i].target != TARGET_UNKNOWN || l->items[i].topic == last)
			continue;
		last = l->items[i].topic;
		names[n] = target_name(t);
		n += names[n].name != NULL;
	}
	if (n == 0)
		return NULL;
	return topology_ask_topics(c->worker->shared->topology, names, n, &c->worker->mailbox,
				   on_answer, c);
}

struct topology_query *routing_ask_coordinators(struct client *c, struct request *r,
						void (*on_answer)(void *client, int32_t broker))
{
	const struct layout *l = &r->layout;
	uint32_t most = l->item_count < ASKED_AT_ONCE ? l->item_count : ASKED_AT_ONCE;
	struct topology_name *keys = arena_alloc(&r->arena, (most + 1) * sizeof *keys);
	size_t n = 0;

	if (l->has_key)
		keys[n++] = (struct topology_name){ l->key, l->key_len, false };
	for (; !l->has_key && r->asked_to < l->item_count && n < ASKED_AT_ONCE; r->asked_to++) {
		const struct layout_item *item = &l->items[r->asked_to];

		if (item->target == TARGET_UNKNOWN)
			keys[n++] = (struct topology_name){ item->key, item->key_len, false };
	}
	if (n == 0)
		return NULL;
	return topology_ask_coordinators(c->worker->shared->topology,
					 where_coordinator_type(r->head.api), keys, n,
					 &c->worker->mailbox, on_answer, c);
}

/* --- the commitment --- */

/* A client that knows a newer leader than we do proves us stale. */
static void notice_epochs(struct client *c, const struct layout *l)
{
	const struct snapshot *s = c->worker->snapshot;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct layout_topic *t = &l->topics[i->topic];
		const struct partition *known;

		if (i->leader_epoch < 0)
			continue;
		known = topic_partition(target_topic(s, t), i->partition);
		if (known != NULL && known->leader_epoch >= 0 &&
		    known->leader_epoch < i->leader_epoch)
			watch_topic_error(c, t, ERROR_NOT_LEADER_OR_FOLLOWER);
	}
}

/* How long a request that waits for its group may wait, 0: no matter.  Who joins a group says it;
 * who waits for it then, at whichever connection, waits as long. */
static double rebalance_ms(struct client *c, const struct layout *l)
{
	struct rebalances *known = c->worker->shared->rebalances;
	const uint64_t group = hash_bytes(l->key, l->key_len);
	uint32_t told;

	if (l->timeout_ms.size == 0) {
		told = rebalances_of(known, group);
		return told > 0 ? told : REBALANCE_UNKNOWN_MS;
	}
	if (l->timeout_ms.number < 0)
		return 0;
	rebalances_note(known, group, (uint32_t)l->timeout_ms.number);
	return (double)l->timeout_ms.number;
}

/* For how long the answer may take. */
static ev_tstamp allowed_time(struct client *c, const struct request *r)
{
	const struct layout *l = &r->layout;
	double ms = 0;

	if (r->head.api->waits == WAITS_FOR_GROUP)
		ms = rebalance_ms(c, l);
	else if (l->timeout_ms.size > 0)
		ms = (double)l->timeout_ms.number;
	else if (l->max_wait_ms.size > 0)
		ms = (double)l->max_wait_ms.number;
	if (ms > 0)
		ms += LOSSES_GRACE_MS;
	if (ms < c->worker->config->request_timeout_ms)
		ms = c->worker->config->request_timeout_ms;
	return ms / 1000.0;
}

/* A Fetch whose layout is the budget's waits no longer than others may. */
static void limit_wait(struct client *c, struct request *r)
{
	struct layout_value *wait = &r->layout.max_wait_ms;

	if (r->layout_hold.reservation == NULL || wait->size == 0 || wait->number <= HELD_WAIT_MS)
		return;
	wait->number = HELD_WAIT_MS;
	wire_put32(conn_data(&c->conn) + r->head.body_at + wait->at, HELD_WAIT_MS);
}

void routing_commit(struct client *c, struct request *r, const struct sending *decided)
{
	struct sending sending = *decided, *to = &sending;
	size_t held;

	r->layout.has_item_error |= to->refused > 0;
	r->allowed = c->worker->config->request_timeout_ms / 1000.0;
	if (to->course != &course_here && r->heard == DOOR_PASS) {
		if (r->head.api->route == TO_LEADER)
			notice_epochs(c, &r->layout);
		stay_note_request(c, r);
		limit_wait(c, r);
		if (r->head.api->course == COURSE_FETCH)
			nearby_commit(c, r);
		r->allowed = allowed_time(c, r);
		if (r->head.api->at_one)
			c->at_one = to->brokers[0];
		if (r->head.api->course == COURSE_FETCH)
			fetch_session_commit(c, r, to);
		nearby_session(c, r, to);
		if (to->refused > 0 && r->layout.max_wait_ms.size > 0)
			wire_put32(conn_data(&c->conn) + r->head.body_at + r->layout.max_wait_ms.at,
				   0); /* what is refused is told at once */
	}
	if (r->heard == DOOR_PASS) {
		behind_read(c, r);
		uses_routed(c, r);
	}
	r->course = to->course;
	r->course->commit(c, r, to); /* an answer made here may be the request's end */
	if (to->course == &course_here)
		return;
	held = arena_held(&r->arena);
	hold_keep(&r->layout_hold, held > LAYOUT_FREE ? (int64_t)held : 0);
	request_weigh(r);
}
