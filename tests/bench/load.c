/* load.c - raw Kafka requests as fast as they are answered, and how long each took.
 *
 *   load --target HOST:PORT[,HOST:PORT...] --mode produce|fetch --partitions 0,3,...
 *        [--topic NAME] [--bytes N] [--together yes] [--clients N] [--depth N]
 *        [--operations N]
 *
 * A client has one connection to each target.  An operation is one request on
 * each of them, and is done when the last one is answered:
 *   one target          the partitions in turn, one a request
 *   one target,
 *   --together yes      all partitions in one request
 *   several targets     the n-th partition at the n-th target
 * --bytes is the size of the batch of every partition, in 1 KB messages; for a
 * fetch it is the most to ask for.  Each client keeps --depth operations in
 * flight.  Prints one line of JSON; exits 1 when an answer was an error.
 */
#include "batch.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <assert.h>
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
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS_MAX = 16, PARTITIONS_MAX = 256, DEPTH_MAX = 1024, IN_MAX = 64 << 10, EVENTS = 256 };
enum { HEAD_BYTES = 12 }; /* size, api, version, correlation id: a request's own */
enum { PRODUCE = 0, PRODUCE_VERSION = 7, FETCH = 1, FETCH_VERSION = 11 };

/* What follows the correlation id in a request: made once, sent often. */
struct body {
	uint8_t *bytes;
	size_t size, room;
};

static struct {
	struct sockaddr_in targets[TARGETS_MAX];
	int target_count;
	bool is_fetch, together;
	const char *topic;
	int partitions[PARTITIONS_MAX];
	int partition_count;
	size_t bytes;
	int clients, depth;
	int64_t operations;

	struct body bodies[PARTITIONS_MAX]; /* one a partition, or one for all */
	int body_count;
	int epoll;

	int64_t begun, done, errors;
	int64_t bytes_out, bytes_in;
	uint32_t *microseconds; /* of every operation that is done */
} load = { .topic = "bench", .bytes = 1 << 20, .clients = 1, .depth = 1, .operations = 1000 };

/* An answer is read in steps; each wants all its bytes in `in`. */
enum step { STEP_HEAD, STEP_TOPIC, STEP_PARTITION, STEP_RECORDS, STEP_REST };

struct client;

struct conn {
	struct client *client;
	int fd, target;
	bool waits_for_room;
	int64_t sent, answered; /* operations of this client */

	/* the request that is being sent */
	bool is_sending;
	uint8_t head[HEAD_BYTES];
	size_t at; /* bytes of head and body that left */

	/* the answer that is being read */
	enum step step;
	size_t left; /* bytes of the frame not yet taken */
	int32_t topics_left, partitions_left;
	size_t discard;
	uint8_t in[IN_MAX];
	size_t in_start, in_end;
};

struct client {
	int64_t begun, done;
	int64_t started[DEPTH_MAX]; /* when, of the operations in flight */
	struct conn conns[];
};

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- requests */

static void put(struct body *b, const void *bytes, size_t n)
{
	if (b->size + n > b->room) {
		b->room = (b->size + n) * 2;
		b->bytes = mem_realloc(b->bytes, b->room);
	}
	memcpy(b->bytes + b->size, bytes, n);
	b->size += n;
}

static void put_int(struct body *b, int64_t value, unsigned width)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)((uint64_t)value >> 8 * (width - 1 - i));
	put(b, bytes, width);
}

static void put_string(struct body *b, const char *text)
{
	put_int(b, (int64_t)strlen(text), 2);
	put(b, text, strlen(text));
}

static void put_produce(struct body *b, const int *partitions, int count, const uint8_t *batch,
			size_t length)
{
	put_string(b, "load"); /* client id */
	put_int(b, -1, 2);     /* no transaction */
	put_int(b, 1, 2);      /* acks */
	put_int(b, 30000, 4);  /* timeout */
	put_int(b, 1, 4);      /* topics */
	put_string(b, load.topic);
	put_int(b, count, 4);
	for (int i = 0; i < count; i++) {
		put_int(b, partitions[i], 4);
		put_int(b, (int64_t)length, 4);
		put(b, batch, length);
	}
}

