/* relay.c - the mark to measure by: a relay that knows nothing of Kafka.
 *
 *   relay --listen HOST:PORT --to HOST:PORT
 *
 * One thread; bytes go from socket to socket through a pipe of 256 KiB with
 * splice(2), each way.  Ends with its standard input.
 */
#include "util/compiler.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPE_BYTES = 256 << 10, EVENTS = 256 };

/* One way of a pair: from one socket through a pipe to the other. */
struct flow {
	int from, to;
	int pipe[2];
	size_t held; /* bytes in the pipe */
};

struct pair {
	int fds[2];
	struct flow flows[2];
	uint32_t watched[2];
	bool is_over;
	struct pair *next_dead;
};

static struct {
	int epoll, listener;
	struct sockaddr_in to;
	struct pair *dead; /* freed after the events of this round */
} relay;

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("relay: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static struct sockaddr_in address(char *word)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char *colon = strrchr(word, ':');
	char *end;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	if (!colon || end == colon + 1 || *end || port < 1 || port > 65535)
		fail("%s: not HOST:PORT", word);
	*colon = '\0';
	addr.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, word, &addr.sin_addr) != 1)
		fail("%s: not an IPv4 address", word);
	return addr;
}

static void pair_end(struct pair *p)
{
	if (p->is_over)
		return;
	p->is_over = true;
	for (int i = 0; i < 2; i++) {
		close(p->fds[i]);
		close(p->flows[i].pipe[0]);
		close(p->flows[i].pipe[1]);
	}
	p->next_dead = relay.dead;
	relay.dead = p;
}

/* Moves what can be moved; false when the pair is over. */
static bool flow_step(struct flow *f)
{
	for (int rounds = 0; rounds < 16; rounds++) {
		ssize_t in = 0, out = 0;

		if (f->held < PIPE_BYTES) {
			in = splice(f->from, NULL, f->pipe[1], NULL, PIPE_BYTES - f->held,
				    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (in == 0 || (in < 0 && errno != EAGAIN))
				return false;
			f->held += in > 0 ? (size_t)in : 0;
		}
		if (f->held) {
			out = splice(f->pipe[0], NULL, f->to, NULL, f->held,
				     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (out < 0 && errno != EAGAIN)
				return false;
			f->held -= out > 0 ? (size_t)out : 0;
		}
		if (in <= 0 || f->held)
			return true;
	}
	return true;
}

/* Side i is read unless the pipe from it holds something, and written when the
 * pipe to it does.  Whichever side is ready, both flows are tried. */
static void pair_watch(struct pair *p, int operation)
{
	for (int i = 0; i < 2; i++) {
		struct epoll_event event = { .data.ptr = p };

		event.events = (p->flows[i].held ? 0 : EPOLLIN) |
			       (p->flows[1 - i].held ? EPOLLOUT : 0);
		if (operation == EPOLL_CTL_MOD && event.events == p->watched[i])
			continue;
		p->watched[i] = event.events;
		if (epoll_ctl(relay.epoll, operation, p->fds[i], &event))
			fail("epoll: %s", strerror(errno));
	}
}

static void pair_step(struct pair *p)
{
	if (p->is_over)
		return;
	if (flow_step(&p->flows[0]) && flow_step(&p->flows[1]))
		pair_watch(p, EPOLL_CTL_MOD);
	else
		pair_end(p);
}

static void pair_open(int client)
{
	struct pair *p = mem_zalloc(sizeof(*p));
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (server < 0 || connect(server, (struct sockaddr *)&relay.to, sizeof(relay.to)))
		fail("connect: %s", strerror(errno));
	p->fds[0] = client;
	p->fds[1] = server;
	for (int i = 0; i < 2; i++) {
		fcntl(p->fds[i], F_SETFL, O_NONBLOCK);
		setsockopt(p->fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		p->flows[i].from = p->fds[i];
		p->flows[i].to = p->fds[1 - i];
		if (pipe2(p->flows[i].pipe, O_NONBLOCK | O_CLOEXEC))
			fail("pipe: %s", strerror(errno));
		fcntl(p->flows[i].pipe[0], F_SETPIPE_SZ, PIPE_BYTES);
	}
	pair_watch(p, EPOLL_CTL_ADD);
}

static void serve(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(relay.epoll, events, EVENTS, -1);

	for (int i = 0; i < n; i++) {
		uint64_t what = events[i].data.u64;
		int client;

		if (what == 0)
			exit(0); /* nothing is ever written to standard input */
		if (what == 1) {
			client = accept4(relay.listener, NULL, NULL, SOCK_CLOEXEC);
			if (client >= 0)
				pair_open(client);
		} else {
			pair_step(events[i].data.ptr);
		}
	}
	while (relay.dead) {
		struct pair *p = relay.dead;

		relay.dead = p->next_dead;
		free(p);
	}
}

static void watch(int fd, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

	if (epoll_ctl(relay.epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll: %s (standard input must be a pipe)", strerror(errno));
}

int main(int argc, char **argv)
{
	struct sockaddr_in at;

	if (argc != 5 || strcmp(argv[1], "--listen") != 0 || strcmp(argv[3], "--to") != 0)
		fail("usage: relay --listen HOST:PORT --to HOST:PORT");
	at = address(argv[2]);
	relay.to = address(argv[4]);
	signal(SIGPIPE, SIG_IGN);
	relay.epoll = epoll_create1(EPOLL_CLOEXEC);
	relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(relay.listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(relay.listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(relay.listener, 1024))
		fail("%s: %s", argv[2], strerror(errno));
	watch(STDIN_FILENO, 0);
	watch(relay.listener, 1);
	puts("listens");
	fflush(stdout);
	for (;;)
		serve();
}
