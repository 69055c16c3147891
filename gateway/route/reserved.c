#include "route/reserved.h"

#include "kafka/errors.h"
#include "kafka/walk.h"

#include <string.h>

enum { /* of a resource, as Kafka numbers them */
       RESOURCE_TOPIC = 2,
       RESOURCE_GROUP = 32,
       COORDINATOR_OF_GROUP = 0,
};

void reserved_init(struct reserved *v, const struct config *config)
{
	*v = (struct reserved){ .group = config->group_id };
	if (v->group == NULL)
		return;
	config_internal_topic(config, v->topic);
	v->group_len = (uint32_t)strlen(v->group);
	v->topic_len = (uint32_t)strlen(v->topic);
}

static bool is_group(const struct reserved *v, const uint8_t *name, uint32_t len)
{
	return v->group != NULL && name != NULL && len == v->group_len &&
	       memcmp(name, v->group, len) == 0;
}

bool reserved_is_topic(const struct reserved *v, const uint8_t *name, uint32_t len)
{
	return v->group != NULL && name != NULL && len == v->topic_len &&
	       memcmp(name, v->topic, len) == 0;
}

/* --- a request --- */

bool reserved_has_group(const struct reserved *v, const struct layout *l)
{
	bool is_of_groups = l->key_is == GROUP_ID || (l->key_is == COORDINATOR_KEY &&
						      l->key_type.number == COORDINATOR_OF_GROUP);

	return is_group(v, l->named_group, l->named_group_len) ||
	       (l->has_key && is_of_groups && is_group(v, l->key, l->key_len));
}

static bool has_bytes(const uint8_t *bytes, size_t n, const void *sought, size_t len)
{
	return memmem(bytes, n, sought, len) != NULL;
}

bool reserved_is_near(const struct reserved *v, const struct snapshot *s, const uint8_t *bytes,
		      size_t n)
{
	const struct topic *t;

	if (v->group == NULL)
		return false;
	if (has_bytes(bytes, n, v->group, v->group_len) ||
	    has_bytes(bytes, n, v->topic, v->topic_len))
		return true;
	t = snapshot_topic(s, (const uint8_t *)v->topic, v->topic_len);
	return t != NULL && has_bytes(bytes, n, t->id, sizeof t->id);
}

static bool is_own_topic(const struct reserved *v, const struct snapshot *s,
			 const struct layout_topic *t)
{
	const struct topic *known;

	if (t->name != NULL)
		return reserved_is_topic(v, t->name, t->name_len);
	known = t->id != NULL ? snapshot_topic_by_id(s, t->id) : NULL;
	return known != NULL &&
	       reserved_is_topic(v, (const uint8_t *)known->name, (uint32_t)strlen(known->name));
}

/* The code with which a key is refused; 0: it is not. */
static int16_t key_code(const struct reserved *v, const struct layout *l,
			const struct layout_item *i)
{
	bool names_group =
		l->key_is == GROUP_ID ||
		(l->key_is == COORDINATOR_KEY && l->key_type.number == COORDINATOR_OF_GROUP) ||
		(l->key_is == RESOURCE_NAME && i->resource_type == RESOURCE_GROUP);
	bool names_topic = l->key_is == RESOURCE_NAME && i->resource_type == RESOURCE_TOPIC;

	if (names_group && is_group(v, i->key, i->key_len))
		return ERROR_GROUP_AUTHORIZATION_FAILED;
	if (names_topic && reserved_is_topic(v, i->key, i->key_len))
		return ERROR_TOPIC_AUTHORIZATION_FAILED;
	return ERROR_NONE;
}

static uint32_t mark_keys(const struct reserved *v, struct layout *l)
{
	uint32_t n = 0;

	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		i->error = key_code(v, l, i);
		if (i->error == ERROR_NONE)
			continue;
		i->target = TARGET_REFUSED;
		n++;
	}
	return n;
}

static uint32_t mark_topics(const struct reserved *v, const struct snapshot *s, struct layout *l)
{
	uint32_t topics = 0, items = 0;

	for (struct layout_topic *t = l->topics; t < l->topics + l->topic_count; t++) {
		t->is_refused = is_own_topic(v, s, t);
		if (!t->is_refused)
			continue;
		topics++;
		for (uint32_t i = t->first; i < t->first + t->count; i++, items++) {
			l->items[i].error = ERROR_TOPIC_AUTHORIZATION_FAILED;
			l->items[i].target = TARGET_REFUSED;
		}
	}
	return l->item_count > 0 ? items : topics;
}

uint32_t reserved_mark(const struct reserved *v, const struct snapshot *s, struct layout *l)
{
	if (v->group == NULL)
		return 0;
	return l->by_key ? mark_keys(v, l) : mark_topics(v, s, l);
}

/* --- entries that are cut out of it --- */