static void put_fetch(struct body *b, const int *partitions, int count)
{
	put_string(b, "load");
	put_int(b, -1, 4);  /* replica */
	put_int(b, 500, 4); /* max wait */
	put_int(b, 1, 4);   /* min bytes */
	put_int(b, 100 << 20, 4);
	put_int(b, 0, 1); /* read uncommitted */
	put_int(b, 0, 4); /* session */
	put_int(b, -1, 4);
	put_int(b, 1, 4); /* topics */
	put_string(b, load.topic);
	put_int(b, count, 4);
	for (int i = 0; i < count; i++) {
		put_int(b, partitions[i], 4);
		put_int(b, -1, 4); /* leader epoch */
		put_int(b, 0, 8);  /* offset */
		put_int(b, -1, 8); /* log start */
		put_int(b, (int64_t)load.bytes, 4);
	}
	put_int(b, 0, 4);  /* forgotten topics */
	put_string(b, ""); /* rack */
}

static void bodies_make(void)
{
	int each = load.together ? load.partition_count : 1;
	size_t length;
	uint8_t *batch = batch_make(load.bytes, &length);

	load.body_count = load.partition_count / each;
	for (int i = 0; i < load.body_count; i++) {
		if (load.is_fetch)
			put_fetch(&load.bodies[i], load.partitions + i * each, each);
		else
			put_produce(&load.bodies[i], load.partitions + i * each, each, batch,
				    length);
	}
	free(batch);
}

/* With one target the bodies in turn; with several, each target has its own. */
static const struct body *body_of(const struct conn *c, int64_t operation)
{
	return &load.bodies[load.target_count > 1 ? c->target : operation % load.body_count];
}

static void head_make(struct conn *c, const struct body *body)
{
	struct body head = { c->head, 0, HEAD_BYTES };

	put_int(&head, (int64_t)(HEAD_BYTES - 4 + body->size), 4);
	put_int(&head, load.is_fetch ? FETCH : PRODUCE, 2);
	put_int(&head, load.is_fetch ? FETCH_VERSION : PRODUCE_VERSION, 2);
	put_int(&head, c->sent & INT32_MAX, 4);
}

/* --- sending */

static void conn_watch(struct conn *c, int operation)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	if (c->waits_for_room)
		event.events |= EPOLLOUT;
	if (epoll_ctl(load.epoll, operation, c->fd, &event))
		fail("epoll: %s", strerror(errno));
}

