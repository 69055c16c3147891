#include "net/pipe.h"

#include "util/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIPE_SIZE = 512 * 1024, PIPE_LEAST = 64 * 1024, KEEPS = 8 };

void pipepool_init(struct pipepool *p, unsigned limit)
{
	*p = (struct pipepool){ .limit = limit };
}

static void pipe_close(struct pipepool *p, struct pipe *pipe)
{
	close(pipe->in);
	close(pipe->out);
	free(pipe);
	p->open--;
}

void pipepool_deinit(struct pipepool *p)
{
	while (p->first != NULL) {
		struct pipe *pipe = p->first;

		p->first = pipe->next;
		pipe_close(p, pipe);
	}
	assert(p->open == 0);
}

static struct pipe *pipe_open(struct pipepool *p)
{
	struct pipe *pipe;
	int ends[2], size;

	if (p->open >= p->limit || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
		return NULL;
	size = fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	if (size < 0)
		size = fcntl(ends[1], F_GETPIPE_SZ); /* what a user may have is used up */
	if (size < PIPE_LEAST) {
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	pipe = mem_alloc(sizeof *pipe);
	*pipe = (struct pipe){ .in = ends[1], .out = ends[0], .size = (uint32_t)size };
	p->open++;
	return pipe;
}

struct pipe *pipe_get(struct pipepool *p)
{
	struct pipe *pipe = p->first;

	if (pipe == NULL)
		return pipe_open(p);
	p->first = pipe->next;
	return pipe;
}

void pipe_put(struct pipepool *p, struct pipe *pipe)
{
	unsigned idle = 0;

	if (pipe == NULL)
		return;
	for (struct pipe *q = p->first; q != NULL; q = q->next)
		idle++;
	if (pipe->held > 0 || idle >= KEEPS) {
		pipe_close(p, pipe);
		return;
	}
	pipe->next = p->first;
	p->first = pipe;
}
