#include "session/watch.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/error_text.h"
#include "route/targets.h"
#include "session/audit.h"
#include "session/behind.h"
#include "session/fetch_session.h"
#include "session/inside.h"
#include "session/nearby.h"
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
	const struct topology_name name = target_name(topic);

	if (is_stale_topic(error) && name.name != NULL)
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

/* It is counted, and told where somebody asks. */
static void count_error(struct client *c, struct request *r, int error)
{
	stats_error(&c->worker->stats, error);
	audit_error(r, error);
}

static void notice_error(struct client *c, struct request *r, const struct layout_topic *topic,
			 int error)
{
	count_error(c, r, error);
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
		if (!answer->by_key)
			behind_answered(c, r, &answer->topics[i->topic], i->partition, i->error);
	}
	if (answer->error.number != 0)
		notice_error(c, r, NULL, (int)answer->error.number);
}

/* Where there is one part it answers, if anybody does: a stub is nobody's. */
static int16_t part_of(const struct request *r)
{
	return r->part_count == 1 && r->parts->state < PART_UNSENT ? 0 : -1;
}

static int32_t broker_of(const struct request *r)
{
	return r->watch.part >= 0 ? r->parts[r->watch.part].broker : NO_BROKER;
}

static void begin(struct request *r, uint32_t head, uint32_t size, bool is_told)
{
	struct watch *w = &r->watch;

	w->part = part_of(r);
	w->head = head;
	w->blank_from = w->blank_to = 0;
	w->in_leader_hint = w->hides_value = w->topic_noticed = false;
	w->topic = (struct layout_topic){ 0 };
	w->throttle_ms = 0;
	w->error = ERROR_NONE;
	w->is_told = is_told;
	w->has_records = false;
	w->record_bytes = w->topic_errors = 0;
	walk_init(&w->walk, api_plan(r->head.api, r->head.version, RESPONSE), size);
}

void watch_begin(struct request *r, uint32_t head, uint32_t size)
{
	begin(r, head, size, true);
}

/* All of the topic being read has been. */
static void topic_ends(struct request *r)
{
	if (r->watch.is_told && (r->watch.has_records || r->watch.topic_errors > 0))
		uses_topic_passed(r->client, r);
}

void watch_end(struct request *r)
{
	topic_ends(r);
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

	topic_ends(r);
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
	r->watch.topic_errors += in_topic;
	if (in_topic && r->watch.topic_noticed) {
		count_error(r->client, r, error);
		return;
	}
	notice_error(r->client, r, in_topic ? &r->watch.topic : NULL, error);
	r->watch.topic_noticed = is_stale_topic(error) || is_stale_key(error);
}

/* A leader as clients know it; as a hint in `single` mode: none at all, for
 * there is nowhere else to go. */
static void show_leader(const struct window *w, const struct walk_event *e)
{
	const struct client *c = w->r->client;

	if (w->r->watch.in_leader_hint && client_is_told_one(c))
		wire_put32(at(w, e->at), UINT32_MAX);
	else
		advertise_ids(client_told(c), c->worker->snapshot, at(w, e->at), 1);
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

/* The length is announced already. */
static void hide_message(const struct window *w, const struct walk_event *e)
{
	error_text_hide(w->r->client->worker->snapshot, w->r->watch.error,
			at(w, e->at + e->size - e->len), e->len);
}

/* An error that is a follower's word on itself is none for the client. */
static void error_code_seen(const struct window *w, const struct walk_event *e)
{
	struct request *r = w->r;
	struct watch *watch = &r->watch;

	watch->error = (int16_t)e->number;
	error_seen(r, watch->error);
	behind_answered(r->client, r, &watch->topic, watch->partition, watch->error);
	if (!r->is_near || !nearby_hides_error(r->client, r, broker_of(r), &watch->topic,
					       watch->partition, watch->error))
		return;
	watch->error = ERROR_NONE;
	wire_put16(at(w, e->at), ERROR_NONE);
}

static void offset_seen(const struct window *w, const struct walk_event *e,
			enum replicas_offset which)
{
	const struct watch *watch = &w->r->watch;

	if (w->r->is_near && watch->error == ERROR_NONE)
		nearby_tell(w->r->client, &watch->topic, watch->partition, which, at(w, e->at));
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
	case PARTITION:
		r->watch.partition = (int32_t)e->number;
		break;
	case ERROR_CODE:
		error_code_seen(w, e);
		break;
	case HIGH_WATERMARK:
		offset_seen(w, e, REPLICAS_HIGH_WATERMARK);
		break;
	case LAST_STABLE:
		offset_seen(w, e, REPLICAS_LAST_STABLE);
		break;
	case ERROR_MESSAGE:
		hide_message(w, e);
		break;
	case SESSION_ID:
		fetch_session_told(r->client, r, (int32_t)e->number);
		break;
	case THROTTLE_MS:
		r->watch.throttle_ms = (int32_t)e->number;
		break;
	case LEADER_ID:
		show_leader(w, e);
		break;
	case HINTED_LEADER:
		if (snapshot_broker(r->client->worker->snapshot, (int32_t)e->number) != NULL)
			show_leader(w, e);
		break;
	case NODE_IDS:
		advertise_ids(client_told(r->client), r->client->worker->snapshot,
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
		if (r->watch.in_leader_hint && client_is_told_one(r->client))
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
	} else if (e->kind == WALK_RUN && e->is == RECORD_BYTES) {
		r->watch.has_records = true;
		r->watch.record_bytes += e->len;
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
	begin(r, 0, size, false);
	return see(r, body, size) == size;
}

bool watch_part(struct part *p, uint8_t *body, uint32_t size)
{
	struct request *r = p->request;

	begin(r, 0, size, false);
	r->watch.part = -1;
	for (uint32_t i = 0; i < r->part_count && i <= INT16_MAX; i++) {
		if (r->parts[i].broker == p->broker) /* of a look it may stand aside */
			r->watch.part = (int16_t)i;
	}
	return see(r, body, size) == size;
}

bool watch_told(struct request *r, uint8_t *body, uint32_t size)
{
	begin(r, 0, size, true);
	if (see(r, body, size) != size)
		return false;
	watch_end(r);
	return true;
}
