#include "net/conn.h"

#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { IOV_AT_ONCE = 256 };

/* --- for layers --- */

void conn_read_blocked(struct conn *c, int wants)
{
	c->may_read = false;
	c->read_wants = wants;
}

void conn_write_blocked(struct conn *c, int wants)
{
	c->may_write = false;
	c->write_wants = wants;
}

void conn_end(struct conn *c)
{
	c->has_ended = true;
	c->may_read = false;
}

void conn_lose(struct conn *c, int error)
{
	if (c->state == CONN_LOST)
		return;
	c->state = CONN_LOST;
	c->error = error;
	c->may_read = c->may_write = false;
}

void conn_allow_pipes(struct conn *c, bool in, bool out)
{
	c->pipes_in = in;
	c->pipes_out = out;
}

/* --- its life --- */

/* The TCP connection is there: what the layer needs before the first clear byte. */
static void open_layer(struct conn *c)
{
	if (!c->layer->open(c))
		return;
	c->state = CONN_OPEN;
	c->may_read = c->may_write = true;
}

static void finish_connect(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		conn_lose(c, error);
		return;
	}
	c->is_connecting = false;
	open_layer(c);
	/* a peer that has just accepted says nothing by itself: the loop tells when it does */
	if (c->state == CONN_OPEN && !c->layer->pending(c))
		conn_read_blocked(c, EV_READ);
}

/* The events that a call waits for let it be tried again. */
static void note(struct conn *c, int events)
{
	if (events & c->read_wants)
		c->may_read = !c->has_ended;
	if (events & c->write_wants)
		c->may_write = true;
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = w->data;

	(void)loop;
	if (c->state != CONN_OPENING)
		note(c, events);
	else if (c->is_connecting)
		finish_connect(c);
	else
		open_layer(c);
	if (c->state == CONN_OPENING)
		conn_await(c, true, true); /* for what the layer wants next: nothing to tell yet */
	else
		c->on_event(c->owner);
}

static void set_watches(struct conn *c)
{
	ev_io_init(&c->read_watch, on_io, c->fd, EV_READ);
	ev_io_init(&c->write_watch, on_io, c->fd, EV_WRITE);
	c->read_watch.data = c->write_watch.data = c;
}

static void set_up(struct conn *c, int fd)
{
	int one = 1;

	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	set_watches(c);
	conn_read_blocked(c, EV_READ);
	conn_write_blocked(c, EV_WRITE);
}

void conn_init(struct conn *c, const struct conn_layer *layer, int fd, struct ev_loop *loop,
	       struct bufpool *pool, void (*on_event)(void *owner), void *owner)
{
	*c = (struct conn){ .layer = layer, .loop = loop, .pool = pool };
	c->on_event = on_event;
	c->owner = owner;
	set_up(c, fd);
	open_layer(c);
}

void conn_connect(struct conn *c, const struct conn_layer *layer, const struct sockaddr *address,
		  socklen_t len, struct ev_loop *loop, struct bufpool *pool,
		  void (*on_event)(void *owner), void *owner)
{
	int fd = -1;

	*c = (struct conn){ .layer = layer, .loop = loop, .pool = pool, .fd = -1 };
	c->on_event = on_event;
	c->owner = owner;
	c->is_connecting = true;
	errno = EADDRNOTAVAIL;
	if (len > 0)
		fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		conn_lose(c, errno);
		return;
	}
	set_up(c, fd);
	if (connect(fd, address, len) != 0 && errno != EINPROGRESS)
		conn_lose(c, errno);
}

void conn_raise(struct conn *c, const struct conn_layer *layer, void *of_layer)
{
	c->layer->free(c);
	c->layer = layer;
	c->of_layer = of_layer;
	conn_allow_pipes(c, false, false);
	if (c->fd < 0) {
		layer->free(c); /* it was lost before it began */
	} else if (c->state != CONN_LOST) {
		c->state = CONN_OPENING;
		conn_read_blocked(c, EV_READ);
		conn_write_blocked(c, EV_WRITE);
		if (!c->is_connecting)
			open_layer(c);
	}
}

void conn_hand_over(struct conn *to, struct conn *from, void (*on_event)(void *owner), void *owner)
{
	conn_await(from, false, false);
	*to = *from;
	to->on_event = on_event;
	to->owner = owner;
	set_watches(to);
	from->fd = -1;
	from->in = from->out = (struct inbuf){ 0 };
	conn_lose(from, 0);
}

void conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	conn_await(c, false, false);
	c->layer->free(c);
	close(c->fd);
	inbuf_drop(&c->in, c->pool);
	inbuf_drop(&c->out, c->pool);
	c->fd = -1;
	conn_lose(c, 0);
}

void conn_finish(struct conn *c)
{
	assert(conn_unsent(c) == 0);
	if (c->state != CONN_OPEN)
		return;
	c->layer->finish(c);
	c->state = CONN_FINISHED;
	c->may_write = false;
	c->write_wants = 0;
}

/* --- what is known of it --- */

struct ev_loop *conn_loop(const struct conn *c)
{
	return c->loop;
}

bool conn_is_opening(const struct conn *c)
{
	return c->state == CONN_OPENING;
}

bool conn_is_lost(const struct conn *c)
{
	return c->state == CONN_LOST;
}

bool conn_has_ended(const struct conn *c)
{
	return c->has_ended;
}

bool conn_end_is_near(const struct conn *c)
{
	struct pollfd asked = { .fd = c->fd, .events = POLLRDHUP };

	return conn_is_dry(c) || poll(&asked, 1, 0) > 0;
}

bool conn_is_dry(const struct conn *c)
{
	return c->has_ended || c->state == CONN_LOST;
}

int conn_error(const struct conn *c)
{
	return c->error;
}

const char *conn_why(const struct conn *c)
{
	const char *why = c->layer->why != NULL ? c->layer->why(c) : NULL;

	if (why != NULL)
		return why;
	return c->error != 0 ? strerrordesc_np(c->error) : "closed by the peer";
}

bool conn_may_read(const struct conn *c)
{
	return c->may_read;
}

bool conn_may_write(const struct conn *c)
{
	return c->may_write;
}

void conn_look_again(struct conn *c)
{
	if (c->state != CONN_OPENING && !conn_is_dry(c))
		c->may_read = true;
}

static void turn_watch(struct ev_loop *loop, ev_io *w, bool on)
{
	if (on && !ev_is_active(w))
		ev_io_start(loop, w);
	else if (!on && ev_is_active(w))
		ev_io_stop(loop, w);
}

void conn_await(struct conn *c, bool read, bool write)
{
	int events = 0;

	if (c->fd < 0)
		return;
	if (c->is_connecting) {
		events = read || write ? EV_WRITE : 0;
	} else if (c->state != CONN_LOST) {
		if (read && !c->may_read && !c->has_ended)
			events |= c->read_wants;
		if (write && !c->may_write)
			events |= c->write_wants;
	}
	turn_watch(c->loop, &c->read_watch, events & EV_READ);
	turn_watch(c->loop, &c->write_watch, events & EV_WRITE);
	if (read && !c->may_read && !conn_is_dry(c) && c->layer->pending(c)) {
		c->may_read = true;
		c->on_event(c->owner);
	}
}

/* --- what has come --- */

static uint32_t read_into(struct conn *c, uint32_t room)
{
	uint32_t n;

	if (room == 0)
		return 0;
	n = (uint32_t)c->layer->read(c, c->in.bytes + c->in.to, room);
	c->in.to += n;
	return n;
}

uint32_t conn_fill(struct conn *c, uint32_t max)
{
	uint32_t room;

	if (!c->may_read)
		return 0;
	room = inbuf_room(&c->in, c->pool);
	return read_into(c, room < max ? room : max);
}

uint32_t conn_fill_held(struct conn *c)
{
	return c->may_read ? read_into(c, c->in.cap - c->in.to) : 0;
}

void conn_take(struct conn *c, uint32_t n)
{
	inbuf_take(&c->in, n);
}

void conn_hold(struct conn *c, uint32_t n)
{
	inbuf_hold(&c->in, c->pool, n);
}

void conn_reserve(struct conn *c, uint32_t n)
{
	inbuf_reserve(&c->in, c->pool, n);
}

bool conn_fits(const struct conn *c, uint32_t n)
{
	return c->in.from + n <= c->in.cap;
}

bool conn_is_full(struct conn *c)
{
	return inbuf_room(&c->in, c->pool) == 0;
}

uint8_t *conn_take_whole(struct conn *c, uint32_t n)
{
	uint8_t *whole = c->in.bytes;

	assert(n <= conn_len(c));
	if (c->in.cap != INBUF_BLOCK && c->in.from == 0 && c->in.to == n && n > c->in.cap / 2) {
		c->in = (struct inbuf){ 0 };
		return whole;
	}
	whole = mem_alloc(n);
	memcpy(whole, conn_data(c), n);
	conn_take(c, n);
	return whole;
}

