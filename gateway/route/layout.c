#include "route/layout.h"

#include "kafka/wire.h"
#include "util/hash.h"

#include <stdlib.h>
#include <string.h>

void layout_init(struct layout *l, struct arena *arena)
{
	*l = (struct layout){ .arena = arena };
}

/* Room for one more of `size` bytes, within what is free; the old memory stays with the arena. */
static void *grown(struct layout *l, void *old, uint32_t count, uint32_t *cap, size_t size)
{
	void *more;

	if (l->only_counts || count < *cap)
		return old;
	if (count >= LAYOUT_FEW) {
		l->is_full = true;
		return old;
	}
	*cap = count > 0 ? 2 * count : 1;
	more = arena_alloc(l->arena, *cap * size);
	if (count > 0)
		memcpy(more, old, count * size);
	return more;
}

static struct layout_section *last_section(struct layout *l)
{
	return &l->sections[l->only_counts ? 0 : l->section_count - 1];
}

static struct layout_topic *last_topic(struct layout *l)
{
	return &l->topics[l->only_counts ? 0 : l->topic_count - 1];
}

static struct layout_item *last_item(struct layout *l)
{
	return &l->items[l->only_counts ? 0 : l->item_count - 1];
}

static void add_section(struct layout *l, uint32_t at)
{
	l->sections = grown(l, l->sections, l->section_count, &l->section_cap, sizeof *l->sections);
	if (l->is_full)
		return;
	if (l->section_count > 0)
		last_section(l)->end = at;
	l->section_count++;
	*last_section(l) = (struct layout_section){ .at = at, .first = l->topic_count };
	l->in_section = true;
}

/* The topic being read ends; what is read before the first one of a section is none. */
static void end_topic(struct layout *l, uint32_t at)
{
	if (l->has_sections ? last_section(l)->count > 0 : l->topic_count > 0)
		last_topic(l)->end = at;
}

static void add_topic(struct layout *l, uint32_t at)
{
	uint32_t section = l->has_sections ? l->section_count - 1 : 0;

	l->topics = grown(l, l->topics, l->topic_count, &l->topic_cap, sizeof *l->topics);
	if (l->is_full)
		return;
	end_topic(l, at);
	l->topic_count++;
	*last_topic(l) =
		(struct layout_topic){ .section = section, .at = at, .first = l->item_count };
	if (l->has_sections)
		last_section(l)->count++;
}

static void add_item(struct layout *l, uint32_t at)
{
	l->items = grown(l, l->items, l->item_count, &l->item_cap, sizeof *l->items);
	if (l->is_full)
		return;
	if (l->in_item)
		last_item(l)->end = at;
	l->item_count++;
	*last_item(l) = (struct layout_item){ .topic = l->topic_count > 0 ? l->topic_count - 1 : 0,
					      .partition = -1,
					      .leader_epoch = -1,
					      .at = at,
					      .end = at,
					      .producer = -1,
					      .target = TARGET_UNKNOWN };
	if (!l->by_key)
		last_topic(l)->count++;
	l->in_item = true;
}

static bool is_outermost(const struct layout *l, enum kis is)
{
	return is == SECTIONS || is == KEYS || (is == TOPICS && !l->has_sections);
}

static void outermost_begins(struct layout *l, const struct walk_event *e, uint32_t count)
{
	l->has_array = true;
	l->has_sections = e->is == SECTIONS;
	l->by_key = e->is == KEYS;
	l->array_null = e->number < 0;
	l->array_at = e->at;
	l->array_body = e->at + e->size;
	l->topics_said = count;
	if (l->by_key)
		l->items_said = count;
	l->all_seen = count == 0;
}

static void array_begins(struct layout *l, const struct walk_event *e)
{
	uint32_t count = e->number > 0 ? (uint32_t)e->number : 0;

	if (l->only_counts &&
	    count > LAYOUT_MOST - l->section_count - l->topic_count - l->item_count) {
		l->is_full = true;
	} else if (is_outermost(l, e->is)) {
		outermost_begins(l, e, count);
	} else if (e->is == TOPICS) {
		last_section(l)->count_at = e->at;
		last_section(l)->topics_at = e->at + e->size;
	} else if (l->topic_count > 0) {
		last_topic(l)->count_at = e->at;
		last_topic(l)->items_at = e->at + e->size;
		l->items_said += count;
		if (count == 0 && !l->has_sections && l->topic_count == l->topics_said)
			l->all_seen = true;
	}
}

