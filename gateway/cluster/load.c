#include "cluster/load.h"

#include "cluster/cursor.h"
#include "kafka/batch.h"
#include "util/crc32c.h"

#include <string.h>

enum {
	VERSION = 1,
	VALUE_FIXED = 2 + 2 + 8 + 8 + 8 + 2 + 2 + 4,
	DECLINES_MAX = 1000,
	MAGIC = 2,
	LENGTH_AT = 8,		      /* in a batch */
	COUNTED_FROM = LENGTH_AT + 4, /* what the length counts */
	CRC_AT = 17,
	CRC_FROM = CRC_AT + 4,
	COMPRESSED = 7, /* bits of the attributes */
	CONTROL = 0x20,
};

/* --- writing --- */

static void append_value(struct buf *out, const char *node_id, size_t id_len, int64_t incarnation,
			 const struct cluster_load *load, const struct load_keys *keys)
{
	buf_append16(out, VERSION);
	buf_append16(out, (uint16_t)id_len);
	buf_append(out, node_id, id_len);
	buf_append64(out, (uint64_t)incarnation);
	buf_append64(out, load->connections);
	buf_append64(out, load->bytes_per_second);
	buf_append16(out, (uint16_t)load->declines);
	buf_append16(out, keys->asks);
	buf_append32(out, (uint32_t)keys->count);
	for (size_t i = 0; i < keys->count; i++)
		buf_append64(out, keys->keys[i]);
}

void load_write(struct buf *out, int64_t now_ms, const char *node_id, int64_t incarnation,
		const struct cluster_load *load, const struct load_keys *keys, struct seal *seal)
{
	size_t id_len = strlen(node_id);
	struct sealed what = {
		.kind = SEAL_LOAD, .node_id = node_id, .id_len = id_len, .incarnation = incarnation
	};
	struct buf value;

	buf_init(&value, VALUE_FIXED + id_len + keys->count * sizeof keys->keys[0] + SEAL_SIZE);
	append_value(&value, node_id, id_len, incarnation, load, keys);
	what.content = value.data;
	what.len = value.len;
	seal_write(seal, &what, now_ms, &value);
	batch_write(out, now_ms, &(struct record){ node_id, value.data, id_len, value.len });
	buf_deinit(&value);
}

/* --- reading --- */

/* Zigzag, up to 64 bits. */
static int64_t read_varint(struct cursor *c)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_8(c);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return (int64_t)(value >> 1 ^ (0 - (value & 1)));
	}
	c->bad = true;
	return 0;
}

/* Bytes with their length in front; a length of -1 is null, no bytes. */
static struct cursor read_bytes(struct cursor *c)
{
	int64_t n = read_varint(c);
	const uint8_t *bytes;

	if (n < 0)
		return cursor_of("", 0);
	bytes = cursor_bytes(c, (size_t)n);
	return bytes != NULL ? cursor_of(bytes, (size_t)n) : cursor_of("", 0);
}

static void read_keys(struct cursor *value, struct load_keys *out)
{
	uint32_t count;

	out->count = 0;
	out->asks = cursor_16(value) != 0;
	count = cursor_32(value);
	if (value->bad || count > LOAD_KEYS_MAX || cursor_left(value) < count * sizeof out->keys[0])
		return;
	for (; out->count < count; out->count++)
		out->keys[out->count] = cursor_64(value);
}

/* The seal stands where the keys end. */
static bool is_believed(const struct cursor *whole, const struct cursor *end, const char *id,
			size_t id_len, int64_t incarnation, struct seal *seal)
{
	const struct sealed what = { .kind = SEAL_LOAD,
				     .node_id = id,
				     .id_len = id_len,
				     .incarnation = incarnation,
				     .content = whole->at,
				     .len = (size_t)(end->at - whole->at) };

	return seal == NULL ||
	       seal_check(seal, &what, end->at, cursor_left(end)) == MEMBER_BELIEVED;
}

static void read_value(struct cursor value, const struct load_events *events)
{
	const struct cursor whole = value;
	uint16_t version = cursor_16(&value), id_len = cursor_16(&value);
	const char *id = (const char *)cursor_bytes(&value, id_len);
	int64_t incarnation = (int64_t)cursor_64(&value);
	struct cluster_load load = { .connections = cursor_64(&value) };
	struct load_keys keys;

	load.bytes_per_second = cursor_64(&value);
	if (cursor_left(&value) >= sizeof(uint16_t))
		load.declines = cursor_16(&value);
	if (load.declines > DECLINES_MAX)
		load.declines = DECLINES_MAX;
	if (value.bad || version < VERSION || id_len == 0)
		return;
	read_keys(&value, &keys);
	if (!is_believed(&whole, &value, id, id_len, incarnation, events->seal))
		return;
	events->on_load(events->owner, id, id_len, incarnation, &load);
	if (!value.bad && (keys.count > 0 || keys.asks))
		events->on_keys(events->owner, id, id_len, &keys);
}

static void read_record(struct cursor record, const struct load_events *events)
{
	struct cursor value;

	(void)cursor_8(&record);
	(void)read_varint(&record);
	(void)read_varint(&record);
	(void)read_bytes(&record);
	value = read_bytes(&record);
	if (!record.bad)
		read_value(value, events);
}

/* A batch from behind its length on; returns its last offset, counted from its first. */
static int32_t read_batch(struct cursor batch, const struct load_events *events)
{
	const uint8_t *start = batch.at;
	uint16_t attributes;
	uint32_t count;
	int32_t last;

	(void)cursor_bytes(&batch, CRC_AT - COUNTED_FROM - 1);
	if (cursor_8(&batch) != MAGIC)
		return 0;
	if (cursor_32(&batch) !=
	    ~crc32c(UINT32_MAX, start + CRC_FROM - COUNTED_FROM, cursor_left(&batch)))
		return 0;
	attributes = cursor_16(&batch);
	last = (int32_t)cursor_32(&batch);
	(void)cursor_bytes(&batch, 8 + 8 + 8 + 2 + 4);
	count = cursor_32(&batch);
	if (attributes & (COMPRESSED | CONTROL))
		return last;
	for (uint32_t i = 0; i < count && !batch.bad; i++) {
		struct cursor record = read_bytes(&batch);

		if (!batch.bad)
			read_record(record, events);
	}
	return last;
}

int64_t load_read(const uint8_t *batches, size_t n, int64_t from, const struct load_events *events)
{
	struct cursor c = cursor_of(batches, n);

	while (cursor_left(&c) > COUNTED_FROM) {
		int64_t offset = (int64_t)cursor_64(&c);
		uint32_t length = cursor_32(&c);
		const uint8_t *batch = cursor_bytes(&c, length);
		int64_t next;

		if (batch == NULL || length < CRC_FROM - COUNTED_FROM)
			break;
		if (offset < 0 || offset > INT64_MAX / 2)
			break;
		next = offset + read_batch(cursor_of(batch, length), events) + 1;
		if (next > from)
			from = next;
	}
	return from;
}
