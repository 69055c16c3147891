#include "route/rewrite.h"

#include "kafka/walk.h"
#include "kafka/wire.h"
#include "route/edits.h"

/* One pass over an answer. */
struct rewriting {
	const struct rewrite *of;
	struct edits edits;
	bool compact, failed;
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
	if (r->of->advertising->config->advertised_mode == ADVERTISE_SINGLE)
		return r->kept == 0;
	return advertise_has_own(r->of->advertising, r->of->snapshot, node);
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
		r->of->news->on_cluster(r->of->news->owner);
	if (r->list == BROKERS)
		r->drop = !is_shown(r, r->node);
	wire_put32(r->of->body + e->at, (uint32_t)r->told.id);
}

static void map_id(struct rewriting *r, const struct walk_event *e)
{
	advertise_ids(r->of->advertising, r->of->snapshot, r->of->body + e->at, 1);
}

static void leader(struct rewriting *r, const struct walk_event *e)
{
	int32_t id = (int32_t)e->number;
	const struct topic *t = r->known;

	map_id(r, e);
	if (r->topic == NULL || id < 0)
		return;
	if (t == NULL || r->partition >= t->partition_count || r->partition < 0 ||
	    t->partitions[r->partition].leader != id) {
		r->of->news->on_topic(r->of->news->owner, r->topic, r->topic_len);
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

static void value(struct rewriting *r, const struct walk_event *e)
{
	switch (e->is) {
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
		if (e->number > 0)
			r->of->news->on_throttle(r->of->news->owner, e->number);
		break;
	case NODE_IDS:
		advertise_ids(r->of->advertising, r->of->snapshot,
			      r->of->body + e->at + (e->size - e->len), e->len / 4);
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
	}
}

bool rewrite_answer(struct gather *g, const struct rewrite *of)
{
	struct rewriting r = { .of = of,
			       .compact = api_is_flexible(of->api, of->version),
			       .node = -1 };
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	edits_init(&r.edits, g->arena);
	walk_init(&w, api_plan(of->api, of->version, RESPONSE), of->size);
	walk_input(&w, of->body, of->size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT && !r.failed) {
		if ((e.is == BROKERS || e.is == TOPICS) && e.kind != WALK_VALUE)
			list_event(&r, &e);
		else if (e.kind == WALK_VALUE)
			value(&r, &e);
	}
	if (got != WALK_DONE || r.failed)
		return false;
	edits_gather(&r.edits, g, of->body, 0, of->size);
	return true;
}