/* Sends what is left of the request; false when the socket is full. */
static bool request_send(struct conn *c)
{
	const struct body *body = body_of(c, c->sent);
	size_t in_head = c->at < HEAD_BYTES ? HEAD_BYTES - c->at : 0;
	size_t in_body = c->at > HEAD_BYTES ? c->at - HEAD_BYTES : 0;
	struct iovec parts[2] = {
		{ c->head + HEAD_BYTES - in_head, in_head },
		{ body->bytes + in_body, body->size - in_body },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail("send: %s", strerror(errno));
	if (n < 0)
		return false;
	c->at += (size_t)n;
	load.bytes_out += n;
	if (c->at < HEAD_BYTES + body->size)
		return false;
	c->is_sending = false;
	c->sent++;
	return true;
}

static void conn_send(struct conn *c)
{
	bool was_waiting = c->waits_for_room;

	c->waits_for_room = false;
	while (c->sent < c->client->begun) {
		if (!c->is_sending) {
			head_make(c, body_of(c, c->sent));
			c->at = 0;
			c->is_sending = true;
		}
		if (!request_send(c)) {
			c->waits_for_room = true;
			break;
		}
	}
	if (was_waiting != c->waits_for_room)
		conn_watch(c, EPOLL_CTL_MOD);
}

static void client_begin(struct client *client)
{
	while (client->begun - client->done < load.depth && load.begun < load.operations) {
		client->started[client->begun % DEPTH_MAX] = now_ns();
		client->begun++;
		load.begun++;
	}
	for (int t = 0; t < load.target_count; t++)
		conn_send(&client->conns[t]);
}

/* One connection has one more answer: operations may be done by that. */
static void client_answered(struct client *client)
{
	int64_t all = INT64_MAX;

	for (int t = 0; t < load.target_count; t++)
		if (client->conns[t].answered < all)
			all = client->conns[t].answered;
	assert(load.microseconds);
	while (client->done < all) {
		int64_t took = (now_ns() - client->started[client->done % DEPTH_MAX]) / 1000;

		load.microseconds[load.done++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
		client->done++;
	}
}

/* --- reading answers */

struct cursor {
	const uint8_t *at, *end;
	bool is_short;
};

static int64_t take(struct cursor *in, unsigned width)
{
	uint64_t value = 0;

	assert(width >= 1 && width <= 8);
	if ((size_t)(in->end - in->at) < width) {
		in->is_short = true;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | *in->at++;
	return (int64_t)(value << (64 - 8 * width)) >> (64 - 8 * width);
}

static void skip(struct cursor *in, int64_t n)
{
	if (n < 0 || in->end - in->at < n)
		in->is_short = true;
	else
		in->at += n;
}

static void note_error(int64_t code)
{
	if (code && load.errors++ < 10)
		fprintf(stderr, "load: an answer says error %d\n", (int)code);
}

static void answer_head(struct conn *c, struct cursor *in)
{
	int64_t size = take(in, 4), correlation = take(in, 4), topics, error = 0;

	if (load.is_fetch) {
		take(in, 4); /* throttle time */
		error = take(in, 2);
		take(in, 4); /* session */
	}
	topics = take(in, 4);
	if (in->is_short)
		return;
	if (size < 8 || correlation != (c->answered & INT32_MAX))
		fail("answer %d of %d bytes where %d was due", (int)correlation, (int)size,
		     (int)c->answered);
	note_error(error);
	c->left = (size_t)size + 4;
	c->topics_left = (int32_t)topics;
	c->step = STEP_TOPIC;
}

static void answer_topic(struct conn *c, struct cursor *in)
{
	skip(in, take(in, 2));
	c->partitions_left = (int32_t)take(in, 4);
	if (!in->is_short)
		c->step = STEP_PARTITION;
}

static void answer_partition(struct conn *c, struct cursor *in)
{
	int64_t error, records = 0;

	take(in, 4);
	error = take(in, 2);
	skip(in, 8 + 8 + 8);
	if (load.is_fetch) {
		int64_t aborted = take(in, 4);

		skip(in, aborted > 0 ? aborted * 16 : 0);
		skip(in, 4); /* preferred read replica */
		records = take(in, 4);
	}
	if (in->is_short)
		return;
	note_error(error);
	c->partitions_left--;
	c->discard = records > 0 ? (size_t)records : 0;
	if (c->discard)
		c->step = STEP_RECORDS;
}

static void answer_discard(struct conn *c, struct cursor *in)
{
	size_t have = (size_t)(in->end - in->at);
	size_t n = have < c->discard ? have : c->discard;

	in->at += n;
	c->discard -= n;
	if (!c->discard)
		c->step = STEP_PARTITION;
}

static void answer_end(struct conn *c)
{
	if (c->left)
		fail("answer with %zu bytes too many", c->left);
	c->step = STEP_HEAD;
	c->answered++;
	client_answered(c->client);
}

/* What comes after a partition, a topic, the last topic. */
static void answer_next(struct conn *c)
{
	if (c->step == STEP_PARTITION && c->partitions_left <= 0) {
		c->topics_left--;
		c->step = STEP_TOPIC;
	}
	if (c->step == STEP_TOPIC && c->topics_left <= 0)
		c->step = STEP_REST;
}

static void step_take(struct conn *c, struct cursor *in)
{
	if (c->step == STEP_HEAD)
		answer_head(c, in);
	else if (c->step == STEP_TOPIC)
		answer_topic(c, in);
	else if (c->step == STEP_PARTITION)
		answer_partition(c, in);
	else if (c->step == STEP_RECORDS)
		answer_discard(c, in);
	else
		skip(in, load.is_fetch ? 0 : 4); /* a Produce ends with its throttle time */
}

static void steps_take(struct conn *c)
{
	for (;;) {
		struct cursor in = { c->in + c->in_start, c->in + c->in_end, false };
		bool was_rest = c->step == STEP_REST;
		size_t taken;

		if (in.at == in.end && !(was_rest && load.is_fetch))
			break;
		step_take(c, &in);
		if (in.is_short)
			break;
		taken = (size_t)(in.at - c->in) - c->in_start;
		if (taken > c->left)
			fail("answer runs past its frame");
		c->left -= taken;
		c->in_start += taken;
		if (was_rest)
			answer_end(c);
		else
			answer_next(c);
	}
	memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
	c->in_end -= c->in_start;
	c->in_start = 0;
}

/* Reads once, records into the void; false when there is no more now. */
static bool conn_read(struct conn *c)
{
	bool discards = c->step == STEP_RECORDS && c->in_end == 0;
	ssize_t n;

	if (discards)
		n = recv(c->fd, NULL, c->discard, MSG_TRUNC | MSG_DONTWAIT);
	else
		n = recv(c->fd, c->in + c->in_end, IN_MAX - c->in_end, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		fail("a connection was closed after %lld answers: %s", (long long)c->answered,
		     n ? strerror(errno) : "end");
	load.bytes_in += n;
	if (!discards) {
		c->in_end += (size_t)n;
		return true;
	}
	c->discard -= (size_t)n;
	c->left -= (size_t)n;
	if (!c->discard) {
		c->step = STEP_PARTITION;
		answer_next(c);
	}
	return true;
}

static void conn_step(struct conn *c)
{
	for (int rounds = 0; rounds < 16 && conn_read(c); rounds++)
		steps_take(c);
	steps_take(c);
	client_begin(c->client);
}

/* --- the program */

static int conn_open(const struct sockaddr_in *target)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)target, sizeof(*target)))
		fail("connect: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return fd;
}

static struct client *client_open(void)
{
	struct client *client =
		mem_zalloc(sizeof(*client) + (size_t)load.target_count * sizeof(struct conn));

	for (int t = 0; t < load.target_count; t++) {
		struct conn *c = &client->conns[t];

		c->client = client;
		c->target = t;
		c->fd = conn_open(&load.targets[t]);
		conn_watch(c, EPOLL_CTL_ADD);
	}
	return client;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(double seconds)
{
	uint32_t *us = load.microseconds;

	qsort(us, (size_t)load.done, sizeof(*us), by_size);
	printf("{\"operations\": %lld, \"errors\": %lld, \"seconds\": %.6f, \"bytes_out\": %lld, "
	       "\"bytes_in\": %lld, "
	       "\"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n",
	       (long long)load.done, (long long)load.errors, seconds, (long long)load.bytes_out,
	       (long long)load.bytes_in, us[load.done / 2], us[load.done * 99 / 100],
	       us[load.done - 1]);
}

static int64_t number(const char *word, int64_t least, int64_t most)
{
	char *end;
	long long value = strtoll(word, &end, 10);

	if (end == word || *end || value < least || value > most)
		fail("%s: not a number from %lld to %lld", word, (long long)least, (long long)most);
	return value;
}

static void targets_read(char *word)
{
	char *rest;

	for (char *one = strtok_r(word, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		char *colon = strrchr(one, ':');
		struct sockaddr_in *target = &load.targets[load.target_count++];

		if (load.target_count > TARGETS_MAX || !colon)
			fail("%s: not HOST:PORT, or too many", one);
		*colon = '\0';
		target->sin_family = AF_INET;
		target->sin_port = htons((uint16_t)number(colon + 1, 1, 65535));
		if (inet_pton(AF_INET, one, &target->sin_addr) != 1)
			fail("%s: not an IPv4 address", one);
	}
}

static void partitions_read(char *word)
{
	char *rest;

	for (char *one = strtok_r(word, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		if (load.partition_count == PARTITIONS_MAX)
			fail("more than %d partitions", PARTITIONS_MAX);
		load.partitions[load.partition_count++] = (int)number(one, 0, INT32_MAX);
	}
}

static void option_read(const char *name, char *value)
{
	if (!strcmp(name, "--target"))
		targets_read(value);
	else if (!strcmp(name, "--mode"))
		load.is_fetch = !strcmp(value, "fetch");
	else if (!strcmp(name, "--partitions"))
		partitions_read(value);
	else if (!strcmp(name, "--topic"))
		load.topic = value;
	else if (!strcmp(name, "--bytes"))
		load.bytes = (size_t)number(value, 1, 50 << 20);
	else if (!strcmp(name, "--together"))
		load.together = !strcmp(value, "yes");
	else if (!strcmp(name, "--clients"))
		load.clients = (int)number(value, 1, 10000);
	else if (!strcmp(name, "--depth"))
		load.depth = (int)number(value, 1, DEPTH_MAX);
	else if (!strcmp(name, "--operations"))
		load.operations = number(value, 1, 100000000);
	else
		fail("%s: no such option", name);
}

static void options_read(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			fail("%s needs a value", argv[i]);
		option_read(argv[i], argv[i + 1]);
	}
	if (!load.target_count || !load.partition_count)
		fail("--target and --partitions are needed");
	if (load.target_count > 1 && (load.together || load.partition_count != load.target_count))
		fail("several targets need one partition each");
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int64_t began;

	signal(SIGPIPE, SIG_IGN);
	options_read(argc, argv);
	bodies_make();
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.microseconds = mem_alloc((size_t)load.operations * sizeof(*load.microseconds));
	began = now_ns();
	for (int i = 0; i < load.clients; i++)
		client_begin(client_open());
	while (load.done < load.operations) {
		int n = epoll_wait(load.epoll, events, EVENTS, 30000);

		if (n == 0)
			fail("nothing was answered for 30 s");
		for (int i = 0; i < n; i++)
			conn_step(events[i].data.ptr);
	}
	report((double)(now_ns() - began) / 1e9);
	return load.errors ? 1 : 0;
}
