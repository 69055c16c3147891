/* edits.h - a message body with pieces of it replaced, none of it moved.
 *
 * Tests: tests/unit/route/edits_test.c
 */
#ifndef ROUTE_EDITS_H
#define ROUTE_EDITS_H

#include "util/gather.h"

#include <stdbool.h>

/* Bytes [at, end) of the body become n others. */
struct edit {
	uint32_t at, end;
	const uint8_t *bytes;
	uint32_t n;
};

struct edits {
	struct arena *arena;
	struct edit *list; /* in the order of `at`, not overlapping */
	uint32_t count, cap;
};

void edits_init(struct edits *e, struct arena *arena);
/* `bytes` must stay; adding in order is the caller's duty. */
void edits_add(struct edits *e, uint32_t at, uint32_t end, const void *bytes, uint32_t n);
/* A string as this encoding writes it, in place of [at, end). */
void edits_add_string(struct edits *e, uint32_t at, uint32_t end, const char *s, bool compact);
void edits_add_int32(struct edits *e, uint32_t at, int32_t v);
/* An array's count, in place of [at, end). */
void edits_add_count(struct edits *e, uint32_t at, uint32_t end, uint32_t count, bool compact);

/* Appends an array's count. */
void edits_gather_count(struct gather *g, uint32_t count, bool compact);
/* Appends [from, to) of the body as edited.  NULL edits: as it is. */
void edits_gather(const struct edits *e, struct gather *g, const uint8_t *body, uint32_t from,
		  uint32_t to);

#endif
