/* walk.h - reads a message along its plan, stopping wherever the bytes stop.
 *
 * The walker owns nothing.  The caller gives it the bytes from the message's
 * offset `pos` on and takes one event after the other; at WALK_MORE it comes
 * back with the bytes from the (new) `pos` on, at least one more than before.
 * A value that somebody asked for is only taken when all of it is there, so a
 * caller whose window holds 64 KiB always makes progress; a run of bytes that
 * nobody asked for may be longer than any window.
 *
 * Offsets are those of the message body: 0 is the first byte after the
 * request's or answer's header.  Every length is checked against the bytes
 * that the message still has before anything is made of it.
 *
 *     walk_init(&w, plan, body_size);
 *     walk_input(&w, bytes, n);
 *     while ((got = walk_next(&w, &event)) == WALK_EVENT) ...
 * Tests: tests/unit/kafka/walk_test.c, tests/fuzz/walk.c
 */
#ifndef KAFKA_WALK_H
#define KAFKA_WALK_H

#include "kafka/plan.h"

#include <stddef.h>

enum walk_result {
	WALK_EVENT,
	WALK_MORE, /* come again with more bytes */
	WALK_DONE, /* the plan is through; bytes may be left over (pos < size) */
	WALK_BAD,  /* the message contradicts its plan */
};

enum walk_kind {
	WALK_VALUE,	/* a number, string, UUID or NODE_IDS (number = count) */
	WALK_RUN,	/* bytes or records begin: len bytes from the offset at + size - len on */
	WALK_ARRAY,	/* an array begins: number = count (-1 null), at = of its count */
	WALK_ELEMENT,	/* one of its elements begins here: number = its index */
	WALK_ARRAY_END, /* at = behind its last element */
	WALK_TAG,	/* a known tagged field begins: number = its tag */
	WALK_TAG_END,
};

struct walk_event {
	enum walk_kind kind;
	enum kis is;
	uint32_t at;	/* offset of its first byte, length or count included */
	uint32_t size;	/* how many bytes it has there (ARRAY: its count; TAG: all of it) */
	int64_t number; /* see walk_kind; strings: -1 null, else the length */
	const uint8_t
		*bytes; /* strings, UUIDs, NODE_IDS: the content, valid until the next input */
	uint32_t len;
};

enum { WALK_DEPTH = 8, WALK_STRING_MAX = 32767 };

struct walk_level {
	const struct step *step; /* STEP_ARRAY or STEP_TAGS */
	uint32_t left, count;	 /* elements or tags to come; all of them */
	uint32_t end;		 /* of the tagged field being read */
	bool in_tag;
};

struct walk {
	const struct plan *plan;
	const struct step *step;
	const uint8_t *in;
	size_t avail;
	uint32_t pos, size;
	uint32_t skip; /* bytes to pass over before the next step */
	int depth;
	struct walk_level level[WALK_DEPTH];
};

void walk_init(struct walk *w, const struct plan *plan, uint32_t size);
void walk_input(struct walk *w, const uint8_t *bytes, size_t n);
enum walk_result walk_next(struct walk *w, struct walk_event *event);

#endif
