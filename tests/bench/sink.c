/* sink.c - a Kafka cluster that stores nothing, as fast as the kernel lets it.
 *
 *   sink --host ADDRESS [--advertise ADDRESS] [--brokers N] [--topic NAME:PARTITIONS]
 *        [--fetch-bytes N]
 *
 * --advertise: what it says its host is, at which something stands that passes connections on.
 * Prints its bootstrap servers as one line; ends with its standard input.
 * Partition p is led by broker 1 + p % N; the others answer 6 for it.  Records
 * of a Produce are thrown away in the kernel (MSG_TRUNC); those of a Fetch are
 * one batch of 1 KB messages, sent from memory with sendfile, as real brokers
 * send theirs.  What it speaks is in sink_apis.h.
 */
#include "batch.h"
#include "sink_apis.h"
#include "sink_out.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <errno.h>
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = REQUEST_MAX, HEAD_READ = 4096, EVENTS = 256 };

static struct {
	struct cluster cluster;
	struct in_addr host;
	int listeners[BROKERS_MAX];
	struct records records;
	int epoll;
} sink = {
	.cluster = { .host = "127.0.0.1", .brokers = 3, .topic = "bench", .partitions = 12 },
	.epoll = -1,
};

struct conn {
	int fd;
	bool wants_out;
	struct requests requests;
	size_t in_start, in_end;
	uint8_t in[IN_MAX];
	struct out out;
};

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("sink: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* --- one connection */

static void records_discard_buffered(struct conn *c)
{
	size_t have = c->in_end - c->in_start;
	size_t n = have < c->requests.discard ? have : c->requests.discard;

	c->in_start += n;
	requests_discard(&c->requests, n);
}

/* As many steps as the bytes at hand allow. */
static void steps_take(struct conn *c)
{
	while (!c->out.is_broken && c->in_start < c->in_end && out_has_room(&c->out)) {
		struct cursor in = { c->in + c->in_start, c->in + c->in_end, false };

		if (c->requests.step == STEP_RECORDS) {
			records_discard_buffered(c);
			continue;
		}
		requests_step(&c->requests, &in);
		if (in.is_short)
			break;
		c->in_start = (size_t)(in.at - c->in);
	}
	memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
	c->in_end -= c->in_start;
	c->in_start = 0;
}

static ssize_t receive(struct conn *c, bool discards)
{
	if (discards)
		return recv(c->fd, NULL, c->requests.discard, MSG_TRUNC | MSG_DONTWAIT);
	if (c->in_end == IN_MAX)
		return 0; /* a step that does not fit */
	/* A head is short: what else comes is left for MSG_TRUNC. */
	return recv(c->fd, c->in + c->in_end,
		    c->in_end < HEAD_READ ? HEAD_READ - c->in_end : IN_MAX - c->in_end,
		    MSG_DONTWAIT);
}

/* Reads once; false when there is nothing (more) to read. */
static bool conn_read(struct conn *c)
{
	bool discards = c->requests.step == STEP_RECORDS && c->in_end == 0;
	ssize_t n = receive(c, discards);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		c->out.is_broken = true;
		return false;
	}
	if (discards)
		requests_discard(&c->requests, (size_t)n);
	else
		c->in_end += (size_t)n;
	return true;
}

/* The answer that a Produce has only begun must not leave: its size isn't known. */
static bool may_write(const struct conn *c)
{
	return c->out.segment_count && c->requests.step == STEP_HEAD;
}

static void conn_write(struct conn *c)
{
	if (may_write(c))
		out_write(&c->out, c->fd);
}

static void conn_watch(struct conn *c, int operation)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	c->wants_out = may_write(c);
	if (c->wants_out)
		event.events |= EPOLLOUT;
	if (epoll_ctl(sink.epoll, operation, c->fd, &event))
		fail("epoll: %s", strerror(errno));
}

static void conn_step(struct conn *c)
{
	bool more = true;

	for (int rounds = 0; more && !c->out.is_broken && rounds < 64; rounds++) {
		conn_write(c);
		more = out_has_room(&c->out) && conn_read(c);
		steps_take(c);
	}
	if (!c->out.is_broken)
		conn_write(c);
	if (c->out.is_broken) {
		close(c->fd);
		free(c);
	} else if (c->wants_out != may_write(c)) {
		conn_watch(c, EPOLL_CTL_MOD);
	}
}

