#include "route/stub.h"

#include "kafka/encode.h"
#include "kafka/wire.h"

enum {
	PROBE_MOST = 64 * 1024,
	LENGTHS = 8, /* a count and a name's length, longer than those of nothing */
};

struct stub {
	const struct layout *request;
	int code;
	bool at_top;
};

/* The topic that the field stands in, whose array is the depth-th around it. */
static const struct layout_topic *topic_at(const struct stub *s, const struct encode_field *f,
					   int depth)
{
	uint32_t first = 0;

	if (depth > 0 && f->in[depth - 1] == SECTIONS)
		first = s->request->sections[f->index[depth - 1]].first;
	return &s->request->topics[first + f->index[depth]];
}

static uint32_t count_of_topics(const struct stub *s, const struct encode_field *f)
{
	if (encode_in(f) == SECTIONS)
		return s->request->sections[f->index[f->depth - 1]].count;
	return s->request->topic_count;
}

static bool fill_count(const struct stub *s, const struct encode_field *f, struct encode_value *v)
{
	const struct layout *l = s->request;

	if (s->at_top || l->by_key != (f->is == KEYS))
		v->number = 0;
	else if (f->is == SECTIONS)
		v->number = l->section_count;
	else if (f->is == TOPICS)
		v->number = count_of_topics(s, f);
	else if (f->is == PARTITIONS)
		v->number = topic_at(s, f, f->depth - 1)->count;
	else
		v->number = l->item_count;
	return true;
}

/* As the request has it: a name, or a number of eight bytes. */
static bool fill_section(const struct stub *s, const struct encode_field *f, struct encode_value *v)
{
	const struct layout_section *section;

	if (encode_in(f) != SECTIONS)
		return false;
	section = &s->request->sections[f->index[f->depth - 1]];
	v->bytes = section->id;
	v->len = section->id_len;
	if (f->row->type == INT64 && section->id_len == 8)
		v->number = (int64_t)wire_get64(section->id);
	return section->id != NULL;
}

static bool fill_topic(const struct stub *s, const struct encode_field *f, struct encode_value *v)
{
	const struct layout_topic *t;

	if (encode_in(f) != TOPICS)
		return false;
	t = topic_at(s, f, f->depth - 1);
	v->bytes = f->is == TOPIC_NAME ? t->name : t->id;
	v->len = f->is == TOPIC_NAME ? t->name_len : WIRE_UUID;
	return v->bytes != NULL;
}

static const struct layout_item *item_of(const struct stub *s, const struct encode_field *f)
{
	if (encode_in(f) == KEYS && s->request->by_key)
		return &s->request->items[f->index[f->depth - 1]];
	if (encode_in(f) != PARTITIONS || s->request->by_key)
		return NULL;
	return &s->request->items[topic_at(s, f, f->depth - 2)->first + f->index[f->depth - 1]];
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct stub *s = ctx;
	const struct layout_item *item;

	switch (f->is) {
	case SECTIONS:
	case TOPICS:
	case PARTITIONS:
	case KEYS:
		return fill_count(s, f, v);
	case SECTION_ID:
		return fill_section(s, f, v);
	case TOPIC_NAME:
	case TOPIC_ID:
		return fill_topic(s, f, v);
	case ERROR_CODE:
		item = f->depth > 0 ? item_of(s, f) : NULL;
		if (item != NULL && item->error != 0) {
			v->number = item->error;
			return true;
		}
		/* at the top only where the top speaks for all of it */
		v->number = f->depth > 0 || s->at_top || !s->request->has_array ||
					    s->request->has_key
				    ? s->code
				    : 0;
		return true;
	case PARTITION:
		item = item_of(s, f);
		v->number = item != NULL ? item->partition : 0;
		return item != NULL;
	case RESOURCE_TYPE:
		item = item_of(s, f);
		v->number = item != NULL ? item->resource_type : 0;
		return item != NULL;
	case GROUP_ID:
	case TRANSACTIONAL_ID:
	case COORDINATOR_KEY:
	case RESOURCE_NAME:
		item = item_of(s, f);
		if (item == NULL || item->key == NULL)
			return false;
		v->bytes = item->key;
		v->len = item->key_len;
		return true;
	default:
		return false;
	}
}

bool stub_answer(struct buf *out, const struct kapi *api, int version, const struct layout *request,
		 int code, bool at_top)
{
	struct stub s = { .request = request, .code = code, .at_top = at_top };

	return encode_message(api, version, RESPONSE, fill, &s, out);
}

/* How long a stub is of so many sections, topics in each of them and items in each of those, that
 * have no names. */
static size_t size_of(const struct kapi *api, int version, const struct layout *like,
		      uint32_t sections, uint32_t topics, uint32_t items)
{
	struct layout_section section = { .count = topics };
	struct layout_topic topic = { .count = items };
	struct layout_item item = { 0 };
	struct layout l = *like;
	struct buf out;
	size_t n;

	l.sections = &section;
	l.topics = &topic;
	l.items = &item;
	l.section_count = like->section_count > 0 ? sections : 0;
	l.topic_count = topics;
	l.item_count = items;
	buf_init(&out, PROBE_MOST);
	n = stub_answer(&out, api, version, &l, 0, false) ? out.len : PROBE_MOST;
	buf_deinit(&out);
	return n;
}

size_t stub_most(const struct kapi *api, int version, const struct layout *l)
{
	const size_t none = size_of(api, version, l, 0, 0, 0);
	const size_t section = size_of(api, version, l, 1, 0, 0);
	const size_t topic = size_of(api, version, l, 1, 1, 0);
	const size_t item = size_of(api, version, l, 1, 1, 1);
	size_t n = none + LENGTHS + l->section_count * (section - none + LENGTHS) +
		   l->topic_count * (topic - section + LENGTHS) +
		   l->item_count * (item - topic + LENGTHS);

	for (uint32_t i = 0; i < l->section_count; i++)
		n += l->sections[i].id_len;
	for (uint32_t i = 0; i < l->topic_count; i++)
		n += l->topics[i].name_len;
	for (uint32_t i = 0; i < l->item_count; i++)
		n += l->items[i].key_len;
	return n;
}

bool stub_has_top(const struct kapi *api, int version)
{
	for (const struct kfield *row = api->response; row->type != END; row = kfield_behind(row)) {
		struct kversions v;

		if (row->is == ERROR_CODE && kversions_parse(row->versions, &v) &&
		    kversions_has(v, version))
			return true;
	}
	return false;
}
