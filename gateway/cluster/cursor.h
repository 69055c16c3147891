/* cursor.h - reads big-endian bytes of a stranger; its error sticks.
 *
 * Read on, test `bad` once at the end: what is read after an error is zero.
 */
#ifndef CLUSTER_CURSOR_H
#define CLUSTER_CURSOR_H

#include "kafka/wire.h"

#include <stdbool.h>

struct cursor {
	const uint8_t *at, *end;
	bool bad; /* more was asked for than there is */
};

static inline struct cursor cursor_of(const void *bytes, size_t n)
{
	return (struct cursor){ .at = bytes, .end = (const uint8_t *)bytes + n };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->at);
}

/* n bytes, or NULL. */
static inline const uint8_t *cursor_bytes(struct cursor *c, size_t n)
{
	const uint8_t *here = c->at;

	if (c->bad || (size_t)(c->end - c->at) < n) {
		c->bad = true;
		return NULL;
	}
	c->at += n;
	return here;
}

static inline uint8_t cursor_8(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 1);

	return p != NULL ? *p : 0;
}

static inline uint16_t cursor_16(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 2);

	return p != NULL ? wire_get16(p) : 0;
}

static inline uint32_t cursor_32(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 4);

	return p != NULL ? wire_get32(p) : 0;
}

static inline uint64_t cursor_64(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 8);

	return p != NULL ? wire_get64(p) : 0;
}

#endif