void reserved_cut(const struct layout *l, struct edits *edits, bool compact)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; l->by_key && i < l->item_count; i++)
		kept += l->items[i].target != TARGET_REFUSED;
	for (uint32_t t = 0; !l->by_key && t < l->topic_count; t++)
		kept += !l->topics[t].is_refused;
	edits_add_count(edits, l->array_at, l->array_body, kept, compact);
	for (uint32_t i = 0; l->by_key && i < l->item_count; i++) {
		if (l->items[i].target == TARGET_REFUSED)
			edits_add(edits, l->items[i].at, l->items[i].end, NULL, 0);
	}
	for (uint32_t t = 0; !l->by_key && t < l->topic_count; t++) {
		if (l->topics[t].is_refused)
			edits_add(edits, l->topics[t].at, l->topics[t].end, NULL, 0);
	}
}

static void add_topic(struct layout *only, const struct layout *l, const struct layout_topic *t)
{
	struct layout_topic *copy = &only->topics[only->topic_count];

	*copy = *t;
	copy->first = only->item_count;
	for (uint32_t i = t->first; i < t->first + t->count; i++) {
		only->items[only->item_count] = l->items[i];
		only->items[only->item_count++].topic = only->topic_count;
	}
	only->topic_count++;
}

struct layout reserved_only(const struct layout *l)
{
	struct layout only = *l;

	only.items = arena_alloc(l->arena, (l->item_count + 1) * sizeof *only.items);
	only.topics = arena_alloc(l->arena, (l->topic_count + 1) * sizeof *only.topics);
	only.item_count = only.topic_count = 0;
	for (uint32_t i = 0; l->by_key && i < l->item_count; i++) {
		if (l->items[i].target == TARGET_REFUSED)
			only.items[only.item_count++] = l->items[i];
	}
	for (uint32_t t = 0; !l->by_key && t < l->topic_count; t++) {
		if (l->topics[t].is_refused)
			add_topic(&only, l, &l->topics[t]);
	}
	return only;
}

/* --- an answer --- */

void reserved_leave_out(const struct reserved *v, struct layout *answer)
{
	uint32_t n = 0;

	for (struct layout_topic *t = answer->topics; t < answer->topics + answer->topic_count;
	     t++) {
		if (reserved_is_topic(v, t->name, t->name_len))
			t->count = 0;
	}
	for (uint32_t i = 0; answer->by_key && i < answer->item_count; i++) {
		if (answer->key_is != GROUP_ID ||
		    !is_group(v, answer->items[i].key, answer->items[i].key_len))
			answer->items[n++] = answer->items[i];
	}
	if (answer->by_key)
		answer->item_count = n;
}

/* One pass over an answer's outermost list; it takes no memory that grows with the answer. */
struct listing {
	const struct reserved *reserved; /* NULL: nothing is left out */
	enum kis list;			 /* NOTHING: it has not begun */
	uint32_t at, from, to;		 /* of its count, of its first entry, behind its last one */
	uint32_t count, entry_at;
	bool is_own;
	uint32_t cut_from, cut_to; /* the nodes' own entry; alike: there is none */
};

static void end_entry(struct listing *l, uint32_t at)
{
	if (l->is_own) {
		l->cut_from = l->entry_at;
		l->cut_to = at;
	}
	l->is_own = false;
	l->entry_at = at;
}

static void see(struct listing *l, const struct walk_event *e)
{
	if (e->kind == WALK_ARRAY && l->list == NOTHING && (e->is == TOPICS || e->is == KEYS)) {
		l->list = e->is;
		l->at = e->at;
		l->from = l->to = l->entry_at = e->at + e->size;
		l->count = e->number > 0 ? (uint32_t)e->number : 0;
	} else if (e->kind == WALK_ELEMENT && e->is == l->list) {
		end_entry(l, e->at);
	} else if (e->kind == WALK_ARRAY_END && e->is == l->list) {
		end_entry(l, e->at);
		l->to = e->at;
	} else if (e->kind == WALK_VALUE && e->is == TOPIC_NAME && l->list == TOPICS &&
		   l->reserved != NULL && e->number >= 0 &&
		   reserved_is_topic(l->reserved, e->bytes, e->len)) {
		l->is_own = true;
	}
}

/* False: it contradicts its schema, or has no list. */
static bool list(struct listing *l, const struct reserved_answer *of)
{
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	walk_init(&w, api_plan(of->api, of->version, RESPONSE), of->size);
	walk_input(&w, of->body, of->size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT)
		see(l, &e);
	return got == WALK_DONE && l->list != NOTHING;
}

bool reserved_read_entries(const struct reserved_answer *of, struct reserved_entries *entries)
{
	struct listing l = { 0 };

	if (!list(&l, of))
		return false;
	*entries = (struct reserved_entries){ of->body + l.from, l.to - l.from, l.count };
	return true;
}

bool reserved_amend(const struct reserved *v, struct gather *g, const struct reserved_answer *of)
{
	struct listing l = { .reserved = v };
	bool compact = api_is_flexible(of->api, of->version);
	bool cuts;

	if (!list(&l, of))
		return false;
	cuts = l.cut_to > l.cut_from;
	gather_piece(g, of->body, l.at);
	edits_gather_count(g, l.count - cuts + of->more.count, compact);
	gather_piece(g, of->body + l.from, (cuts ? l.cut_from : l.to) - l.from);
	if (cuts)
		gather_piece(g, of->body + l.cut_to, l.to - l.cut_to);
	gather_piece(g, of->more.bytes, of->more.size);
	gather_piece(g, of->body + l.to, of->size - l.to);
	return true;
}
