#include "util/arena.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A block an allocation, so that overruns are seen. */
#define EACH_ALONE ADDRESS_SANITIZED

enum { ALIGN = _Alignof(max_align_t), BLOCK_LEAST = 1024, BLOCK_MOST = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a)
{
	a->blocks = NULL;
	a->at = a->first;
	a->end = a->first + ARENA_FIRST;
	a->held = 0;
}

void arena_deinit(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	arena_init(a);
}

static struct arena_block *add_block(struct arena *a, size_t n)
{
	struct arena_block *b;

	if (n > SIZE_MAX - sizeof *b)
		n = SIZE_MAX - sizeof *b; /* can't be had: mem_alloc says so */
	b = mem_alloc(sizeof *b + n);
	b->next = a->blocks;
	a->blocks = b;
	a->held += sizeof *b + n;
	return b;
}

/* Blocks grow with what the arena holds, so few are needed. */
static size_t block_size(const struct arena *a)
{
	if (a->held < BLOCK_LEAST)
		return BLOCK_LEAST;
	return a->held < BLOCK_MOST ? a->held : BLOCK_MOST;
}

void *arena_alloc(struct arena *a, size_t n)
{
	unsigned char *p;
	struct arena_block *b;
	size_t padded = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (EACH_ALONE || padded < n || padded > BLOCK_MOST / 4)
		return add_block(a, n)->data;
	if (padded > (size_t)(a->end - a->at)) {
		size_t size = block_size(a);

		if (size < padded)
			size = padded;
		b = add_block(a, size);
		a->at = b->data;
		a->end = b->data + size;
	}
	p = a->at;
	a->at += padded;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_copy(struct arena *a, const void *bytes, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (n > 0)
		memcpy(copy, bytes, n);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

size_t arena_size(size_t n)
{
	size_t padded = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	/* a block's end that is too small for the next one is left: at most a quarter of it */
	return padded > BLOCK_MOST / 4 ? padded + sizeof(struct arena_block)
				       : padded + padded / 3 + 1;
}

size_t arena_held(const struct arena *a)
{
	return a->held;
}
