/* split.h - the part of a request that one broker gets.
 *
 * New header bytes, then slices of the client's own: only the array counts are
 * new.  The frame must stay where it is until the part has left.
 * Tests: tests/unit/route/split_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_SPLIT_H
#define ROUTE_SPLIT_H

#include "kafka/head.h"
#include "route/edits.h"
#include "route/layout.h"

/* Appends the frame for `target` to g: the items whose target it is, in the
 * request's order; all of the message when it has no array.  Of TARGET_VETTED the sections have the
 * empty string for what they begin with.  `frame` is the
 * client's, from its size field on; `edits` (may be NULL) apply outside of the
 * array. */
void split_part(struct gather *g, const struct request_head *head, const uint8_t *frame,
		const struct layout *l, const struct edits *edits, int32_t target,
		uint32_t correlation_id);

#endif
