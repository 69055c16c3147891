/* gather.h - a message put together from pieces, most of them where they are.
 *
 * Small pieces are copied side by side; large ones are referred to and must
 * stay where they are until the message has left.  Memory is the arena's.
 * Tests: tests/unit/util/gather_test.c
 */
#ifndef UTIL_GATHER_H
#define UTIL_GATHER_H

#include "util/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum { GATHER_SMALL = 1024 }; /* shorter pieces are copied */

struct gather {
	struct arena *arena;
	struct iovec *iov;
	int count, cap;
	size_t size;	/* of all pieces */
	uint8_t *chunk; /* where small pieces go */
	size_t chunk_used, chunk_cap;
};

void gather_init(struct gather *g, struct arena *arena);
/* n bytes to be written by the caller, now. */
uint8_t *gather_space(struct gather *g, size_t n);
void gather_copy(struct gather *g, const void *bytes, size_t n);
/* Copied when small, referred to when large. */
void gather_piece(struct gather *g, const void *bytes, size_t n);

#endif
