#include "session/watch.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "session/fetch_session.h"
#include "session/inside.h"
#include "session/request.h"

#include <string.h>

enum {
	/* a tag that nobody knows, and that is as long as the one it replaces */
	TAG_UNKNOWN = 100,
};

static bool is_stale_topic(int error)
{
	switch (error) {
	case ERROR_UNKNOWN_TOPIC_OR_PARTITION:
	case ERROR_LEADER_NOT_AVAILABLE:
	case ERROR_NOT_LEADER_OR_FOLLOWER:
	case ERROR_REPLICA_NOT_AVAILABLE:
	case ERROR_KAFKA_STORAGE_ERROR:
	case ERROR_LISTENER_NOT_FOUND:
	case ERROR_FENCED_LEADER_EPOCH:
	case ERROR_UNKNOWN_TOPIC_ID:
	case ERROR_INCONSISTENT_TOPIC_ID:
		return true;
	default:
		return false;
	}
}

void watch_topic_error(struct client *c, const struct layout_topic *topic, int error)
{
	struct topology_name name = { topic->name, topic->name_len, false };

	if (!is_stale_topic(error))
		return;
	if (topic->name == NULL)
		name = (struct topology_name){ topic->id, 16, true };
	if (name.name != NULL)
		topology_notice_topic(c->worker->shared->topology, name);
}

static bool is_stale_key(int error)
{
	return error == ERROR_NOT_COORDINATOR || error == ERROR_COORDINATOR_NOT_AVAILABLE;
}

void watch_key_error(struct client *c, const struct request *r, int error)
{
	struct topology *t = c->worker->shared->topology;
	const struct layout *l = &r->layout;
	enum coordinator_type type = r->head.api->route == TO_TXN ? COORDINATOR_TXN
								  : COORDINATOR_GROUP;

	if (error == ERROR_UNSUPPORTED_VERSION)
		topology_notice_all(t);
	if (!is_stale_key(error))
		return;
	if (l->has_key && l->key != NULL)
		topology_notice_coordinator(t, type, l->key, l->key_len);
	for (uint32_t i = 0; l->by_key && i < l->item_count; i++) {
		if (l->items[i].key != NULL)
			topology_notice_coordinator(t, type, l->items[i].key, l->items[i].key_len);
	}
}

static void notice_error(struct client *c, const struct request *r,
			 const struct layout_topic *topic, int error)
{
	stats_error(&c->worker->stats, error);
	if ((r->head.api->route == TO_LEADER || r->head.api->route == TO_REPLICA) && topic != NULL)
		watch_topic_error(c, topic, error);
	else
		watch_key_error(c, r, error);
}

void watch_layout(struct client *c, struct request *r, const struct layout *answer)
{
	r->has_error |= answer->has_item_error || answer->error.number != 0;
	for (const struct layout_item *i = answer->items; i < answer->items + answer->item_count;
	     i++) {
		if (i->error != 0)
			notice_error(c, r, answer->by_key ? NULL : &answer->topics[i->topic],
				     i->error);
	}
	if (answer->error.number != 0)
		notice_error(c, r, NULL, (int)answer->error.number);
}

void watch_begin(struct request *r, uint32_t head, uint32_t size)
{
	struct watch *w = &r->watch;

	w->head = head;
	w->blank_from = w->blank_to = 0;
	w->in_leader_hint = w->hides_value = w->topic_noticed = false;
	w->topic = (struct layout_topic){ 0 };
	w->throttle_ms = 0;
	w->error = ERROR_NONE;
	walk_init(&w->walk, api_plan(r->head.api, r->head.version, RESPONSE), size);
}

/* A pass over one window of an answer's body. */
struct window {
	struct request *r;
	uint8_t *bytes;
	uint32_t from; /* offset of the first one in the body */
};

static uint8_t *at(const struct window *w, uint32_t offset)
{
	return w->bytes + (offset - w->from);
}

static void topic_begins(struct request *r, const struct walk_event *e)
{
	bool by_id = e->is == TOPIC_ID;

	if (e->len > sizeof r->watch.topic_bytes)
		return;
	memcpy(r->watch.topic_bytes, e->bytes, e->len);
	r->watch.topic = (struct layout_topic){ .name = by_id ? NULL : r->watch.topic_bytes,
						.name_len = e->len,
						.id = by_id ? r->watch.topic_bytes : NULL };
	r->watch.topic_noticed = false;
}

static void error_seen(struct request *r, int error)
{
	bool in_topic = r->watch.topic.name != NULL || r->watch.topic.id != NULL;

	if (error == 0)
		return;
	r->has_error = true;
	if (in_topic && r->watch.topic_noticed) {
		stats_error(&r->client->worker->stats, error);
		return;
	}
	notice_error(r->client, r, in_topic ? &r->watch.topic : NULL, error);
	r->watch.topic_noticed = is_stale_topic(error) || is_stale_key(error);
}

/* A leader as clients know it; as a hint in `single` mode: none at all, for
 * there is nowhere else to go. */
static void show_leader(const struct window *w, const struct walk_event *e)
{
	const struct worker *worker = w->r->client->worker;

	if (w->r->watch.in_leader_hint && worker->config->advertised_mode == ADVERTISE_SINGLE)
		wire_put32(at(w, e->at), UINT32_MAX);
	else
		advertise_ids(&worker->advertising, worker->snapshot, at(w, e->at), 1);
}

