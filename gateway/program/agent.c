/* What HAProxy's agent-check is told: one line that has the whole state, so that nothing of
 * an earlier one sticks.  A connection costs an accept, a send and a close, never a wait. */
#include "net/listen.h"
#include "program/inside.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_AT_ONCE = 32 };

enum { REST_MS = 200 };

struct agent {
	struct program *program;
	ev_io io;
	ev_timer rest; /* no descriptor was there: the next try */
};

/* `drain` would not move sticky clients, so a node that drains says `maint`. */
static int state_line(const struct program *p, char *to, size_t size)
{
	const char *why;

	switch ((enum http_phase)atomic_load(&p->phase)) {
	case HTTP_STARTING:
		return snprintf(to, size, "down #starting\n");
	case HTTP_DRAINING:
		return snprintf(to, size, "maint\n");
	case HTTP_READY:
	case HTTP_DEGRADED:
	case HTTP_UNABLE:
		break;
	}
	if (program_is_unable(p, &why))
		return snprintf(to, size, "down #unable\n");
	return snprintf(to, size, "up ready %d%%\n", atomic_load(&p->weight_now));
}

static void answer(const struct program *p, int fd)
{
	char line[64], ignored[256];
	int n = state_line(p, line, sizeof line);

	if (send(fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		log_debug("who=agent err=\"%s\"", strerror(errno));
	shutdown(fd, SHUT_WR);
	while (recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0)
		; /* what agent-send sent: unread, it would turn the close into a reset */
	close(fd);
}

static void on_rest(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct agent *a = timer->data;

	(void)events;
	ev_io_start(loop, &a->io);
}

/* Who waits would wake the loop all the time. */
static void take_rest(struct agent *a)
{
	ev_io_stop(a->program->loop, &a->io);
	ev_timer_set(&a->rest, REST_MS / 1e3, 0.);
	ev_timer_start(a->program->loop, &a->rest);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
	struct agent *a = io->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			take_rest(a);
		if (fd < 0)
			break;
		answer(a->program, fd);
	}
}

struct agent *agent_new(struct program *p, const char *host, int port, char *why, size_t size)
{
	struct agent *a;
	int fd;

	if (listen_open(host, port, 1, 1, &fd, why, size))
		return NULL;
	a = mem_zalloc(sizeof *a);
	a->program = p;
	ev_io_init(&a->io, on_connection, fd, EV_READ);
	ev_timer_init(&a->rest, on_rest, 0., 0.);
	a->io.data = a->rest.data = a;
	ev_io_start(p->loop, &a->io);
	return a;
}

void agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	ev_io_stop(a->program->loop, &a->io);
	ev_timer_stop(a->program->loop, &a->rest);
	close(a->io.fd);
	free(a);
}