void conn_rest(struct conn *c)
{
	inbuf_rest(&c->in, c->pool);
}

void conn_drop(struct conn *c)
{
	inbuf_drop(&c->in, c->pool);
}

/* --- what is to leave --- */

bool conn_put(struct conn *c, const void *bytes, uint32_t n)
{
	if (inbuf_room(&c->out, c->pool) < n)
		return false;
	memcpy(c->out.bytes + c->out.to, bytes, n);
	c->out.to += n;
	return true;
}

uint32_t conn_unsent(const struct conn *c)
{
	return inbuf_len(&c->out);
}

/* Bytes of a write that moved; fewer than asked: the socket has no room. */
static size_t write_some(struct conn *c, const struct iovec *v, int n, size_t size)
{
	size_t sent;

	if (!c->may_write)
		return 0;
	sent = c->layer->writev(c, v, n);
	if (sent > 0 && sent < size)
		conn_write_blocked(c, EV_WRITE);
	return sent;
}

bool conn_flush(struct conn *c)
{
	while (inbuf_len(&c->out) > 0 && c->may_write) {
		struct iovec v = { inbuf_at(&c->out), inbuf_len(&c->out) };

		inbuf_take(&c->out, (uint32_t)write_some(c, &v, 1, v.iov_len));
	}
	if (inbuf_len(&c->out) > 0)
		return false;
	inbuf_drop(&c->out, c->pool);
	return true;
}

uint32_t conn_write(struct conn *c, const void *bytes, uint32_t n)
{
	struct iovec v = { (void *)bytes, n };

	return (uint32_t)write_some(c, &v, 1, n);
}

/* All of it into the buffer of what is to leave, or nothing. */
static bool put_whole(struct conn *c, const struct gather *g)
{
	if (g->size > CONN_SMALL || inbuf_room(&c->out, c->pool) < g->size)
		return false;
	for (int i = 0; i < g->count; i++)
		(void)conn_put(c, g->iov[i].iov_base, (uint32_t)g->iov[i].iov_len);
	return true;
}

size_t conn_gather(struct conn *c, struct gather *g, int *at)
{
	size_t all = 0;

	if (*at == 0 && put_whole(c, g)) {
		*at = g->count;
		return g->size;
	}
	while (*at < g->count && conn_flush(c) && c->may_write) {
		struct iovec *v = &g->iov[*at];
		int n = g->count - *at < IOV_AT_ONCE ? g->count - *at : IOV_AT_ONCE;
		size_t sent = c->layer->writev(c, v, n);

		all += sent;
		for (; *at < g->count && sent >= v->iov_len; v++, (*at)++)
			sent -= v->iov_len;
		if (sent > 0) {
			v->iov_base = (uint8_t *)v->iov_base + sent;
			v->iov_len -= sent;
		}
	}
	return all;
}

/* --- past the buffers --- */

bool conn_pipes_in(const struct conn *c)
{
	return c->pipes_in && !c->layer->pending(c);
}

bool conn_pipes_out(const struct conn *c)
{
	return c->pipes_out;
}

/* What a splice's result means when it moved nothing. */
static bool is_for_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

uint32_t conn_splice_in(struct conn *c, struct pipe *pipe, uint32_t max)
{
	uint32_t room = pipe->size - pipe->held;
	ssize_t got;

	if (room > max)
		room = max;
	got = splice(c->fd, NULL, pipe->in, NULL, room, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (got > 0) {
		pipe->held += (uint32_t)got;
		if ((size_t)got < room)
			conn_read_blocked(c, EV_READ); /* for now that was all */
		return (uint32_t)got;
	}
	if (got == 0)
		conn_end(c);
	else if (is_for_later())
		conn_read_blocked(c, EV_READ);
	else if (errno != EINTR)
		conn_lose(c, errno);
	return 0;
}

uint32_t conn_splice_out(struct conn *c, struct pipe *pipe)
{
	ssize_t sent =
		splice(pipe->out, NULL, c->fd, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (sent > 0) {
		pipe->held -= (uint32_t)sent;
		return (uint32_t)sent;
	}
	if (sent < 0 && is_for_later())
		conn_write_blocked(c, EV_WRITE);
	else if (sent == 0 || errno != EINTR)
		conn_lose(c, sent == 0 ? EPIPE : errno);
	return 0;
}