/* Settings of a broker whose values are addresses of brokers or controllers. */
static bool is_address_setting(const uint8_t *name, uint32_t len)
{
	static const char *const names[] = {
		"listeners",
		"advertised.listeners",
		"controller.quorum.voters",
		"controller.quorum.bootstrap.servers",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	}
	return false;
}

/* The length is announced already: as many stars, or a number's zero. */
static void hide(const struct window *w, const struct walk_event *e)
{
	const bool is_number = e->len == e->size;

	memset(at(w, e->at + e->size - e->len), is_number ? 0 : '*', e->len);
}

/* Brokers say who asked what, and where, in the message of this code: with their own addresses. */
static void hide_message(const struct window *w, const struct walk_event *e)
{
	static const char text[] = "Cluster authorization failed.";
	uint8_t *to = at(w, e->at + e->size - e->len);
	uint32_t n = e->len < sizeof text - 1 ? e->len : sizeof text - 1;

	if (w->r->watch.error != ERROR_CLUSTER_AUTHORIZATION_FAILED)
		return;
	memcpy(to, text, n);
	memset(to + n, ' ', e->len - n);
}

static void value_seen(const struct window *w, const struct walk_event *e)
{
	struct request *r = w->r;

	switch (e->is) {
	case TOPIC_NAME:
	case TOPIC_ID:
		if (e->number >= 0)
			topic_begins(r, e);
		break;
	case ERROR_CODE:
		r->watch.error = (int)e->number;
		error_seen(r, (int)e->number);
		break;
	case ERROR_MESSAGE:
		hide_message(w, e);
		break;
	case SESSION_ID:
		fetch_session_told(r->client, r, (int32_t)e->number);
		break;
	case THROTTLE_MS:
		r->watch.throttle_ms = e->number;
		break;
	case LEADER_ID:
		show_leader(w, e);
		break;
	case NODE_IDS:
		advertise_ids(&r->client->worker->advertising, r->client->worker->snapshot,
			      at(w, e->at + e->size - e->len), e->len / 4);
		break;
	case CONFIG_NAME:
		r->watch.hides_value = is_address_setting(e->bytes, e->len);
		break;
	case CONFIG_VALUE:
		if (r->watch.hides_value)
			hide(w, e);
		break;
	case HIDDEN:
		hide(w, e);
		break;
	case LEADER_EPOCH:
		if (r->watch.in_leader_hint &&
		    r->client->worker->config->advertised_mode == ADVERTISE_SINGLE)
			wire_put32(at(w, e->at), UINT32_MAX);
		break;
	case PREFERRED_REPLICA:
		/* asked without a rack, so there is none; a redirect could not be followed */
		wire_put32(at(w, e->at), UINT32_MAX);
		break;
	default:
		break;
	}
}

static void event_seen(const struct window *w, const struct walk_event *e)
{
	struct request *r = w->r;

	if (e->kind == WALK_VALUE) {
		value_seen(w, e);
	} else if (e->kind == WALK_TAG && e->is == CURRENT_LEADER) {
		r->watch.in_leader_hint = true;
	} else if (e->kind == WALK_TAG && e->is == NODE_ENDPOINTS) {
		/* its length is announced already: an unknown tagged field of zeros */
		*at(w, e->at) = TAG_UNKNOWN;
		r->watch.blank_from = e->at + e->size - e->len;
		r->watch.blank_to = e->at + e->size;
	} else if (e->kind == WALK_TAG_END) {
		r->watch.in_leader_hint = false;
	}
}

/* Zeros for what of the blank range has been read. */
static void blank(const struct window *w, uint32_t to)
{
	struct request *r = w->r;
	uint32_t from = r->watch.blank_from > w->from ? r->watch.blank_from : w->from;

	if (to > r->watch.blank_to)
		to = r->watch.blank_to;
	if (from < to)
		memset(at(w, from), 0, to - from);
}

static int64_t see(void *ctx, uint8_t *bytes, uint32_t n)
{
	struct request *r = ctx;
	struct walk *walk = &r->watch.walk;
	uint32_t head = r->watch.head < n ? r->watch.head : n;
	struct window w = { r, bytes + head, walk->pos };
	struct walk_event e;
	enum walk_result got;

	r->watch.head -= head;
	if (n == head)
		return head;
	walk_input(walk, w.bytes, n - head);
	while ((got = walk_next(walk, &e)) == WALK_EVENT)
		event_seen(&w, &e);
	if (got == WALK_BAD)
		return -1;
	blank(&w, walk->pos);
	if (got == WALK_DONE)
		return n; /* and whatever stands behind it */
	return head + (walk->pos - w.from);
}

static uint32_t blind(void *ctx)
{
	const struct request *r = ctx;

	if (r->watch.head > 0 || r->watch.walk.pos < r->watch.blank_to)
		return 0;
	return r->watch.walk.skip;
}

static void passed(void *ctx, uint32_t n)
{
	struct request *r = ctx;

	r->watch.walk.skip -= n;
	r->watch.walk.pos += n;
}

struct relay_watcher watch_over(struct request *r)
{
	return (struct relay_watcher){ .see = see, .blind = blind, .passed = passed, .ctx = r };
}

bool watch_whole(struct request *r, uint8_t *body, uint32_t size)
{
	watch_begin(r, 0, size);
	return see(r, body, size) == size;
}
