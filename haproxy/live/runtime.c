#include "live/runtime.h"

#include "util/buf.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/why.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16, SHOWN_COMMAND = 80 };

/* One exchange. */
struct exchange {
	const char *socket, *command;
	int64_t deadline;
	int fd;
	char *why;
	int not_found; /* what getaddrinfo said; 0: nothing */
};

static void fail(const struct exchange *x, const char *what)
{
	size_t length = strcspn(x->command, "\n"); /* what follows may be a key */

	snprintf(x->why, RUNTIME_WHY_MAX, "%s: \"%.*s%s\": %s", x->socket,
		 length < SHOWN_COMMAND ? (int)length : SHOWN_COMMAND, x->command,
		 length > SHOWN_COMMAND ? "..." : "", what);
}

static const char *without_family(const char *socket)
{
	static const char *const families[] = { "unix@", "ipv4@", "ipv6@" };

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (strncmp(socket, families[i], strlen(families[i])) == 0)
			return socket + strlen(families[i]);
	return socket;
}

/* Waits until it can be read or written; false and errno. */
static bool wait_for(const struct exchange *x, short events)
{
	struct pollfd p = { .fd = x->fd, .events = events };
	int n;

	do {
		int64_t left = x->deadline - clock_ms();

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

static bool finish_connect(struct exchange *x, const struct sockaddr *address, socklen_t size)
{
	int error = 0;
	socklen_t length = sizeof error;

	if (connect(x->fd, address, size) == 0)
		return true;
	if (errno == EAGAIN) { /* a UNIX socket whose queue is full */
		return false;
	}
	if (errno != EINPROGRESS || !wait_for(x, POLLOUT))
		return false;
	if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		return false;
	errno = error;
	return error == 0;
}

static bool connect_path(struct exchange *x, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return x->fd >= 0 && finish_connect(x, (const struct sockaddr *)&address, sizeof address);
}

static bool connect_host(struct exchange *x, const char *host, int port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	char service[8];
	bool done = false;

	snprintf(service, sizeof service, "%d", port);
	x->not_found = getaddrinfo(host, service, &hints, &list);
	if (x->not_found != 0)
		return false;
	for (a = list; a != NULL && !done; a = a->ai_next) {
		if (x->fd >= 0)
			close(x->fd);
		x->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		done = x->fd >= 0 && finish_connect(x, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	return done;
}

static bool open_socket(struct exchange *x)
{
	const char *where = without_family(x->socket);
	char host[TEXT_HOST_MAX];
	int port = 0;
	bool is_path = strchr(where, '/') != NULL || !text_host_port(where, host, &port) ||
		       port == 0;

	return is_path ? connect_path(x, where) : connect_host(x, host, port);
}

static bool write_all(struct exchange *x, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = send(x->fd, bytes, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && (errno != EAGAIN || !wait_for(x, POLLOUT)))
			return false;
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		}
	}
	return true;
}

/* Up to the end of the stream.  True: it came within time and size. */
static bool read_all(struct exchange *x, struct buf *answer)
{
	uint8_t piece[READ_SIZE];

	for (;;) {
		ssize_t n = recv(x->fd, piece, sizeof piece, 0);

		if (n == 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno != EAGAIN || !wait_for(x, POLLIN)))
			return false;
		if (n > 0)
			buf_append(answer, piece, (size_t)n);
		if (answer->full) {
			errno = EMSGSIZE;
			return false;
		}
	}
}

/* One line, or one that ends with "<<" and what it is about, in lines of which none is blank. */
static bool is_one_command(const char *command, const char **end)
{
	const char *line = strchr(command, '\n');

	*end = line != NULL ? "\n\n" : "\n";
	return line == NULL || (line - command > 2 && memcmp(line - 2, "<<", 2) == 0 &&
				line[1] != '\n' && line[1] != '\0' && strstr(line, "\n\n") == NULL);
}

static bool converse(struct exchange *x, struct buf *answer)
{
	size_t size = strlen(x->command);
	const char *end;

	if (size > RUNTIME_COMMAND_MAX || !is_one_command(x->command, &end)) {
		errno = EINVAL;
		return false;
	}
	if (!open_socket(x) || !write_all(x, x->command, size) || !write_all(x, end, strlen(end)))
		return false;
	/* the master answers on and on until it is told that nothing more comes */
	if (shutdown(x->fd, SHUT_WR) != 0 && errno != ENOTCONN)
		return false;
	return read_all(x, answer);
}

static const char *reason(const struct exchange *x, int error, char words[WHY_WORDS_MAX])
{
	if (x->not_found != 0)
		return why_not_found(x->not_found, words);
	switch (error) {
	case ETIMEDOUT:
		return "no whole answer in time";
	case EMSGSIZE:
		return "an answer that is too long";
	case EINVAL:
		return "no command that HAProxy takes";
	case ENAMETOOLONG:
		return "no path of a socket";
	case EAGAIN:
		return "too many wait there already";
	default:
		return why_not_connected(error, words);
	}
}

char *runtime_ask(const char *socket, const char *command, int timeout_ms,
		  char why[RUNTIME_WHY_MAX])
{
	struct exchange x = { socket, command, clock_ms() + timeout_ms, -1, why, 0 };
	char words[WHY_WORDS_MAX];
	struct buf answer;
	char *text = NULL;

	buf_init(&answer, RUNTIME_ANSWER_MAX);
	if (!converse(&x, &answer)) {
		fail(&x, reason(&x, errno, words));
	} else if (answer.len == 0 && strncmp(command, "reload", 6) != 0) {
		/* every command is answered by an empty line at least */
		fail(&x, "closed without an answer");
	} else {
		text = mem_alloc(answer.len + 1);
		for (size_t i = 0; i < answer.len; i++)
			text[i] = answer.data[i] == '\0' ? ' ' : (char)answer.data[i];
		text[answer.len] = '\0';
	}
	buf_deinit(&answer);
	if (x.fd >= 0)
		close(x.fd);
	return text;
}

bool runtime_is_done(const char *answer)
{
	static const char *const said[] = {
		"New server registered.",
		"Server deleted.",
		"IP changed from",
		"port changed from",
		"no need to change the addr",
		"no need to change the port",
	};

	answer += strspn(answer, " \r\n");
	if (*answer == '\0')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (strncmp(answer, said[i], strlen(said[i])) == 0)
			return true;
	return false;
}

const char *runtime_said(const char *answer, char words[RUNTIME_SAID_MAX])
{
	static const struct {
		const char *begins, *means;
	} known[] = {
		{ "No such server", "it has no such server" },
		{ "No such backend", "it has no such backend" },
		{ "No such proxy", "it has no such frontend or backend" },
		{ "No such table", "it has no such stick table" },
		{ "Permission denied", "the socket only tells: it is not of `level admin`" },
		{ "Unknown command", "this HAProxy knows no such command" },
		{ "Entry currently in use", "connections track the entry" },
		{ "Backend is using a static LB",
		  "its balance takes no other weights than 0 % and 100 %" },
		{ "Already exists a server", "it has a server of that name already" },
		{ "Only servers in maintenance", "the server is not in maintenance" },
		{ "Server still has connections", "clients are still connected to the server" },
		{ "This server cannot be removed", "other lines of its file need the server" },
	};

	answer += strspn(answer, " \r\n");
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strncmp(answer, known[i].begins, strlen(known[i].begins)) == 0)
			return known[i].means;
	}
	snprintf(words, RUNTIME_SAID_MAX, "HAProxy does not do it and says \"%.*s\"",
		 (int)strcspn(answer, "\r\n"), answer);
	return words;
}

bool runtime_do(const char *socket, const char *command, int timeout_ms, char why[RUNTIME_WHY_MAX])
{
	char *answer = runtime_ask(socket, command, timeout_ms, why);
	struct exchange x = { .socket = socket, .command = command, .why = why };
	bool done = answer != NULL && runtime_is_done(answer);

	if (answer != NULL && !done) {
		char words[RUNTIME_SAID_MAX];

		fail(&x, runtime_said(answer, words));
	}
	free(answer);
	return done;
}
