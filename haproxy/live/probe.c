#include "live/probe.h"

#include "util/clock.h"
#include "util/mem.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 200 };

/* A socket that connects, or -1 with the result. */
static int begin(struct probe *p)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	char port[16];
	int fd;

	snprintf(port, sizeof port, "%d", p->port);
	p->result = PROBE_NO_ADDRESS;
	if (getaddrinfo(p->host, port, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	p->result = PROBE_SILENT;
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0)
		p->result = PROBE_OPEN;
	else if (fd >= 0 && errno != EINPROGRESS)
		p->result = PROBE_REFUSED;
	freeaddrinfo(found);
	if (fd >= 0 && p->result != PROBE_SILENT) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void take_result(struct probe *p, int fd)
{
	int error = 0;
	socklen_t size = sizeof error;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	p->result = error == 0 ? PROBE_OPEN : PROBE_REFUSED;
}

/* Up to AT_ONCE of them. */
static void probe_some(struct probe *list, size_t count, int timeout_ms)
{
	struct pollfd fds[AT_ONCE];
	int64_t end = clock_ms() + timeout_ms, left;
	size_t waiting = 0;

	for (size_t i = 0; i < count; i++) {
		fds[i] = (struct pollfd){ .fd = begin(&list[i]), .events = POLLOUT };
		waiting += fds[i].fd >= 0;
	}
	while (waiting > 0 && (left = end - clock_ms()) > 0) {
		if (poll(fds, count, (int)left) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < count; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0)
				continue;
			take_result(&list[i], fds[i].fd);
			close(fds[i].fd);
			fds[i] = (struct pollfd){ .fd = -1 };
			waiting--;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	}
}

void probe_all(struct probe *list, size_t count, int timeout_ms)
{
	for (size_t i = 0; i < count; i += AT_ONCE)
		probe_some(list + i, count - i < AT_ONCE ? count - i : AT_ONCE, timeout_ms);
}
