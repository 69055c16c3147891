#include "kafka/batch.h"

#include "kafka/wire.h"
#include "util/crc32c.h"

enum {
	MAGIC = 2,
	LENGTH_AT = 8,
	COUNTED_FROM = LENGTH_AT + 4, /* what the length counts */
	CRC_AT = 17,
	CRC_FROM = CRC_AT + 4,
};

static void append_varint(struct buf *out, int32_t n)
{
	buf_append_uvarint(out, (uint32_t)n << 1 ^ (uint32_t)(n >> 31));
}

static void append_record(struct buf *out, const struct record *record)
{
	uint8_t length[WIRE_UVARINT_MAX];
	size_t at = out->len;

	buf_append8(out, 0);   /* attributes */
	append_varint(out, 0); /* time and offset, from those of the batch */
	append_varint(out, 0);
	append_varint(out, (int32_t)record->key_len);
	buf_append(out, record->key, record->key_len);
	append_varint(out, (int32_t)record->value_len);
	buf_append(out, record->value, record->value_len);
	append_varint(out, 0); /* headers */
	buf_insert(out, at, length,
		   (size_t)wire_put_uvarint(length, (uint32_t)(out->len - at) << 1));
}

void batch_write(struct buf *out, int64_t now_ms, const struct record *record)
{
	size_t at = out->len;

	buf_append64(out, 0); /* offset: the broker's */
	buf_append32(out, 0); /* length */
	buf_append32(out, UINT32_MAX);
	buf_append8(out, MAGIC);
	buf_append32(out, 0); /* crc */
	buf_append16(out, 0); /* attributes */
	buf_append32(out, 0); /* offset of the last record */
	buf_append64(out, (uint64_t)now_ms);
	buf_append64(out, (uint64_t)now_ms);
	buf_append64(out, UINT64_MAX); /* no producer id, epoch, sequence */
	buf_append16(out, UINT16_MAX);
	buf_append32(out, UINT32_MAX);
	buf_append32(out, 1);
	append_record(out, record);
	if (out->full)
		return;
	wire_put32(out->data + at + LENGTH_AT, (uint32_t)(out->len - at - COUNTED_FROM));
	wire_put32(out->data + at + CRC_AT,
		   ~crc32c(UINT32_MAX, out->data + at + CRC_FROM, out->len - at - CRC_FROM));
}
