/* inbuf.h - what a socket has said and nobody has taken yet.
 *
 * An empty buffer has no memory: its block goes back to the worker's pool, so
 * an idle connection costs none, and a hot block is used again at once.  A
 * message that must be held whole makes the buffer as large as the message
 * (inbuf_reserve), for which its owner has a reservation in the budget.
 *
 *     bytes  0......from###########to.......cap
 *                   what is there      room
 * Tests: tests/unit/net/inbuf_test.c
 */
#ifndef NET_INBUF_H
#define NET_INBUF_H

#include <stddef.h>
#include <stdint.h>

enum { INBUF_BLOCK = 64 * 1024 };

/* Blocks of INBUF_BLOCK bytes; one pool a worker, one thread. */
struct bufpool {
	void *first;
	unsigned count;
};

struct inbuf {
	uint8_t *bytes;
	uint32_t from, to, cap;
};

void bufpool_init(struct bufpool *p);
void bufpool_deinit(struct bufpool *p);

static inline uint32_t inbuf_len(const struct inbuf *b)
{
	return b->to - b->from;
}

static inline uint8_t *inbuf_at(const struct inbuf *b)
{
	return b->bytes + b->from;
}

/* Room for more at the end: gives memory to a buffer that has none, moves what
 * is there to the front when the end is reached.  0: the buffer is full. */
uint32_t inbuf_room(struct inbuf *b, struct bufpool *pool);
/* From now on at least n bytes fit, counted from `from`. */
void inbuf_reserve(struct inbuf *b, struct bufpool *pool, uint32_t n);
/* The same, and no more memory is taken than that. */
void inbuf_hold(struct inbuf *b, struct bufpool *pool, uint32_t n);
void inbuf_take(struct inbuf *b, uint32_t n);
/* To be called when the owner is done for now: gives back memory that isn't
 * needed to keep what is there. */
void inbuf_rest(struct inbuf *b, struct bufpool *pool);
/* Frees everything. */
void inbuf_drop(struct inbuf *b, struct bufpool *pool);

#endif
