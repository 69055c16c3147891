#include "route/rewrite.h"

#include "kafka/walk.h"
#include "kafka/wire.h"
#include "route/edits.h"
#include "route/error_text.h"

enum { TOLD_IDS = 64 };

/* One pass over an answer. */
struct rewriting {
	const struct rewrite *of;
	struct edits edits;
	uint32_t front_end; /* behind the list of brokers; 0: that has not been read */
	/* What clients are told for an id that came lately: an answer names a few brokers as often
	 * as it has replicas.  A slot that nobody uses has no broker. */
	struct told_id {
		int32_t broker, id;
	} told_ids[TOLD_IDS];
	bool compact, failed;
	int error; /* the one that was read last, whose message comes next */
	/* the node whose address is being read */
	int32_t node;
	struct advertised told;
	/* the array that is read, of brokers or topics */
	enum kis list;		/* NOTHING: none */
	struct walk_event said; /* its count */
	uint32_t entry_at, edits_at_entry, kept;
	bool drop;
	/* the topic being read */
	const uint8_t *topic;
	uint32_t topic_len;
	const struct topic *known;
	int32_t partition;
};

/* Two brokers never share an entry: who has no port is shown as another. */
static bool is_shown(const struct rewriting *r, int32_t node)
{
	if (r->of->advertising->listener->advertised_mode == ADVERTISE_SINGLE)
		return r->kept == 0;
	return advertise_has_own(r->of->advertising, r->of->snapshot, node);
}

static void tell_of_cluster(const struct rewrite_news *news)
{
	if (news != NULL)
		news->on_cluster(news->owner);
}

static void tell_of_topic(const struct rewriting *r)
{
	const struct rewrite_news *news = r->of->news;

	if (news != NULL)
		news->on_topic(news->owner, r->topic, r->topic_len);
}

static void tell_of_throttle(const struct rewrite_news *news, int64_t ms)
{
	if (news != NULL && ms > 0)
		news->on_throttle(news->owner, ms);
}

static void node_id(struct rewriting *r, const struct walk_event *e)
{
	r->node = (int32_t)e->number;
	if (r->node < 0)
		return;
	if (!advertise_broker(r->of->advertising, r->of->snapshot, r->node, &r->told)) {
		r->failed = true;
		return;
	}
	if (snapshot_broker(r->of->snapshot, r->node) == NULL)
		tell_of_cluster(r->of->news);
	if (r->list == BROKERS)
		r->drop = !is_shown(r, r->node);
	wire_put32(r->of->body + e->at, (uint32_t)r->told.id);
}

static int32_t told_id(struct rewriting *r, int32_t broker)
{
	struct told_id *t = &r->told_ids[(uint32_t)broker % TOLD_IDS];

	if (t->broker != broker)
		*t = (struct told_id){ broker,
				       advertise_id(r->of->advertising, r->of->snapshot, broker) };
	return t->id;
}

/* As advertise_ids. */
static void map_ids(struct rewriting *r, uint8_t *ids, uint32_t count)
{
	for (uint8_t *at = ids; at < ids + (size_t)4 * count; at += 4) {
		int32_t broker = (int32_t)wire_get32(at);

		if (broker >= 0)
			wire_put32(at, (uint32_t)told_id(r, broker));
	}
}

static void map_id(struct rewriting *r, const struct walk_event *e)
{
	map_ids(r, r->of->body + e->at, 1);
}

static void leader(struct rewriting *r, const struct walk_event *e)
{
	int32_t id = (int32_t)e->number;
	const struct partition *p;

	map_id(r, e);
	if (r->topic == NULL || id < 0)
		return;
	p = topic_partition(r->known, r->partition);
	if (p == NULL || p->leader != id) {
		tell_of_topic(r);
		r->topic = NULL; /* once a topic is enough */
	}
}

/* Where there is no node there is no address either, whatever the broker says. */
static void host(struct rewriting *r, const struct walk_event *e)
{
	if (!r->drop && (r->node >= 0 || e->len > 0))
		edits_add_string(&r->edits, e->at, e->at + e->size,
				 r->node >= 0 ? r->told.host : "", r->compact);
}

static void port(struct rewriting *r, const struct walk_event *e)
{
	if (!r->drop)
		wire_put32(r->of->body + e->at, r->node >= 0 ? (uint32_t)r->told.port : UINT32_MAX);
}

static void message(struct rewriting *r, const struct walk_event *e)
{
	error_text_hide(r->of->snapshot, r->error, r->of->body + e->at + (e->size - e->len),
			e->len);
}

