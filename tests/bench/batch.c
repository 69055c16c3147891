#include "batch.h"

#include "util/mem.h"

#include <string.h>
#include <time.h>

enum {
	HEAD_BYTES = 61, /* of a batch, up to its first record */
	CRC_AT = 17,	 /* covers all that follows it */
	CRC_FROM = 21,
	RECORD_MAX = 24, /* what a record adds to its value */
};

static uint8_t *put_int(uint8_t *at, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * (width - 1 - i));
	return at + width;
}

static uint8_t *put_varint(uint8_t *at, int64_t value)
{
	uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);

	for (; zigzag > 0x7f; zigzag >>= 7)
		*at++ = (uint8_t)(zigzag | 0x80);
	*at++ = (uint8_t)zigzag;
	return at;
}

static size_t varint_length(int64_t value)
{
	uint8_t bytes[10];

	return (size_t)(put_varint(bytes, value) - bytes);
}

static uint32_t crc32c(const uint8_t *data, size_t n)
{
	uint32_t crc = UINT32_MAX;

	while (n--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static uint8_t *put_record(uint8_t *at, int64_t index, size_t value)
{
	size_t body = 1 + 1 + varint_length(index) + 1 + varint_length((int64_t)value) + value + 1;

	at = put_varint(at, (int64_t)body);
	*at++ = 0; /* attributes */
	*at++ = 0; /* time since the batch's */
	at = put_varint(at, index);
	at = put_varint(at, -1); /* no key */
	at = put_varint(at, (int64_t)value);
	memset(at, 'a' + (int)(index % 26), value);
	at += value;
	*at++ = 0; /* headers */
	return at;
}

static void put_head(uint8_t *batch, uint8_t *end, uint64_t count)
{
	uint64_t when = (uint64_t)time(NULL) * 1000; /* older ones a broker would delete */
	uint8_t *at = put_int(batch, 0, 8);	     /* base offset */

	at = put_int(at, (uint64_t)(end - batch - 12), 4);
	at = put_int(at, 0, 4);	    /* leader epoch */
	at = put_int(at, 2, 1);	    /* magic */
	at = put_int(at, 0, 4 + 2); /* CRC (below), attributes */
	at = put_int(at, count - 1, 4);
	at = put_int(at, when, 8);
	at = put_int(at, when, 8);
	at = put_int(at, UINT64_MAX, 8); /* no producer: id, epoch, sequence */
	at = put_int(at, UINT64_MAX, 2);
	at = put_int(at, UINT64_MAX, 4);
	put_int(at, count, 4);
	put_int(batch + CRC_AT, crc32c(batch + CRC_FROM, (size_t)(end - batch - CRC_FROM)), 4);
}

uint8_t *batch_make(size_t most, size_t *length)
{
	size_t each = BATCH_MESSAGE_BYTES;
	size_t count = most > HEAD_BYTES ? (most - HEAD_BYTES) / (each + RECORD_MAX) : 0;
	uint8_t *batch, *at;

	if (!count) {
		count = 1;
		each = most > HEAD_BYTES + RECORD_MAX ? most - HEAD_BYTES - RECORD_MAX : 1;
	}
	batch = mem_alloc(HEAD_BYTES + count * (each + RECORD_MAX));
	at = batch + HEAD_BYTES;
	for (size_t i = 0; i < count; i++)
		at = put_record(at, (int64_t)i, each);
	put_head(batch, at, count);
	*length = (size_t)(at - batch);
	return batch;
}
