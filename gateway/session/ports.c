#include "session/ports.h"

#include "session/arrival.h"
#include "session/inside.h"
#include "util/log.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_AT_ONCE = 64 };

static void take_connection(struct worker *w, int fd, const struct sockaddr_storage *peer, int port)
{
	if (!admission_enter(w->shared->admission)) {
		stats_add(&w->stats, STAT_CLIENTS_REFUSED_LIMIT, 1);
		log_warn("worker=%d event=refused reason=\"max_connections reached\"", w->index);
		close(fd);
		return;
	}
	arrival_new(w, fd, peer, port);
}

/* Takes at most `max` of the connections that wait; returns how many there were. */
static int accept_some(struct worker *w, const ev_io *listener, int max)
{
	struct sockaddr_storage peer;
	socklen_t len;
	int fd, n = 0;

	for (; n < max; n++) {
		len = sizeof peer;
		memset(&peer, 0, sizeof peer);
		fd = accept4(listener->fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_connection(w, fd, &peer, (int)(listener - w->listeners));
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			log_error("worker=%d event=accept err=\"%s\"", w->index, strerror(errno));
		break;
	}
	return n;
}

static void on_listener(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	accept_some(io->data, io, ACCEPTS_AT_ONCE);
}

void ports_close(struct worker *w, int port)
{
	ev_io *io = &w->listeners[port];

	if (io->fd < 0)
		return;
	ev_io_stop(w->loop, io);
	/* a client in the queue has been told that it is connected */
	while (accept_some(w, io, ACCEPTS_AT_ONCE) == ACCEPTS_AT_ONCE)
		;
	close(io->fd);
	io->fd = -1;
}

struct listen_letter {
	struct letter letter;
	int port_count;
	int fds[];
};

static void deliver_listen(struct letter *letter, void *owner)
{
	struct listen_letter *l = CONTAINER_OF(letter, struct listen_letter, letter);
	struct worker *w = owner;

	if (w->listeners == NULL) {
		w->advertising.port_count = w->port_count = l->port_count;
		w->listeners = mem_zalloc((size_t)l->port_count * sizeof *w->listeners);
	}
	assert(l->port_count <= w->port_count);
	for (int i = 0; i < l->port_count; i++) {
		ev_io *io = &w->listeners[i];

		ev_io_init(io, on_listener, l->fds[i], EV_READ);
		io->data = w;
		ev_io_start(w->loop, io);
	}
	free(l);
}

void ports_listen(struct worker *w, const int *fds, int port_count)
{
	struct listen_letter *l = mem_alloc(sizeof *l + (size_t)port_count * sizeof l->fds[0]);

	l->letter.deliver = deliver_listen;
	l->port_count = port_count;
	memcpy(l->fds, fds, (size_t)port_count * sizeof l->fds[0]);
	mailbox_post(&w->mailbox, &l->letter);
}

void ports_free(struct worker *w)
{
	for (int i = 0; w->listeners != NULL && i < w->port_count; i++) {
		ev_io_stop(w->loop, &w->listeners[i]);
		if (w->listeners[i].fd >= 0)
			close(w->listeners[i].fd);
	}
	free(w->listeners);
	w->listeners = NULL;
}
