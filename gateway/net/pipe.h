/* pipe.h - pipes to splice through: socket to pipe to socket, no copy.
 *
 * A worker's pool.  A pipe is taken only while bytes move and goes back empty;
 * one that must be given up with bytes in it is closed.  The number is limited.  An
 * unprivileged user has 16,384 pages of pipe in all and gets pipes of two pages then, which
 * cost more calls than they save: those are given back.  When none is to be had, bytes are
 * copied instead.
 * Tests: tests/unit/net/pipe_test.c
 */
#ifndef NET_PIPE_H
#define NET_PIPE_H

#include <stdint.h>

struct pipe {
	int in, out;   /* write end, read end */
	uint32_t held; /* bytes in it */
	uint32_t size; /* that it takes */
	struct pipe *next;
};

struct pipepool {
	struct pipe *first; /* empty ones */
	unsigned open, limit;
};

void pipepool_init(struct pipepool *p, unsigned limit);
void pipepool_deinit(struct pipepool *p); /* all pipes must be back */

/* NULL: none to be had. */
struct pipe *pipe_get(struct pipepool *p);
void pipe_put(struct pipepool *p, struct pipe *pipe); /* fine with NULL */

#endif