static void array_ends(struct layout *l, const struct walk_event *e)
{
	if (l->in_item)
		last_item(l)->end = e->at;
	l->in_item = false;
	if (e->is == PARTITIONS) {
		if (l->topic_count > 0)
			last_topic(l)->items_end = e->at;
		return;
	}
	if (e->is == SECTIONS) {
		if (l->section_count > 0)
			last_section(l)->end = e->at;
		l->in_section = false;
		l->all_seen = true;
	} else {
		end_topic(l, e->at);
	}
	if (is_outermost(l, e->is))
		l->array_end = e->at;
	else
		last_section(l)->topics_end = e->at;
}

static bool is_level(enum kis is)
{
	return is == SECTIONS || is == TOPICS || is == PARTITIONS || is == KEYS;
}

/* Arrays of a key's own (the topics of one group) are none of our levels. */
static void level_event(struct layout *l, const struct walk_event *e)
{
	if (l->by_key && e->is != KEYS)
		return;
	if (e->kind == WALK_ARRAY)
		array_begins(l, e);
	else if (e->kind == WALK_ARRAY_END)
		array_ends(l, e);
	else if (e->is == SECTIONS)
		add_section(l, e->at);
	else if (e->is == TOPICS)
		add_topic(l, e->at);
	else
		add_item(l, e->at);
}

/* The index or key of the newest item. */
static void item_is_known(struct layout *l)
{
	if (l->has_sections || l->item_count < l->items_said ||
	    (!l->by_key && l->topic_count < l->topics_said))
		return;
	l->all_seen = true;
}

/* Memory for a copy of so many bytes. */
static size_t copy_size(uint32_t n)
{
	return n > 0 ? arena_size(n) : 0;
}

static void key_value(struct layout *l, const struct walk_event *e)
{
	const uint8_t *key = e->number < 0 ? NULL : e->bytes;

	l->kept += copy_size(e->len);
	if (l->in_item && l->by_key) {
		l->key_is = e->is;
		last_item(l)->key = key;
		last_item(l)->key_len = e->len;
		item_is_known(l);
	} else if (!l->has_array) {
		l->has_key = true;
		l->key_is = e->is;
		l->key = key;
		l->key_len = e->len;
	}
}

static void item_value(struct layout *l, const struct walk_event *e)
{
	struct layout_item *item = last_item(l);

	switch (e->is) {
	case PARTITION:
		if (l->by_key)
			break; /* of a topic of a key's own */
		item->partition = (int32_t)e->number;
		item_is_known(l);
		break;
	case ERROR_CODE:
		if (item->error == 0)
			item->error = (int16_t)e->number;
		l->has_item_error |= e->number != 0;
		break;
	case LEADER_EPOCH:
		item->leader_epoch = (int32_t)e->number;
		break;
	case RESOURCE_TYPE:
		item->resource_type = (int16_t)e->number;
		break;
	default:
		break;
	}
}

static struct layout_value *value_of(struct layout *l, enum kis is)
{
	switch (is) {
	case ACKS:
		return &l->acks;
	case TIMEOUT_MS:
		return &l->timeout_ms;
	case MAX_WAIT_MS:
		return &l->max_wait_ms;
	case MIN_BYTES:
		return &l->min_bytes;
	case MAX_BYTES:
		return &l->max_bytes;
	case SESSION_ID:
		return &l->session_id;
	case SESSION_EPOCH:
		return &l->session_epoch;
	case MEMBER_ID:
		return &l->member;
	case RACK_ID:
		return &l->rack;
	case REPLICA_ID:
		return &l->replica;
	case ISOLATION:
		return &l->isolation;
	case THROTTLE_MS:
		return &l->throttle;
	case ERROR_CODE:
		return &l->error;
	case COORDINATOR_TYPE:
		return &l->key_type;
	default:
		return NULL;
	}
}

