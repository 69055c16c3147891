/* lame.c - a layer as awkward as a layer may be, in the place of the plain one (`make lame`).
 *
 * Everything that links with -Wl,--wrap=conn_plain gets it: bytes come by the thousand at most, out
 * of a record that was read whole, so that some are there which no poll announces; now and then it
 * says that there is nothing more though there is; it opens in two steps; it wants to write before
 * it reads; it writes a thousand bytes at a time, and sometimes none.  What works over it works
 * over TLS, as far as the traps of streams go. */
#include "net/conn.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

extern const struct conn_layer __real_conn_plain;
extern const struct conn_layer __wrap_conn_plain;

enum {
	RECORD = 16 * 1024, /* read at a time */
	SOME = 1000,	    /* given, or written, at a time */
	EACH = 3,	    /* so many calls go well, the next one does not */
};

struct lame {
	bool is_opened;
	unsigned reads, writes;
	uint8_t *record; /* bytes from..to; NULL: none */
	size_t from, to;
};

static bool lame_open(struct conn *c)
{
	struct lame *l = c->of_layer;

	if (l != NULL) {
		l->is_opened = true;
		return true;
	}
	c->of_layer = mem_zalloc(sizeof *l);
	conn_read_blocked(c, EV_WRITE);
	conn_write_blocked(c, EV_WRITE);
	return false;
}

/* A record more; false: it was said why there is none. */
static bool read_record(struct conn *c, struct lame *l)
{
	uint8_t bytes[RECORD];
	size_t n = __real_conn_plain.read(c, bytes, sizeof bytes);

	if (n == 0)
		return false;
	l->record = mem_alloc(n);
	memcpy(l->record, bytes, n);
	l->from = 0;
	l->to = n;
	return true;
}

static size_t give(struct lame *l, void *to, size_t n)
{
	size_t left = l->to - l->from;

	n = n < SOME ? n : SOME;
	n = n < left ? n : left;
	memcpy(to, l->record + l->from, n);
	l->from += n;
	if (l->from == l->to) {
		free(l->record);
		l->record = NULL;
	}
	return n;
}

static size_t lame_read(struct conn *c, void *to, size_t n)
{
	struct lame *l = c->of_layer;
	bool goes_well = ++l->reads % (EACH + 1) != 0;

	if (!goes_well && l->record == NULL) {
		conn_read_blocked(c, EV_WRITE); /* it wants to write first */
		return 0;
	}
	if (!goes_well) {
		conn_read_blocked(c, EV_READ); /* though there is more */
		return 0;
	}
	if (l->record == NULL && !read_record(c, l))
		return 0;
	n = give(l, to, n);
	/* a short read of the socket said that there is no more, but the record has some */
	if (l->record != NULL && !c->has_ended)
		c->may_read = true;
	return n;
}

static size_t lame_writev(struct conn *c, const struct iovec *v, int n)
{
	struct lame *l = c->of_layer;
	struct iovec some = { .iov_len = 0 };

	for (int i = 0; i < n && some.iov_len == 0; i++)
		some = v[i];
	if (++l->writes % (EACH + 1) == 0) {
		conn_write_blocked(c, EV_WRITE);
		return 0;
	}
	if (some.iov_len > SOME)
		some.iov_len = SOME;
	return __real_conn_plain.writev(c, &some, 1);
}

static bool lame_pending(const struct conn *c)
{
	const struct lame *l = c->of_layer;

	return l != NULL && l->record != NULL;
}

static void lame_finish(struct conn *c)
{
	__real_conn_plain.finish(c);
}

static void lame_free(struct conn *c)
{
	struct lame *l = c->of_layer;

	if (l != NULL)
		free(l->record);
	free(l);
	c->of_layer = NULL;
}

const struct conn_layer __wrap_conn_plain = {
	.name = "lame",
	.open = lame_open,
	.read = lame_read,
	.writev = lame_writev,
	.pending = lame_pending,
	.finish = lame_finish,
	.free = lame_free,
};
