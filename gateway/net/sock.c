#include "net/sock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

void sock_init(struct sock *s, struct ev_loop *loop, int fd,
	       void (*on_event)(struct ev_loop *, ev_io *, int), void *owner)
{
	int one = 1;

	*s = (struct sock){ .fd = fd, .loop = loop };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	ev_io_init(&s->read_watch, on_event, fd, EV_READ);
	ev_io_init(&s->write_watch, on_event, fd, EV_WRITE);
	s->read_watch.data = s->write_watch.data = owner;
}

void sock_close(struct sock *s, struct bufpool *pool)
{
	if (s->fd < 0)
		return;
	sock_watch(s, false, false);
	close(s->fd);
	inbuf_drop(&s->in, pool);
	inbuf_drop(&s->out, pool);
	s->fd = -1;
	s->readable = s->writable = false;
	s->lost = true;
}

static void watch(struct ev_loop *loop, ev_io *w, bool on)
{
	if (on && !ev_is_active(w))
		ev_io_start(loop, w);
	else if (!on && ev_is_active(w))
		ev_io_stop(loop, w);
}

void sock_watch(struct sock *s, bool read, bool write)
{
	if (s->fd < 0)
		return;
	watch(s->loop, &s->read_watch, read);
	watch(s->loop, &s->write_watch, write);
}

void sock_note(struct sock *s, int events)
{
	if (events & EV_READ)
		s->readable = true;
	if (events & EV_WRITE)
		s->writable = true;
}

/* What a call's result means; `hint` is the side it used. */
static size_t moved(struct sock *s, ssize_t got, bool *hint)
{
	if (got > 0)
		return (size_t)got;
	if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		s->lost = true;
	else if (errno != EINTR)
		*hint = false;
	return 0;
}

uint32_t sock_read(struct sock *s, struct bufpool *pool, uint32_t max)
{
	uint32_t room = inbuf_room(&s->in, pool), n;

	assert(room > 0);
	if (room > max)
		room = max;
	n = (uint32_t)moved(s, recv(s->fd, s->in.bytes + s->in.to, room, 0), &s->readable);
	s->in.to += n;
	if (n > 0 && n < room)
		s->readable = false; /* that was all: the loop tells when there is more */
	return n;
}

bool sock_put(struct sock *s, struct bufpool *pool, const void *bytes, uint32_t n)
{
	if (inbuf_room(&s->out, pool) < n)
		return false;
	memcpy(s->out.bytes + s->out.to, bytes, n);
	s->out.to += n;
	return true;
}

bool sock_flush(struct sock *s, struct bufpool *pool)
{
	ssize_t sent;

	while (inbuf_len(&s->out) > 0 && s->writable && !s->lost) {
		sent = send(s->fd, inbuf_at(&s->out), inbuf_len(&s->out), MSG_NOSIGNAL);
		inbuf_take(&s->out, (uint32_t)moved(s, sent, &s->writable));
	}
	if (inbuf_len(&s->out) > 0)
		return false;
	inbuf_drop(&s->out, pool);
	return true;
}

uint32_t sock_write(struct sock *s, const void *bytes, uint32_t n)
{
	uint32_t sent = (uint32_t)moved(s, send(s->fd, bytes, n, MSG_NOSIGNAL), &s->writable);

	if (sent > 0 && sent < n)
		s->writable = false;
	return sent;
}

size_t sock_writev(struct sock *s, const struct iovec *iov, int n)
{
	struct msghdr m = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };

	return moved(s, sendmsg(s->fd, &m, MSG_NOSIGNAL), &s->writable);
}

uint32_t sock_splice_in(struct sock *s, struct pipe *pipe, uint32_t max)
{
	uint32_t room = pipe->size - pipe->held, n;

	if (room > max)
		room = max;
	n = (uint32_t)moved(
		s, splice(s->fd, NULL, pipe->in, NULL, room, SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
		&s->readable);
	pipe->held += n;
	return n;
}

uint32_t sock_splice_out(struct sock *s, struct pipe *pipe)
{
	uint32_t n = (uint32_t)moved(
		s,
		splice(pipe->out, NULL, s->fd, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
		&s->writable);

	pipe->held -= n;
	return n;
}
