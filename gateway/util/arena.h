/* arena.h - memory that is born and freed with one request.
 *
 * Allocations are never freed one by one: arena_deinit frees them all.  The
 * first 384 bytes live in the arena itself, so a small request costs no malloc.
 * An arena points into itself: never copy or move one that was initialised.
 * Tests: tests/unit/util/arena_test.c
 */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Sanitized, each allocation is a block: what is never used would weigh as much as those. */
enum { ARENA_FIRST = ADDRESS_SANITIZED ? 16 : 384 };

struct arena_block;
struct arena {
	struct arena_block *blocks; /* the newest first */
	unsigned char *at;	    /* first <= at <= end: what is free of the block in use */
	unsigned char *end;
	size_t held; /* bytes taken from the heap */
	_Alignas(max_align_t) unsigned char first[ARENA_FIRST];
};

void arena_init(struct arena *a);
/* Frees everything; the arena is as after arena_init. */
void arena_deinit(struct arena *a);
/* Never NULL; aligned for any type; not cleared.  Good until arena_deinit. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n); /* cleared */
void *arena_copy(struct arena *a, const void *bytes, size_t n);
/* A string of the n bytes at s and a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* What an allocation of n bytes takes at most, if it is one of many. */
size_t arena_size(size_t n);
/* Bytes it took from the heap: what to charge to a budget. */
size_t arena_held(const struct arena *a);

#endif
