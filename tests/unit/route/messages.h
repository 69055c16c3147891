/* messages.h - messages of any API about given topics and partitions, or keys.
 *
 * What a message says of an item depends on the item alone, never on what else
 * the message is about.  So a part of a request, or a merged answer, must be
 * byte for byte what is made here for the items that it should have.
 */
#ifndef UNIT_ROUTE_MESSAGES_H
#define UNIT_ROUTE_MESSAGES_H

#include "kafka/encode.h"
#include "kafka/head.h"
#include "kafka/wire.h"
#include "route/layout.h"
#include "util/gather.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ENTRIES = 48, EACH = 6, MESSAGE_MAX = 1 << 20 };

/* A topic and its partitions; where a message is about keys: a key. */
struct entry {
	int name, count;
	int32_t partitions[EACH];
};

struct message {
	struct entry entries[ENTRIES];
	uint32_t count;
	bool null;	/* the outer array is null */
	bool endpoints; /* an answer names brokers' addresses */
	int throttle, error;
	int64_t max_bytes; /* of a Fetch; 0: the most that there is */
	const uint32_t
		*records; /* how many bytes each partition of the first topic has; NULL: any */
	int version;	  /* set by message_encode */
};

static const char message_text[] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char message_host[] = "secret.host";
static uint8_t message_records[4096];

/* Names have different lengths; the id is the name's number. */
static inline void message_name(enum kis is, int name, struct encode_value *v)
{
	static uint8_t ids[256][16];

	ids[name][0] = 1;
	ids[name][15] = (uint8_t)name;
	v->bytes = is == TOPIC_ID ? ids[name] : (const uint8_t *)message_text + name % 30;
	v->len = is == TOPIC_ID ? 16 : 1 + (uint32_t)name % 31;
	v->number = v->len;
}

static inline const struct entry *message_entry(const struct message *m,
						const struct encode_field *f)
{
	for (int i = 0; i < f->depth; i++) {
		if (f->in[i] == TOPICS || f->in[i] == KEYS)
			return &m->entries[f->index[i]];
	}
	return NULL;
}

/* A number for the item that the field belongs to. */
static inline uint32_t message_seed(const struct message *m, const struct encode_field *f)
{
	const struct entry *e = message_entry(m, f);
	uint32_t seed = e != NULL ? 7 + 31 * (uint32_t)e->name : 3;

	if (f->depth > 1 && f->in[1] == PARTITIONS)
		seed += 1 + (uint32_t)e->partitions[f->index[1]];
	return seed;
}

static inline bool message_may_be_null(const struct message *m, const struct encode_field *f)
{
	struct kversions v;

	return !f->is_element && kversions_parse(f->row->nullable, &v) &&
	       kversions_has(v, m->version);
}

/* A field that nobody cares for. */
static inline bool message_other(const struct message *m, const struct encode_field *f,
				 struct encode_value *v)
{
	enum ktype type = f->is_element ? f->row->of : f->row->type;
	uint32_t seed = message_seed(m, f);
	bool null = message_may_be_null(m, f) && seed % 5 == 0;

	*v = (struct encode_value){ .number = null ? -1 : (int64_t)(seed % 100) };
	switch (type) {
	case ARRAY:
		v->number = null ? -1 : (int64_t)(seed % 3);
		break;
	case STRUCT:
		v->number = null ? -1 : 1;
		break;
	case STRING:
	case BYTES:
		v->bytes = null ? NULL : (const uint8_t *)message_text;
		v->len = null ? 0 : seed % 60;
		break;
	case RECORDS:
		v->bytes = null ? NULL : message_records;
		v->len = null ? 0 : seed % 4 * 1000;
		break;
	case BOOL:
		v->number &= 1;
		break;
	default:
		break;
	}
	return true;
}

