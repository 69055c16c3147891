#include "net/listen.h"

#include "util/why.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 65535 }; /* the kernel cuts it to net.core.somaxconn */

static int turn_on(int fd, int option)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
}

static void set_port(struct sockaddr *address, int port)
{
	if (address->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
}

/* The first socket on a port takes it alone and shares it only once it listens:
 * so whoever else holds the port is noticed, and nobody slips in between. */
static int open_one(const struct addrinfo *at, bool is_first)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -1;
	if (turn_on(fd, SO_REUSEADDR) == 0 && (is_first || turn_on(fd, SO_REUSEPORT) == 0) &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
	    (!is_first || turn_on(fd, SO_REUSEPORT) == 0))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int complain(char *why, size_t why_size, const char *host, int port, const char *what)
{
	bool is_v6 = strchr(host, ':') != NULL;

	snprintf(why, why_size, "listen on %s%s%s:%d: %s", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		 port, what);
	return -1;
}

static int open_all(const struct addrinfo *at, const char *host, int first, int count, int workers,
		    int *fds, char *why, size_t why_size)
{
	for (int i = 0; i < count * workers; i++) {
		int port = first + i / workers;

		set_port(at->ai_addr, port);
		fds[i] = open_one(at, i % workers == 0);
		if (fds[i] >= 0)
			continue;
		complain(why, why_size, host, port, strerror(errno));
		while (--i >= 0)
			close(fds[i]);
		return -1;
	}
	return 0;
}

int listen_open(const char *host, int first, int count, int workers, int *fds, char *why,
		size_t why_size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	char words[WHY_WORDS_MAX];
	struct addrinfo *list;
	int err;

	if (first < (count * workers > 1) || first + count - 1 > 65535)
		return complain(why, why_size, host, first < 1 ? first : first + count - 1,
				"Not a port (1 to 65535)");
	err = getaddrinfo(host, NULL, &hints, &list);
	if (err != 0)
		return complain(why, why_size, host, first, why_not_found(err, words));
	err = open_all(list, host, first, count, workers, fds, why, why_size);
	freeaddrinfo(list);
	return err;
}
