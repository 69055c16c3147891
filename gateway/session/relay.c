#include "session/relay.h"

enum { SPLICE_MIN = 32 * 1024 }; /* shorter runs are cheaper to copy */

void relay_start(struct relay *r, uint32_t size)
{
	*r = (struct relay){ .left = size };
}

void relay_stop(struct relay *r, struct pipepool *pipes)
{
	pipe_put(pipes, r->pipe);
	r->pipe = NULL;
}

/* What of the buffer may go. */
static bool vet(struct relay *r, struct conn *from, const struct relay_watcher *w)
{
	uint32_t n = conn_len(from);
	int64_t more;

	if (n > r->left)
		n = r->left;
	if (w == NULL) {
		r->vetted = n;
		return true;
	}
	if (n == r->vetted)
		return true;
	more = w->see(w->ctx, conn_data(from) + r->vetted, n - r->vetted);
	if (more < 0)
		return false;
	r->vetted += (uint32_t)more;
	return true;
}

static void write_vetted(struct relay *r, struct conn *from, struct conn *to)
{
	uint32_t sent = conn_write(to, conn_data(from), r->vetted);

	conn_take(from, sent);
	r->vetted -= sent;
	r->left -= sent;
	r->moved += sent;
}

/* A small frame that is all here leaves together with its neighbours. */
static bool put_small(struct relay *r, struct conn *from, struct conn *to)
{
	uint32_t n = r->left;

	if (r->pipe != NULL || r->vetted != n || n > CONN_SMALL ||
	    !conn_put(to, conn_data(from), n))
		return false;
	conn_take(from, n);
	r->vetted = r->left = 0;
	r->moved += n;
	return true;
}

/* How many of the next bytes can go through a pipe unseen. */
static uint32_t spliceable(const struct relay *r, const struct conn *from, const struct conn *to,
			   const struct relay_watcher *w)
{
	uint32_t n = r->left, blind;

	if (conn_len(from) > 0 || !conn_pipes_in(from) || !conn_pipes_out(to))
		return 0;
	if (w != NULL) {
		blind = w->blind(w->ctx);
		n = blind < n ? blind : n;
	}
	return n;
}

static void empty_pipe(struct relay *r, struct conn *to, struct pipepool *pipes)
{
	uint32_t n = conn_splice_out(to, r->pipe);

	r->moved += n;
	r->spliced += n;
	if (r->pipe->held == 0)
		relay_stop(r, pipes);
}

/* True: bytes are in the pipe now. */
static bool fill_pipe(struct relay *r, struct conn *from, const struct relay_watcher *w, uint32_t n,
		      struct pipepool *pipes)
{
	uint32_t got;

	r->pipe = pipe_get(pipes);
	if (r->pipe == NULL)
		return false;
	got = conn_splice_in(from, r->pipe, n);
	if (got == 0) {
		relay_stop(r, pipes);
		return false;
	}
	r->left -= got;
	if (w != NULL)
		w->passed(w->ctx, got);
	return true;
}

static enum relay_result run(struct relay *r, struct conn *from, struct conn *to,
			     const struct relay_watcher *w, uint64_t enough, struct pipepool *pipes)
{
	uint32_t n;

	for (;;) {
		if (conn_is_lost(to))
			return RELAY_TO_LOST;
		if (r->pipe != NULL || r->vetted > 0) {
			if (put_small(r, from, to))
				return RELAY_DONE;
			if (!conn_flush(to))
				return conn_is_lost(to) ? RELAY_TO_LOST : RELAY_WAIT;
			if (!conn_may_write(to))
				return RELAY_WAIT;
			if (r->pipe != NULL)
				empty_pipe(r, to, pipes);
			else
				write_vetted(r, from, to);
			continue;
		}
		if (r->left == 0)
			return RELAY_DONE;
		n = r->vetted;
		if (conn_len(from) > 0) {
			if (!vet(r, from, w))
				return RELAY_BAD;
			if (r->vetted > n)
				continue;
		}
		if (conn_is_dry(from))
			return RELAY_FROM_LOST;
		if (r->moved >= enough)
			return RELAY_ENOUGH;
		if (!conn_may_read(from))
			return RELAY_WAIT;
		n = spliceable(r, from, to, w);
		if (n >= SPLICE_MIN && (fill_pipe(r, from, w, n, pipes) || !conn_may_read(from)))
			continue;
		if (conn_len(from) == 0)
			conn_rest(from); /* a block will do, whatever was held before */
		if (conn_fill(from, UINT32_MAX) == 0 && conn_is_full(from))
			return RELAY_BAD; /* its watcher wants to see more than there is room for */
	}
}

enum relay_result relay_run(struct relay *r, struct conn *from, struct conn *to,
			    const struct relay_watcher *w, int64_t *share, struct pipepool *pipes)
{
	uint64_t before = r->moved;
	uint64_t enough = before + (*share > 0 ? (uint64_t)*share : 0);
	enum relay_result got = run(r, from, to, w, enough, pipes);

	*share -= (int64_t)(r->moved - before);
	return got;
}
