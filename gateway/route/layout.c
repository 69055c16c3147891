#include "route/layout.h"

#include <string.h>

void layout_init(struct layout *l, struct arena *arena)
{
	*l = (struct layout){ .arena = arena };
}

/* Room for one more of `size` bytes; the old memory stays with the arena. */
static void *grown(struct arena *arena, void *old, uint32_t count, uint32_t *cap, size_t size)
{
	void *more;

	if (count < *cap)
		return old;
	*cap = count > 0 ? 2 * count : 4;
	more = arena_alloc(arena, *cap * size);
	if (count > 0)
		memcpy(more, old, count * size);
	return more;
}

static struct layout_section *last_section(struct layout *l)
{
	return &l->sections[l->section_count - 1];
}

static struct layout_topic *last_topic(struct layout *l)
{
	return &l->topics[l->topic_count - 1];
}

static struct layout_item *last_item(struct layout *l)
{
	return &l->items[l->item_count - 1];
}

static void add_section(struct layout *l, uint32_t at)
{
	l->sections = grown(l->arena, l->sections, l->section_count, &l->section_cap,
			    sizeof *l->sections);
	if (l->section_count > 0)
		last_section(l)->end = at;
	l->sections[l->section_count++] =
		(struct layout_section){ .at = at, .first = l->topic_count };
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

	l->topics = grown(l->arena, l->topics, l->topic_count, &l->topic_cap, sizeof *l->topics);
	end_topic(l, at);
	l->topics[l->topic_count++] =
		(struct layout_topic){ .section = section, .at = at, .first = l->item_count };
	if (l->has_sections)
		last_section(l)->count++;
}

static void add_item(struct layout *l, uint32_t at)
{
	l->items = grown(l->arena, l->items, l->item_count, &l->item_cap, sizeof *l->items);
	if (l->in_item)
		last_item(l)->end = at;
	l->items[l->item_count++] =
		(struct layout_item){ .topic = l->topic_count > 0 ? l->topic_count - 1 : 0,
				      .partition = -1,
				      .leader_epoch = -1,
				      .at = at,
				      .end = at,
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

	if (is_outermost(l, e->is)) {
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

static void key_value(struct layout *l, const struct walk_event *e)
{
	const uint8_t *key = e->number < 0 ? NULL : e->bytes;

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
			last_topic(l)->name = e->bytes;
			last_topic(l)->name_len = e->len;
		}
		return;
	case TOPIC_ID:
		if (l->topic_count > 0 && !l->by_key)
			last_topic(l)->id = e->bytes;
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
	uint8_t *copy;

	if (bytes == NULL)
		return NULL;
	copy = arena_alloc(arena, n + 1);
	memcpy(copy, bytes, n);
	return copy;
}

void layout_keep(struct layout *l)
{
	for (struct layout_section *s = l->sections; s < l->sections + l->section_count; s++)
		s->id = copied(l->arena, s->id, s->id_len);
	for (struct layout_topic *t = l->topics; t < l->topics + l->topic_count; t++) {
		t->name = copied(l->arena, t->name, t->name_len);
		t->id = copied(l->arena, t->id, 16);
	}
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++)
		i->key = copied(l->arena, i->key, i->key_len);
	l->key = copied(l->arena, l->key, l->key_len);
}

bool layout_same_topic(const struct layout_topic *a, const struct layout_topic *b)
{
	if (a->name != NULL && b->name != NULL)
		return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
	return a->id != NULL && b->id != NULL && memcmp(a->id, b->id, 16) == 0;
}

bool layout_read(struct layout *l, const struct plan *plan, const uint8_t *body, uint32_t size)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, plan, size);
	walk_input(&w, body, size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT)
		layout_event(l, &e);
	l->done = got == WALK_DONE;
	return l->done;
}