static void conn_accept(int listener, int broker)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *c;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	c = mem_alloc(sizeof *c); /* most of it is never touched */
	c->fd = fd;
	c->in_start = c->in_end = 0;
	c->requests = (struct requests){ &sink.cluster, &c->out, broker, .step = STEP_HEAD };
	out_init(&c->out, &sink.records);
	conn_watch(c, EPOLL_CTL_ADD);
}

/* --- the program */

static void records_make(size_t size)
{
	size_t length;
	uint8_t *batch = batch_make(size, &length);

	sink.records.fd = memfd_create("records", MFD_CLOEXEC);
	if (sink.records.fd < 0 || write(sink.records.fd, batch, length) != (ssize_t)length)
		fail("records: %s", strerror(errno));
	sink.records.size = length;
	free(batch);
}

/* A listener's entry in epoll is its broker's number; 0 is standard input, and
 * pointers to connections are larger than either. */
static void listener_open(int broker)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = sink.host };
	socklen_t length = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)broker + 1 };

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4096) ||
	    getsockname(fd, (struct sockaddr *)&addr, &length) ||
	    epoll_ctl(sink.epoll, EPOLL_CTL_ADD, fd, &event))
		fail("broker %d: %s", broker + 1, strerror(errno));
	sink.cluster.ports[broker] = ntohs(addr.sin_port);
	sink.listeners[broker] = fd;
}

static long number(const char *word, long least, long most)
{
	char *end;
	long value = strtol(word, &end, 10);

	if (end == word || *end || value < least || value > most)
		fail("%s: not a number from %ld to %ld", word, least, most);
	return value;
}

static void topic_read(const char *word)
{
	const char *colon = strrchr(word, ':');

	if (!colon || colon == word || colon - word > NAME_MAX_BYTES)
		fail("%s: not NAME:PARTITIONS", word);
	memcpy(sink.cluster.topic, word, (size_t)(colon - word));
	sink.cluster.topic[colon - word] = '\0';
	sink.cluster.partitions = (int)number(colon + 1, 1, 1000);
}

static void options_read(int argc, char **argv, size_t *fetch_bytes)
{
	const char *advertised = NULL;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			fail("%s needs a value", argv[i]);
		if (!strcmp(argv[i], "--host"))
			sink.cluster.host = argv[i + 1];
		else if (!strcmp(argv[i], "--advertise"))
			advertised = argv[i + 1];
		else if (!strcmp(argv[i], "--brokers"))
			sink.cluster.brokers = (int)number(argv[i + 1], 1, BROKERS_MAX);
		else if (!strcmp(argv[i], "--topic"))
			topic_read(argv[i + 1]);
		else if (!strcmp(argv[i], "--fetch-bytes"))
			*fetch_bytes = (size_t)number(argv[i + 1], 1, 50 << 20);
		else
			fail("%s: no such option", argv[i]);
	}
	if (inet_pton(AF_INET, sink.cluster.host, &sink.host) != 1)
		fail("%s: not an IPv4 address", sink.cluster.host);
	if (advertised != NULL)
		sink.cluster.host = advertised;
}

static void serve(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(sink.epoll, events, EVENTS, -1);

	for (int i = 0; i < n; i++) {
		uint64_t broker = events[i].data.u64;

		if (broker == 0)
			exit(0); /* nothing is ever written to standard input */
		else if (broker <= BROKERS_MAX)
			conn_accept(sink.listeners[broker - 1], (int)broker);
		else
			conn_step(events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLHUP, .data.u64 = 0 };
	size_t fetch_bytes = 1 << 20;

	signal(SIGPIPE, SIG_IGN);
	options_read(argc, argv, &fetch_bytes);
	records_make(fetch_bytes);
	sink.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(sink.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event))
		fail("standard input must be a pipe: %s", strerror(errno));
	for (int b = 0; b < sink.cluster.brokers; b++)
		listener_open(b);
	for (int b = 0; b < sink.cluster.brokers; b++)
		printf("%s%s:%d", b ? "," : "", sink.cluster.host, sink.cluster.ports[b]);
	putchar('\n');
	fflush(stdout);
	for (;;)
		serve();
}
