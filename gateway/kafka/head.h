/* head.h - the head of a request and of an answer.
 *
 *   request  int32 size | int16 api | int16 version | int32 correlation id
 *            | int16-prefixed client id | v2: tagged fields | body
 *   answer   int32 size | int32 correlation id | v1: tagged fields | body
 *
 * Tests: tests/unit/kafka/head_test.c, tests/fuzz/head.c
 */
#ifndef KAFKA_HEAD_H
#define KAFKA_HEAD_H

#include "kafka/api.h"

#include <stddef.h>
#include <stdint.h>

enum {
	HEAD_SIZE_BYTES = 4,	 /* the size field, not counted in itself */
	HEAD_CORRELATION_AT = 8, /* of a request frame, size field included */
	HEAD_FIXED = 12,	 /* size, api, version, correlation id */
	ANSWER_FIXED = 8,	 /* size, correlation id */
};

enum head_result {
	HEAD_OK,
	HEAD_MORE, /* more bytes are needed */
	HEAD_BAD,  /* a broker would close */
};

struct request_head {
	uint32_t size; /* of the frame, its size field not counted */
	int16_t key, version;
	uint32_t correlation_id;
	const struct kapi *api; /* never NULL when HEAD_OK */
	uint32_t client_id_at;	/* offset in the frame, size field counted */
	int client_id_len;	/* -1: null */
	uint32_t body_at;	/* offset in the frame, size field counted */
};

/* Reads a frame's head from its first byte on.  `max` is the largest size a
 * frame may have.  A size that is not good, a key that is unknown or not for
 * clients, is HEAD_BAD as soon as it is there.  Whether the version is served
 * is for the caller to say, except that ApiVersions of any version is read
 * (its head is the same up to the client id; body_at is then behind it). */
enum head_result head_read(const uint8_t *bytes, size_t n, uint32_t max, struct request_head *head);

/* The answer's header behind its correlation id: *len bytes.  `bytes` are
 * those from there on. */
enum head_result answer_tags_skip(const uint8_t *bytes, size_t n, uint32_t left, uint32_t *len);

#endif
