/* plan.h - the rows of one (API, version, direction), compiled.
 *
 * A plan is a flat list of steps in which neighbouring fixed-size fields that
 * nobody asks for are one skip.  It is made once at start-up, lives as long as
 * the process and is read by every thread.
 * Tests: tests/unit/kafka/plan_test.c
 */
#ifndef KAFKA_PLAN_H
#define KAFKA_PLAN_H

#include "kafka/schema.h"

#include <stdio.h>

enum step_code {
	STEP_SKIP,     /* n bytes */
	STEP_INT,      /* a number of n bytes that somebody asked for */
	STEP_UUID,     /* 16 bytes that somebody asked for */
	STEP_STRING,   /* and bytes, and records: a length and that many bytes */
	STEP_ARRAY,    /* a count; n = size of an element that needs no look, or 0 */
	STEP_NUMBERS,  /* the same, and somebody asked for all of it, as for a string */
	STEP_NEXT,     /* the end of an array's element */
	STEP_NULLABLE, /* int8: negative jumps over the struct */
	STEP_TAGS,     /* tagged fields; n = index of the first known tag */
	STEP_TAG_END,  /* the end of a known tag's fields */
	STEP_DONE,
};

enum step_flag {
	STEP_COMPACT = 1, /* the length is an unsigned varint of length + 1 */
	STEP_NULL_OK = 2,
	STEP_LONG = 4, /* not compact: the length is an int32, not int16 */
	STEP_SIGNED = 8,
};

struct step {
	uint8_t code;
	uint8_t flags;
	uint8_t is;
	uint8_t each; /* STEP_ARRAY */
	uint32_t n;
	uint32_t jump; /* STEP_ARRAY, STEP_NULLABLE: the step behind it */
};

/* A tagged field somebody asks for; others are passed over. */
struct plan_tag {
	uint32_t tag;
	uint8_t is;
	uint32_t first; /* its first step */
	bool last;	/* of this level */
};

struct plan {
	struct step *steps;
	struct plan_tag *tags;
	uint32_t step_count, tag_count;
	bool flexible;
};

/* Compiles rows for one version.  On a bad row writes what is wrong to `why`
 * and returns NULL.  Caller frees with plan_free. */
struct plan *plan_compile(const struct kfield *rows, int version, bool flexible, FILE *why);
void plan_free(struct plan *plan);

#endif
