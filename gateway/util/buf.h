/* buf.h - bytes that grow up to a maximum they are born with.
 *
 * Numbers are appended in network order.  An append that would pass the maximum
 * appends nothing and sets `full`, which sticks: append on, test once at the
 * end.  A plain value; owns its bytes.
 * Tests: tests/unit/util/buf_test.c
 */
#ifndef UTIL_BUF_H
#define UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len, room; /* len <= room <= max */
	size_t max;
	bool full; /* something did not fit; what was appended since is worthless */
};

enum { BUF_UVARINT_MAX = 5 };

/* Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the maximum stays, so it can be used again. */
void buf_deinit(struct buf *b);
/* Empties it and keeps its memory. */
void buf_clear(struct buf *b);

/* The next n bytes fit without moving what is there, as far as the maximum allows. */
void buf_reserve(struct buf *b, size_t n);
/* Room for n more bytes, counted as appended (uncleared); NULL when full. */
uint8_t *buf_extend(struct buf *b, size_t n);
void buf_append(struct buf *b, const void *bytes, size_t n);
void buf_append8(struct buf *b, uint8_t v);
void buf_append16(struct buf *b, uint16_t v);
void buf_append32(struct buf *b, uint32_t v);
void buf_append64(struct buf *b, uint64_t v);
/* Unsigned varint, 1 to 5 bytes. */
void buf_append_uvarint(struct buf *b, uint32_t v);
/* Puts bytes in front of those at offset `at`, which must be <= len. */
void buf_insert(struct buf *b, size_t at, const void *bytes, size_t n);

#endif
