/* wire.h - Kafka's primitive encodings: big-endian numbers, unsigned varints and ids of 16 bytes. */
#ifndef KAFKA_WIRE_H
#define KAFKA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wire_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t wire_get64(const uint8_t *p)
{
	return (uint64_t)wire_get32(p) << 32 | wire_get32(p + 4);
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	wire_put16(p, (uint16_t)(v >> 16));
	wire_put16(p + 2, (uint16_t)v);
}

static inline void wire_put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, (uint32_t)(v >> 32));
	wire_put32(p + 4, (uint32_t)v);
}

enum { WIRE_UVARINT_MAX = 5 }; /* bytes of the longest one: 32 bits */

/* Bytes taken (1 to 5), 0: more bytes are needed, -1: not a 32-bit varint. */
static inline int wire_get_uvarint(const uint8_t *p, size_t n, uint32_t *v)
{
	uint32_t value = 0;

	for (int i = 0; i < WIRE_UVARINT_MAX; i++) {
		if ((size_t)i >= n)
			return 0;
		if (i == 4 && p[i] > 0x0f)
			return -1;
		value |= (uint32_t)(p[i] & 0x7f) << (7 * i);
		if (!(p[i] & 0x80)) {
			*v = value;
			return i + 1;
		}
	}
	return -1;
}

/* Writes 1 to 5 bytes and returns how many. */
static inline int wire_put_uvarint(uint8_t *p, uint32_t v)
{
	int n = 0;

	while (v >= 0x80) {
		p[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

enum { WIRE_UUID = 16 }; /* bytes */

/* Zeros stand where there is no id. */
static inline bool wire_uuid_is_zero(const uint8_t *id)
{
	return wire_get64(id) == 0 && wire_get64(id + WIRE_UUID / 2) == 0;
}

#endif
