#include "topology/ask.h"

#include "kafka/encode.h"
#include "util/mem.h"

static const char software_name[] = "anyport", software_version[] = "1.0";

/* What a request is about; the fields that don't matter to it are unused. */
struct question {
	bool all; /* topics */
	int version;
	bool by_id;
	int type; /* of coordinator */
	const struct name *items;
	size_t count;
};

static void give_text(struct encode_value *v, const char *text)
{
	v->bytes = (const uint8_t *)text;
	v->len = (uint32_t)strlen(text);
}

static void give_name(struct encode_value *v, const struct name *name)
{
	v->bytes = name->bytes;
	v->len = name->len;
}

/* All topics: null, but in version 0 an empty list says so. */
static int64_t topic_count(const struct question *q)
{
	if (q->all)
		return q->version > 0 ? -1 : 0;
	return (int64_t)q->count;
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct question *q = ctx;

	switch (f->is) {
	case SOFTWARE_NAME:
		give_text(v, software_name);
		return true;
	case SOFTWARE_VERSION:
		give_text(v, software_version);
		return true;
	case TOPICS:
		v->number = topic_count(q);
		return true;
	case TOPIC_NAME:
		if (q->by_id)
			*v = (struct encode_value){ .number = -1 };
		else
			give_name(v, &q->items[f->index[0]]);
		return true;
	case TOPIC_ID:
		if (!q->by_id)
			return false;
		give_name(v, &q->items[f->index[0]]);
		return true;
	case AUTO_CREATE:
		v->number = 0;
		return true;
	case KEYS:
		v->number = (int64_t)q->count;
		return true;
	case COORDINATOR_KEY:
		give_name(v, &q->items[f->depth > 0 ? f->index[0] : 0]);
		return true;
	case COORDINATOR_TYPE:
		v->number = q->type;
		return true;
	default:
		return false;
	}
}

static bool encode(int api_key, const struct question *q, struct buf *out)
{
	buf_clear(out);
	return encode_message(api_of(api_key), q->version, REQUEST, fill, (void *)q, out);
}

bool ask_versions(int version, struct buf *out)
{
	const struct question q = { .version = version };

	return encode(KEY_API_VERSIONS, &q, out);
}

bool ask_all_topics(int version, struct buf *out)
{
	const struct question q = { .version = version, .all = true };

	return encode(KEY_METADATA, &q, out);
}

bool ask_topics(int version, const struct names *names, bool by_id, struct buf *out)
{
	const struct question q = {
		.version = version, .by_id = by_id, .items = names->all, .count = names->count
	};

	return encode(KEY_METADATA, &q, out);
}

bool ask_coordinators(int version, int type, const struct name *keys, size_t count, struct buf *out)
{
	const struct question q = {
		.version = version, .type = type, .items = keys, .count = count
	};

	return encode(KEY_FIND_COORDINATOR, &q, out);
}