/* What stands in a section and in none of its items. */
static void section_value(struct layout *l, const struct walk_event *e)
{
	struct layout_section *s = last_section(l);
	const struct layout_value v = { e->number, e->at, e->size };

	if (e->is == SECTION_ID) {
		l->kept += copy_size(e->len);
		s->id = e->bytes;
		s->id_len = e->len;
	} else if (e->is == ERROR_CODE) {
		s->error = v;
		l->has_item_error |= e->number != 0;
	} else if (e->is == SUM && s->sum_count < LAYOUT_SUMS) {
		s->sums[s->sum_count++] = v;
	}
}

static void value_event(struct layout *l, const struct walk_event *e)
{
	struct layout_value *v;

	switch (e->is) {
	case TOPIC_NAME:
		if (l->topic_count > 0 && !l->by_key && e->number >= 0) {
			l->kept += copy_size(e->len);
			last_topic(l)->name = e->bytes;
			last_topic(l)->name_len = e->len;
		}
		return;
	case TOPIC_ID:
		if (l->topic_count > 0 && !l->by_key) {
			l->kept += copy_size(e->len);
			last_topic(l)->id = e->bytes;
		}
		return;
	case NAMED_GROUP:
		l->named_group = e->number >= 0 ? e->bytes : NULL;
		l->named_group_len = e->len;
		return;
	case GROUP_ID:
	case TRANSACTIONAL_ID:
	case COORDINATOR_KEY:
	case RESOURCE_NAME:
		key_value(l, e);
		return;
	default:
		break;
	}
	if (l->in_item) {
		if (!l->in_tag || e->is != LEADER_EPOCH)
			item_value(l, e);
		return;
	}
	if (l->in_section) {
		section_value(l, e);
		return;
	}
	v = value_of(l, e->is);
	if (v != NULL && (v->size == 0 || e->is != ERROR_CODE)) /* the first error is the top's */
		*v = (struct layout_value){ e->number, e->at, e->size };
}

static void records_begin(struct layout *l, const struct walk_event *e)
{
	l->record_bytes += e->len;
	l->record_runs++;
	if (!l->in_item)
		return;
	last_item(l)->records_at = e->at;
	last_item(l)->records_size = e->size;
	last_item(l)->records_len = e->len;
}

void layout_event(struct layout *l, const struct walk_event *e)
{
	if (l->is_full)
		return;
	switch (e->kind) {
	case WALK_ARRAY:
	case WALK_ELEMENT:
	case WALK_ARRAY_END:
		if (is_level(e->is))
			level_event(l, e);
		break;
	case WALK_VALUE:
		value_event(l, e);
		break;
	case WALK_TAG:
		l->in_tag = true;
		if (e->is == NODE_ENDPOINTS)
			l->endpoints = (struct layout_value){ e->number, e->at, e->size };
		break;
	case WALK_TAG_END:
		l->in_tag = false;
		break;
	case WALK_RUN:
		if (e->is == RECORD_BYTES)
			records_begin(l, e);
		break;
	}
}

static const uint8_t *copied(struct arena *arena, const uint8_t *bytes, uint32_t n)
{
	if (bytes == NULL)
		return NULL;
	return n > 0 ? arena_copy(arena, bytes, n) : (const uint8_t *)"";
}

void layout_keep(struct layout *l)
{
	for (struct layout_section *s = l->sections; s < l->sections + l->section_count; s++)
		s->id = copied(l->arena, s->id, s->id_len);
	for (struct layout_topic *t = l->topics; t < l->topics + l->topic_count; t++) {
		t->name = copied(l->arena, t->name, t->name_len);
		t->id = copied(l->arena, t->id, WIRE_UUID);
	}
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++)
		i->key = copied(l->arena, i->key, i->key_len);
	l->key = copied(l->arena, l->key, l->key_len);
	l->named_group = copied(l->arena, l->named_group, l->named_group_len);
}

bool layout_same_topic(const struct layout_topic *a, const struct layout_topic *b)
{
	if (a->name != NULL && b->name != NULL)
		return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
	return a->id != NULL && b->id != NULL && memcmp(a->id, b->id, WIRE_UUID) == 0;
}

uint64_t layout_topic_hash(const struct layout_topic *t)
{
	return t->name != NULL ? hash_bytes(t->name, t->name_len) : hash_bytes(t->id, WIRE_UUID);
}