static void value(struct rewriting *r, const struct walk_event *e)
{
	switch (e->is) {
	case ERROR_CODE:
		r->error = (int)e->number;
		break;
	case ERROR_MESSAGE:
		message(r, e);
		break;
	case NODE_ID:
		node_id(r, e);
		break;
	case HOST:
		host(r, e);
		break;
	case PORT:
		port(r, e);
		break;
	case CONTROLLER_ID:
		map_id(r, e);
		break;
	case TOPIC_NAME:
		r->topic = e->number >= 0 ? e->bytes : NULL;
		r->topic_len = e->len;
		r->drop = r->of->reserved != NULL &&
			  reserved_is_topic(r->of->reserved, r->topic, e->len);
		r->known = r->topic != NULL ? snapshot_topic(r->of->snapshot, e->bytes, e->len)
					    : NULL;
		break;
	case PARTITION:
		r->partition = (int32_t)e->number;
		break;
	case LEADER_ID:
		leader(r, e);
		break;
	case THROTTLE_MS:
		tell_of_throttle(r->of->news, e->number);
		break;
	case NODE_IDS:
		map_ids(r, r->of->body + e->at + (e->size - e->len), e->len / 4);
		break;
	default:
		break;
	}
}

/* The entry just read is taken out with the edits inside of it. */
static void end_entry(struct rewriting *r, uint32_t at)
{
	if (r->entry_at == 0)
		return;
	if (r->drop) {
		r->edits.count = r->edits_at_entry;
		edits_add(&r->edits, r->entry_at, at, NULL, 0);
	} else {
		r->kept++;
	}
	r->entry_at = 0;
	r->drop = false;
}

/* Of the arrays that are not one in the other. */
static void list_event(struct rewriting *r, const struct walk_event *e)
{
	struct edit *count;

	switch (e->kind) {
	case WALK_ARRAY:
		r->list = e->is;
		r->said = *e;
		r->kept = 0;
		edits_add_count(&r->edits, e->at, e->at + e->size, 0, r->compact);
		break;
	case WALK_ELEMENT:
		end_entry(r, e->at);
		r->entry_at = e->at;
		r->edits_at_entry = r->edits.count;
		break;
	default:
		end_entry(r, e->at);
		r->list = NOTHING;
		for (count = r->edits.list; count->at != r->said.at; count++)
			;
		if (r->compact)
			count->n = (uint32_t)wire_put_uvarint((uint8_t *)(uintptr_t)count->bytes,
							      r->kept + 1);
		else
			wire_put32((uint8_t *)(uintptr_t)count->bytes, r->kept);
		if (e->is == BROKERS)
			r->front_end = e->at;
	}
}

static void begin(struct rewriting *r, const struct rewrite *of, struct arena *arena)
{
	*r = (struct rewriting){ .of = of,
				 .compact = api_is_flexible(of->api, of->version),
				 .node = -1 };
	for (int i = 0; i < TOLD_IDS; i++)
		r->told_ids[i].broker = NO_BROKER;
	edits_init(&r->edits, arena);
}

static void event(struct rewriting *r, const struct walk_event *e)
{
	if ((e->is == BROKERS || e->is == TOPICS) && e->kind != WALK_VALUE)
		list_event(r, e);
	else if (e->kind == WALK_VALUE)
		value(r, e);
}

/* Of all of it, or of its front alone, of which `n` bytes are there. */
static bool run(struct rewriting *r, uint32_t n, bool only_front)
{
	const struct rewrite *of = r->of;
	struct walk w;
	struct walk_event e;
	enum walk_result got = WALK_EVENT;

	walk_init(&w, api_plan(of->api, of->version, RESPONSE), of->size);
	walk_input(&w, of->body, n);
	while (!r->failed && !(only_front && r->front_end > 0) &&
	       (got = walk_next(&w, &e)) == WALK_EVENT)
		event(r, &e);
	return !r->failed && (got == WALK_DONE || (only_front && r->front_end > 0));
}

bool rewrite_answer(struct gather *g, const struct rewrite *of)
{
	struct rewriting r;

	begin(&r, of, g->arena);
	if (!run(&r, of->size, false))
		return false;
	edits_gather(&r.edits, g, of->body, 0, of->size);
	return true;
}

uint32_t rewrite_front_size(const struct rewrite *of)
{
	struct walk w;
	struct walk_event e;

	walk_init(&w, api_plan(of->api, of->version, RESPONSE), of->size);
	walk_input(&w, of->body, of->size);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_ARRAY_END && e.is == BROKERS)
			return e.at;
	}
	return 0;
}

bool rewrite_front(struct gather *g, const struct rewrite *of, uint32_t n)
{
	struct rewriting r;

	begin(&r, of, g->arena);
	if (!run(&r, n, true) || r.front_end != n)
		return false;
	edits_gather(&r.edits, g, of->body, 0, n);
	return true;
}

bool rewrite_rest(struct gather *g, const struct rewrite *of, uint32_t from)
{
	struct rewriting r;

	begin(&r, of, g->arena);
	if (!run(&r, of->size, false))
		return false;
	edits_gather(&r.edits, g, of->body, from, of->size);
	return true;
}
