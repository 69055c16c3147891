/* encode.h - makes a message from its rows.
 *
 * The rows say what is on the wire in a version and in which order; a callback
 * says what is in it.  A field the callback passes by gets what its row calls
 * its stub: a number, or empty, or null.  Tagged fields are left out unless the
 * callback gives them a value.  It is asked in wire order, so it may hand out
 * one thing after the other.
 *
 *     static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
 *     {
 *     	struct answer *a = ctx;
 *
 *     	switch (f->is) {
 *     	case TOPICS:
 *     		v->number = a->topic_count;
 *     		return true;
 *     	case TOPIC_NAME:
 *     		v->bytes = a->topics[f->index[0]].name; ...
 *
 * Tests: tests/unit/kafka/encode_test.c
 */
#ifndef KAFKA_ENCODE_H
#define KAFKA_ENCODE_H

#include "kafka/api.h"
#include "util/buf.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum { ENCODE_DEPTH = 6 };

/* Which field is asked for. */
struct encode_field {
	const struct kfield *row;
	enum kis is;	 /* the row's; for an element of a plain array what each is */
	bool is_element; /* of a plain array: numbers, strings, UUIDs */
	int depth; /* how many arrays it stands in; in[] and index[] count from the outermost */
	enum kis in[ENCODE_DEPTH];    /* what those arrays are */
	uint32_t index[ENCODE_DEPTH]; /* at which of their elements */
};

/* What is in it; holds the stub when the callback is asked. */
struct encode_value {
	int64_t number;	      /* numbers; arrays: the count, -1 null; nullable structs: -1 null */
	const uint8_t *bytes; /* strings, bytes, records: NULL is null; UUIDs: NULL is zero */
	uint32_t len;
};

/* False: the stub is wanted (a tagged field: none). */
typedef bool encode_fill(void *ctx, const struct encode_field *field, struct encode_value *value);

/* Appends the message's body to `out`.  False when it did not fit or the
 * callback gave what can't be written there (null where that is not allowed, a
 * count below -1, a string beyond 32767 bytes); `out` is then worthless.  The
 * version must be one of api_versions; apis_compile was called. */
MUST_CHECK bool encode_message(const struct kapi *api, int version, enum kdirection direction,
			       encode_fill *fill, void *ctx, struct buf *out);

/* What the innermost array is that the field stands in; NOTHING at the top. */
static inline enum kis encode_in(const struct encode_field *f)
{
	return f->depth > 0 ? f->in[f->depth - 1] : NOTHING;
}

#endif