uint64_t layout_partition_hash(const struct layout_topic *t, int32_t partition)
{
	const uint64_t pair[] = { layout_topic_hash(t), (uint32_t)partition };

	return hash_bytes(pair, sizeof pair);
}

static bool fill(struct layout *l, const struct plan *plan, const uint8_t *body, uint32_t size)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got = WALK_MORE;

	walk_init(&w, plan, size);
	walk_input(&w, body, size);
	while (!l->is_full && (got = walk_next(&w, &e)) == WALK_EVENT)
		layout_event(l, &e);
	l->done = !l->is_full && got == WALK_DONE;
	return l->done;
}

bool layout_count(struct layout_sum *sum, const struct plan *plan, const uint8_t *body,
		  uint32_t size)
{
	sum->layout = (struct layout){ .only_counts = true };
	sum->layout.sections = &sum->section;
	sum->layout.topics = &sum->topic;
	sum->layout.items = &sum->item;
	return fill(&sum->layout, plan, body, size);
}

size_t layout_bytes(const struct layout_sum *sum)
{
	const struct layout *l = &sum->layout;

	return arena_size(l->section_count * sizeof *l->sections) +
	       arena_size(l->topic_count * sizeof *l->topics) +
	       arena_size(l->item_count * sizeof *l->items) + l->kept;
}

void layout_room(struct layout *l, const struct layout_sum *sum)
{
	l->section_cap = sum->layout.section_count;
	l->topic_cap = sum->layout.topic_count;
	l->item_cap = sum->layout.item_count;
	l->sections = arena_alloc(l->arena, l->section_cap * sizeof *l->sections);
	l->topics = arena_alloc(l->arena, l->topic_cap * sizeof *l->topics);
	l->items = arena_alloc(l->arena, l->item_cap * sizeof *l->items);
}

void layout_read_counted(struct layout *l, const struct layout_sum *sum, const struct plan *plan,
			 const uint8_t *body, uint32_t size)
{
	layout_room(l, sum);
	if (!fill(l, plan, body, size))
		abort(); /* it was counted */
}

bool layout_read(struct layout *l, const struct plan *plan, const uint8_t *body, uint32_t size)
{
	struct layout_sum sum;

	if (!layout_count(&sum, plan, body, size))
		return false;
	layout_read_counted(l, &sum, plan, body, size);
	return true;
}

/* A topic that has no items yet; in its section, where there are any. */
static void add_topic_of(struct layout *some, const struct layout_topic *topic)
{
	struct layout_section *s = some->section_count > 0 ? &some->sections[topic->section] : NULL;

	if (s != NULL && s->count++ == 0)
		s->first = some->topic_count;
	some->topics[some->topic_count] = *topic;
	some->topics[some->topic_count].first = some->item_count;
	some->topics[some->topic_count++].count = 0;
}

struct layout layout_some(const struct layout *l, struct arena *arena,
			  bool (*has)(const void *ctx, const struct layout *l,
				      const struct layout_item *i),
			  const void *ctx)
{
	struct layout some = *l;
	uint32_t items = 0, topics = 0, last = UINT32_MAX;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (!has(ctx, l, i))
			continue;
		items++;
		topics += !l->by_key && i->topic != last;
		last = i->topic;
	}
	some.items = arena_alloc(arena, items * sizeof *some.items);
	some.topics = arena_alloc(arena, topics * sizeof *some.topics);
	some.sections = arena_copy(arena, l->sections, l->section_count * sizeof *some.sections);
	some.item_count = some.topic_count = 0;
	for (uint32_t s = 0; s < some.section_count; s++)
		some.sections[s].count = 0;
	last = UINT32_MAX;
	for (const struct layout_item *i = l->items; some.item_count < items; i++) {
		if (!has(ctx, l, i))
			continue;
		if (!l->by_key && i->topic != last)
			add_topic_of(&some, &l->topics[i->topic]);
		last = i->topic;
		some.items[some.item_count] = *i;
		if (!l->by_key) {
			some.topics[some.topic_count - 1].count++;
			some.items[some.item_count].topic = some.topic_count - 1;
		}
		some.item_count++;
	}
	return some;
}