static inline bool message_fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct message *m = ctx;
	enum kis in = encode_in(f);
	const struct entry *e = message_entry(m, f);

	switch (f->is) {
	case TOPICS:
	case KEYS:
		v->number = m->null ? -1 : (int64_t)m->count;
		return true;
	case PARTITIONS:
		v->number = e->count;
		return true;
	case PARTITION:
		v->number = e->partitions[f->index[1]];
		return true;
	case TOPIC_NAME:
	case TOPIC_ID:
	case GROUP_ID:
	case TRANSACTIONAL_ID:
	case COORDINATOR_KEY:
	case RESOURCE_NAME:
		message_name(f->is, e != NULL ? e->name : 9, v);
		return true;
	case RESOURCE_TYPE:
		v->number = e->name % 2 ? 2 : 4;
		return true;
	case ERROR_CODE:
		v->number = f->depth > 0 && (in == PARTITIONS || in == KEYS) ? m->error : 0;
		return true;
	case THROTTLE_MS:
		v->number = m->throttle;
		return true;
	case MAX_BYTES:
		v->number = m->max_bytes != 0 ? m->max_bytes : INT32_MAX;
		return true;
	case RECORD_BYTES:
		if (m->records == NULL || f->index[0] > 0)
			return message_other(m, f, v);
		v->bytes = message_records;
		v->len = m->records[e->partitions[f->index[1]]];
		return true;
	case NODE_ENDPOINTS:
		v->number = 2;
		return m->endpoints;
	case HOST:
		v->bytes = (const uint8_t *)message_host;
		v->len = sizeof message_host - 1;
		return true;
	default:
		return message_other(m, f, v);
	}
}

/* The body; the caller frees it. */
static inline struct buf message_encode(const struct message *m, const struct kapi *api,
					int version, enum kdirection d)
{
	struct message copy = *m;
	struct buf b;

	copy.version = version;
	buf_init(&b, MESSAGE_MAX);
	assert_true(encode_message(api, version, d, message_fill, &copy, &b));
	return b;
}

/* A request frame around a body, which is freed. */
static inline struct buf message_frame(const struct kapi *api, int version, struct buf body)
{
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	buf_append32(&b, 0);
	buf_append16(&b, (uint16_t)api->key);
	buf_append16(&b, (uint16_t)version);
	buf_append32(&b, 77);
	buf_append16(&b, 6);
	buf_append(&b, "client", 6);
	if (api_is_flexible(api, version)) {
		buf_append(&b, "\1\5\3abc", 6); /* a tagged field that nobody knows */
	}
	buf_append(&b, body.data, body.len);
	wire_put32(b.data, (uint32_t)b.len - HEAD_SIZE_BYTES);
	buf_deinit(&body);
	return b;
}

static inline bool entry_has(const struct entry *e, int32_t partition)
{
	for (int i = 0; i < e->count; i++) {
		if (e->partitions[i] == partition)
			return true;
	}
	return false;
}

static inline struct entry *message_find(struct message *m, int name)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->entries[i].name == name)
			return &m->entries[i];
	}
	return NULL;
}

/* What a broker answers about: each topic and each item once, in order. */
static inline struct message message_answer(const struct message *request, bool by_key)
{
	struct message a = *request;

	a.count = 0;
	for (uint32_t i = 0; i < request->count; i++) {
		const struct entry *e = &request->entries[i];
		struct entry *to = message_find(&a, e->name);

		if (to == NULL && (by_key || e->count > 0)) {
			to = &a.entries[a.count++];
			*to = (struct entry){ .name = e->name };
		}
		for (int k = 0; k < e->count; k++) {
			if (!entry_has(to, e->partitions[k]))
				to->partitions[to->count++] = e->partitions[k];
		}
	}
	return a;
}

/* Which of `targets` brokers an item belongs to: by what it is. */
static inline int32_t message_target(int name, int32_t partition, int32_t targets)
{
	return (name * 5 + partition) % targets;
}

/* The items of one target, in order. */
static inline struct message message_part(const struct message *request, bool by_key,
					  int32_t target, int32_t targets)
{
	struct message p = *request;

	p.count = 0;
	for (uint32_t i = 0; i < request->count; i++) {
		const struct entry *e = &request->entries[i];
		struct entry *to = &p.entries[p.count];

		*to = (struct entry){ .name = e->name };
		for (int k = 0; k < e->count; k++) {
			if (message_target(e->name, e->partitions[k], targets) == target)
				to->partitions[to->count++] = e->partitions[k];
		}
		if (by_key)
			*to = *e;
		if (by_key ? message_target(e->name, 0, targets) == target : to->count > 0)
			p.count++;
	}
	return p;
}

