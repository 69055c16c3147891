#include "util/gather.h"

#include <string.h>

enum { CHUNK = 4096 };

void gather_init(struct gather *g, struct arena *arena)
{
	*g = (struct gather){ .arena = arena };
}

static void add_iov(struct gather *g, void *bytes, size_t n)
{
	if (g->count == g->cap) {
		int cap = g->cap > 0 ? 2 * g->cap : 8;
		struct iovec *iov = arena_alloc(g->arena, (size_t)cap * sizeof *iov);

		if (g->count > 0)
			memcpy(iov, g->iov, (size_t)g->count * sizeof *iov);
		g->iov = iov;
		g->cap = cap;
	}
	g->iov[g->count++] = (struct iovec){ bytes, n };
}

uint8_t *gather_space(struct gather *g, size_t n)
{
	uint8_t *space;

	if (g->chunk == NULL || n > g->chunk_cap - g->chunk_used) {
		g->chunk_cap = n > CHUNK ? n : CHUNK;
		g->chunk = arena_alloc(g->arena, g->chunk_cap);
		g->chunk_used = 0;
	}
	space = g->chunk + g->chunk_used;
	g->chunk_used += n;
	g->size += n;
	if (g->count > 0 &&
	    (uint8_t *)g->iov[g->count - 1].iov_base + g->iov[g->count - 1].iov_len == space)
		g->iov[g->count - 1].iov_len += n;
	else
		add_iov(g, space, n);
	return space;
}

void gather_copy(struct gather *g, const void *bytes, size_t n)
{
	if (n > 0)
		memcpy(gather_space(g, n), bytes, n);
}

void gather_piece(struct gather *g, const void *bytes, size_t n)
{
	if (n < GATHER_SMALL) {
		gather_copy(g, bytes, n);
		return;
	}
	if (g->count > 0 &&
	    (const uint8_t *)g->iov[g->count - 1].iov_base + g->iov[g->count - 1].iov_len ==
		    (const uint8_t *)bytes)
		g->iov[g->count - 1].iov_len += n;
	else
		add_iov(g, (void *)(uintptr_t)bytes, n);
	g->size += n;
}
