#include "net/inbuf.h"

#include "util/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum {
	POOL_KEEPS = 16,   /* blocks that stay with an idle worker: 1 MiB */
	SMALL_REST = 2048, /* what is left and no longer is moved to memory of its size */
};

struct block {
	struct block *next;
};

void bufpool_init(struct bufpool *p)
{
	*p = (struct bufpool){ 0 };
}

void bufpool_deinit(struct bufpool *p)
{
	while (p->first != NULL) {
		struct block *b = p->first;

		p->first = b->next;
		free(b);
	}
}

static uint8_t *block_get(struct bufpool *p)
{
	struct block *b = p->first;

	if (b == NULL)
		return mem_alloc(INBUF_BLOCK);
	p->first = b->next;
	p->count--;
	return (uint8_t *)b;
}

static void block_put(struct bufpool *p, uint8_t *bytes)
{
	struct block *b = (struct block *)(void *)bytes;

	if (p->count >= POOL_KEEPS) {
		free(bytes);
		return;
	}
	b->next = p->first;
	p->first = b;
	p->count++;
}

static void memory_put(struct inbuf *b, struct bufpool *pool)
{
	if (b->cap == INBUF_BLOCK)
		block_put(pool, b->bytes);
	else
		free(b->bytes);
}

/* Moves what is there to memory of another size. */
static void move_to(struct inbuf *b, struct bufpool *pool, uint8_t *bytes, uint32_t cap)
{
	uint32_t n = inbuf_len(b);

	assert(n <= cap);
	if (n > 0)
		memcpy(bytes, inbuf_at(b), n);
	if (b->bytes != NULL)
		memory_put(b, pool);
	*b = (struct inbuf){ .bytes = bytes, .to = n, .cap = cap };
}

uint32_t inbuf_room(struct inbuf *b, struct bufpool *pool)
{
	if (b->cap < INBUF_BLOCK && inbuf_len(b) < INBUF_BLOCK)
		move_to(b, pool, block_get(pool), INBUF_BLOCK);
	if (b->to == b->cap && b->from > 0) {
		memmove(b->bytes, inbuf_at(b), inbuf_len(b));
		b->to -= b->from;
		b->from = 0;
	}
	return b->cap - b->to;
}

/* Whether n bytes fit the memory that there is, with what is there at its beginning. */
static bool fits(struct inbuf *b, uint32_t n)
{
	if (n <= b->cap - b->from)
		return true;
	if (n > b->cap)
		return false;
	memmove(b->bytes, inbuf_at(b), inbuf_len(b));
	b->to -= b->from;
	b->from = 0;
	return true;
}

void inbuf_reserve(struct inbuf *b, struct bufpool *pool, uint32_t n)
{
	if (fits(b, n))
		return;
	if (n <= INBUF_BLOCK)
		move_to(b, pool, block_get(pool), INBUF_BLOCK);
	else
		move_to(b, pool, mem_alloc(n), n);
}

void inbuf_hold(struct inbuf *b, struct bufpool *pool, uint32_t n)
{
	if (!fits(b, n))
		move_to(b, pool, mem_alloc(n), n);
}

void inbuf_take(struct inbuf *b, uint32_t n)
{
	assert(n <= inbuf_len(b));
	b->from += n;
	if (b->from == b->to)
		b->from = b->to = 0;
}

void inbuf_rest(struct inbuf *b, struct bufpool *pool)
{
	uint32_t n = inbuf_len(b);

	if (b->bytes == NULL)
		return;
	if (n == 0)
		inbuf_drop(b, pool);
	else if (n <= SMALL_REST && b->cap > SMALL_REST)
		move_to(b, pool, mem_alloc(n), n);
}

void inbuf_drop(struct inbuf *b, struct bufpool *pool)
{
	if (b->bytes != NULL)
		memory_put(b, pool);
	*b = (struct inbuf){ 0 };
}