/* The same in a layout. */
static inline void message_set_targets(const struct message *m, struct layout *l, int32_t targets)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (l->by_key)
			l->items[n++].target = message_target(e->name, 0, targets);
		for (int k = 0; !l->by_key && k < e->count; k++)
			l->items[n++].target = message_target(e->name, e->partitions[k], targets);
	}
	assert_int_equal(n, l->item_count);
}

static inline void message_read(struct layout *l, struct arena *arena, const struct kapi *api,
				int version, enum kdirection d, const struct buf *body)
{
	layout_init(l, arena);
	assert_true(layout_read(l, api_plan(api, version, d), body->data, (uint32_t)body->len));
}

/* All pieces side by side, in the arena. */
static inline uint8_t *gathered(const struct gather *g)
{
	uint8_t *all = arena_alloc(g->arena, g->size + 1);
	size_t n = 0;

	for (int i = 0; i < g->count; i++) {
		memcpy(all + n, g->iov[i].iov_base, g->iov[i].iov_len);
		n += g->iov[i].iov_len;
	}
	assert_int_equal(n, g->size);
	return all;
}

static inline void assert_gathered(const struct gather *g, const void *bytes, size_t n)
{
	assert_int_equal(g->size, n);
	assert_memory_equal(gathered(g), bytes, n);
}

/* Requests that are hard on a splitter. */
static inline uint32_t message_hard_ones(const struct message **all)
{
	static struct message list[8];
	uint32_t n = 0;

	list[n++] = (struct message){ { { 1, 1, { 0 } } }, 1 };
	list[n++] = (struct message){
		{ { 1, 3, { 0, 1, 2 } }, { 2, 3, { 2, 1, 0 } }, { 3, 3, { 7, 8, 9 } } }, 3
	};
	/* topics and partitions that come again */
	list[n++] = (struct message){
		{ { 4, 2, { 0, 1 } }, { 2, 1, { 0 } }, { 4, 2, { 2, 3 } }, { 2, 1, { 1 } } }, 4
	};
	list[n++] =
		(struct message){ { { 4, 3, { 0, 0, 1 } }, { 4, 1, { 1 } }, { 2, 2, { 5, 5 } } },
				  3 };
	/* topics without partitions */
	list[n++] =
		(struct message){ { { 5, 0, { 0 } }, { 6, 3, { 0, 1, 2 } }, { 7, 0, { 0 } } }, 3 };
	list[n++] = (struct message){ { { 0 } }, 0 };
	list[n] = (struct message){ .count = ENTRIES };
	for (int i = 0; i < ENTRIES; i++) {
		list[n].entries[i] =
			(struct entry){ i, 1 + i % EACH, { 5, 4, 3, 2, 1 + i % 2, 9 } };
	}
	*all = list;
	return n + 1;
}

/* Calls f for every version of every API of which want() says so. */
static inline void message_each(bool (*want)(const struct kapi *),
				void (*f)(const struct kapi *, int version))
{
	size_t n, seen = 0;
	const struct kapi *const *all = apis_all(&n);

	for (size_t i = 0; i < n; i++) {
		struct kversions v = api_versions(all[i]);

		for (int version = v.min; want(all[i]) && version <= v.max; version++, seen++)
			f(all[i], version);
	}
	assert_true(seen > 0);
}

/* Topics stand in sections: see sections_test.c. */
static inline bool message_has_sections(const struct kapi *api)
{
	return api->request != NULL && api->request->is == SECTIONS;
}

static inline int messages_setup(void **state)
{
	(void)state;
	memset(message_records, 'r', sizeof message_records);
	return apis_compile(stderr) ? 0 : -1;
}

static inline int messages_teardown(void **state)
{
	(void)state;
	apis_free();
	return 0;
}

#endif
