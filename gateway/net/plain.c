/* The layer of TCP as it is: the bytes on the wire are the clear ones. */
#include "net/conn.h"

#include <errno.h>
#include <sys/socket.h>

static bool plain_open(struct conn *c)
{
	conn_allow_pipes(c, true, true);
	return true;
}

static bool is_for_later(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static size_t plain_read(struct conn *c, void *to, size_t n)
{
	ssize_t got = recv(c->fd, to, n, 0);

	if (got > 0 && (size_t)got < n)
		conn_read_blocked(c, EV_READ); /* that was all: the loop tells when there is more */
	if (got == 0)
		conn_end(c);
	else if (got < 0 && !is_for_later(errno))
		conn_lose(c, errno);
	else if (got < 0 && errno != EINTR)
		conn_read_blocked(c, EV_READ);
	return got > 0 ? (size_t)got : 0;
}

static size_t plain_writev(struct conn *c, const struct iovec *v, int n)
{
	struct msghdr m = { .msg_iov = (struct iovec *)v, .msg_iovlen = (size_t)n };
	ssize_t sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);

	if (sent < 0 && !is_for_later(errno))
		conn_lose(c, errno);
	else if (sent < 0 && errno != EINTR)
		conn_write_blocked(c, EV_WRITE);
	return sent > 0 ? (size_t)sent : 0;
}

static bool plain_pending(const struct conn *c)
{
	(void)c;
	return false;
}

static void plain_finish(struct conn *c)
{
	shutdown(c->fd, SHUT_WR);
}

static void plain_free(struct conn *c)
{
	(void)c;
}

const struct conn_layer conn_plain = {
	.name = "plain",
	.open = plain_open,
	.read = plain_read,
	.writev = plain_writev,
	.pending = plain_pending,
	.finish = plain_finish,
	.free = plain_free,
};
