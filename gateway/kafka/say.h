/* say.h - a request of the gateway's own, from what it is to say: meanings and their values.
 *
 * The API's rows say where in a version each meaning stands; a pair gives a meaning its value.  A
 * list is a pair too: its elements have pairs of their own, `each` of them, one element after the
 * other.
 *
 *     const struct say partition[] = { say_number(PARTITION, 3), say_number(FETCH_OFFSET, 17) };
 *     const struct say topic[] = { say_text(TOPIC_NAME, "orders"), SAY_ONE(PARTITIONS, partition) };
 *     const struct say fetch[] = { say_number(MAX_WAIT_MS, 500), SAY_ONE(TOPICS, topic) };
 *
 *     say_request(api_of(KEY_FETCH), 11, SAY_ALL(fetch), &body);
 *
 * The same pairs serve every version.  What the version does not have is left out; what no pair
 * is about is what its row calls the stub.  A list that the version does not have yet may stand
 * for its only element, whose values are then said in its place: FindCoordinator's key before it
 * was a list of keys.
 * Tests: tests/unit/kafka/say_test.c
 */
#ifndef KAFKA_SAY_H
#define KAFKA_SAY_H

#include "kafka/api.h"
#include "util/buf.h"
#include "util/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One pair.  Borrows what it points to. */
struct say {
	enum kis is;
	int64_t number;		 /* numbers; lists: how many elements; -1 and no bytes: null */
	const uint8_t *bytes;	 /* strings, bytes, records, UUIDs */
	uint32_t len;		 /* of the bytes */
	const struct say *pairs; /* lists: number * each of them */
	uint32_t each;		 /* lists: pairs an element */
};

static inline struct say say_number(enum kis is, int64_t number)
{
	return (struct say){ .is = is, .number = number };
}

/* bytes NULL: null. */
static inline struct say say_bytes(enum kis is, const void *bytes, size_t len)
{
	return (struct say){
		.is = is, .number = bytes != NULL ? 0 : -1, .bytes = bytes, .len = (uint32_t)len
	};
}

/* NULL: null. */
static inline struct say say_text(enum kis is, const char *text)
{
	return say_bytes(is, text, text != NULL ? strlen(text) : 0);
}

/* What the buffer holds, also when that is nothing; never null. */
static inline struct say say_buf(enum kis is, const struct buf *b)
{
	return say_bytes(is, b->len > 0 ? (const void *)b->data : "", b->len);
}

/* A string, bytes or a list that is null. */
static inline struct say say_null(enum kis is)
{
	return (struct say){ .is = is, .number = -1 };
}

/* `pairs` may be NULL when there is no element. */
static inline struct say say_list(enum kis is, const struct say *pairs, size_t each, size_t count)
{
	return (struct say){
		.is = is, .number = (int64_t)count, .pairs = pairs, .each = (uint32_t)each
	};
}

/* A list of one element: an array of its pairs. */
#define SAY_ONE(is, pairs) say_list(is, pairs, ARRAY_LEN(pairs), 1)

/* All that a message says, or one element of a list. */
struct say_pairs {
	const struct say *all;
	size_t count;
};

/* Of an array. */
#define SAY_ALL(pairs) ((struct say_pairs){ pairs, ARRAY_LEN(pairs) })

/* Appends the body.  False, and `out` is worthless: it does not fit, or it can't be said in this
 * version (null where there is none, a list of several where there is room for one).  The version
 * must be one of api_versions.  That the API has no such meaning in any version is a programming
 * mistake. */
MUST_CHECK bool say_request(const struct kapi *api, int version, struct say_pairs says,
			    struct buf *out);
/* The same as a whole frame, with its size and its header; client_id NULL: null. */
MUST_CHECK bool say_frame(const struct kapi *api, int version, uint32_t correlation_id,
			  const char *client_id, struct say_pairs says, struct buf *out);

#endif
