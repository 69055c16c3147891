#include "util/buf.h"

#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_deinit(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
}

static void grow(struct buf *b, size_t least)
{
	size_t room = b->room < FIRST_ROOM ? FIRST_ROOM : b->room;

	while (room < least)
		room = room > b->max / 2 ? b->max : room * 2;
	if (room > b->max)
		room = b->max;
	b->data = mem_realloc(b->data, room);
	b->room = room;
}

void buf_reserve(struct buf *b, size_t n)
{
	if (!b->full && n <= b->max - b->len && n > b->room - b->len)
		grow(b, b->len + n);
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
	uint8_t *at;

	if (b->full || n > b->max - b->len) {
		b->full = true;
		return NULL;
	}
	if (b->data == NULL || n > b->room - b->len)
		grow(b, b->len + n);
	at = b->data + b->len;
	b->len += n;
	return at;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
	uint8_t *at = n > 0 ? buf_extend(b, n) : NULL;

	if (at != NULL)
		memcpy(at, bytes, n);
}

void buf_append8(struct buf *b, uint8_t v)
{
	buf_append(b, &v, 1);
}

void buf_append16(struct buf *b, uint16_t v)
{
	const uint8_t bytes[] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_append(b, bytes, sizeof bytes);
}

void buf_append32(struct buf *b, uint32_t v)
{
	const uint8_t bytes[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				  (uint8_t)v };

	buf_append(b, bytes, sizeof bytes);
}

void buf_append64(struct buf *b, uint64_t v)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> (56 - 8 * i));
	buf_append(b, bytes, sizeof bytes);
}

void buf_append_uvarint(struct buf *b, uint32_t v)
{
	uint8_t bytes[BUF_UVARINT_MAX];
	size_t n = 0;

	while (v >= 0x80) {
		bytes[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (uint8_t)v;
	buf_append(b, bytes, n);
}

void buf_insert(struct buf *b, size_t at, const void *bytes, size_t n)
{
	size_t behind = b->len - at;

	assert(at <= b->len);
	if (n == 0 || buf_extend(b, n) == NULL)
		return;
	memmove(b->data + at + n, b->data + at, behind);
	memcpy(b->data + at, bytes, n);
}
