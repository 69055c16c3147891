/* sink.c - a Kafka cluster that stores nothing, as fast as the kernel lets it.
 *
 *   sink --host ADDRESS [--brokers N] [--topic NAME:PARTITIONS] [--fetch-bytes N]
 *
 * Prints its bootstrap servers as one line; ends with its standard input.
 * Partition p is led by broker 1 + p % N; the others answer 6 for it.  Records
 * of a Produce are thrown away in the kernel (MSG_TRUNC); those of a Fetch are
 * one batch of 1 KB messages, sent from memory with sendfile, as real brokers
 * send theirs.  It speaks the last versions that are not flexible: ApiVersions
 * 0-2, Metadata 0-8, Produce 3-8, Fetch 4-11.
 */
#include "batch.h"
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
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BROKERS_MAX = 16,
	IN_MAX = 256 << 10, /* what must be seen at once: a head, or a whole small request */
	OUT_MAX = 1 << 20,
	SEGMENTS_MAX = 4096,
	NAME_MAX_BYTES = 249,
	EVENTS = 256,
};

enum { PRODUCE = 0, FETCH = 1, METADATA = 3, API_VERSIONS = 18 };
enum { ERR_NONE = 0, ERR_UNKNOWN_TOPIC = 3, ERR_NOT_LEADER = 6, ERR_UNSUPPORTED_VERSION = 35 };

static const struct {
	int16_t key, least, most;
} offered[] = { { PRODUCE, 0, 8 }, { FETCH, 4, 11 }, { METADATA, 0, 8 }, { API_VERSIONS, 0, 2 } };

static struct {
	struct in_addr host;
	const char *host_text;
	int brokers;
	uint16_t ports[BROKERS_MAX];
	int listeners[BROKERS_MAX];
	char topic[NAME_MAX_BYTES + 1];
	int partitions;
	int records_fd; /* what every Fetch partition holds */
	size_t records_size;
	int epoll;
} sink = {
	.host_text = "127.0.0.1", .brokers = 3, .topic = "bench", .partitions = 12, .epoll = -1
};

/* A run of an answer: bytes of `out`, or the canned records. */
struct segment {
	size_t left;
	bool is_records;
};

/* A request is read in steps; each step wants all its bytes in `in`. */
enum step {
	STEP_HEAD,	/* the whole frame, or a Produce up to its topics */
	STEP_TOPIC,	/* Produce: a topic's name and its count of partitions */
	STEP_PARTITION, /* Produce: an index and the length of its records */
	STEP_RECORDS,	/* Produce: throw them away */
};

struct conn {
	int fd;
	int broker; /* that it is connected to, from 1 */
	enum step step;
	bool is_broken, wants_out;

	uint8_t in[IN_MAX];
	size_t in_start, in_end;

	/* the Produce that is being read */
	int16_t version, acks;
	int32_t topics_left, partitions_left;
	size_t discard;

	/* the answers that are being written; filled only when empty enough */
	uint8_t out[OUT_MAX];
	size_t out_start, out_end, answer_at;
	struct segment segments[SEGMENTS_MAX];
	size_t segment_first, segment_count;
	off_t records_at;
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

/* --- writing an answer */

static void put(struct conn *c, const void *bytes, size_t n)
{
	if (c->out_end + n > OUT_MAX) {
		c->is_broken = true;
		return;
	}
	memcpy(c->out + c->out_end, bytes, n);
	c->out_end += n;
	if (c->segment_count && !c->segments[c->segment_first + c->segment_count - 1].is_records) {
		c->segments[c->segment_first + c->segment_count - 1].left += n;
	} else if (c->segment_first + c->segment_count < SEGMENTS_MAX) {
		c->segments[c->segment_first + c->segment_count++] = (struct segment){ n, false };
	} else {
		c->is_broken = true;
	}
}

static void put_records(struct conn *c)
{
	if (c->segment_first + c->segment_count < SEGMENTS_MAX)
		c->segments[c->segment_first + c->segment_count++] =
			(struct segment){ sink.records_size, true };
	else
		c->is_broken = true;
}

static void put_int(struct conn *c, uint64_t value, unsigned width)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
	put(c, bytes, width);
}

static void put8(struct conn *c, int value)
{
	put_int(c, (uint64_t)value, 1);
}
static void put16(struct conn *c, int value)
{
	put_int(c, (uint64_t)value, 2);
}
static void put32(struct conn *c, int64_t value)
{
	put_int(c, (uint64_t)value, 4);
}
static void put64(struct conn *c, int64_t value)
{
	put_int(c, (uint64_t)value, 8);
}

static void put_string(struct conn *c, const char *text, size_t n)
{
	put16(c, (int)n);
	put(c, text, n);
}

static void answer_begin(struct conn *c, int32_t correlation)
{
	c->answer_at = c->out_end;
	put32(c, 0); /* the size: answer_end knows it */
	put32(c, correlation);
}

static void answer_end(struct conn *c, size_t records)
{
	size_t size = c->out_end - c->answer_at - 4 + records;

	for (unsigned i = 0; i < 4; i++)
		c->out[c->answer_at + i] = (uint8_t)(size >> 8 * (3 - i));
}

/* --- reading a request: a cursor whose error sticks */

struct cursor {
	const uint8_t *at, *end;
	bool is_short;
};

static uint64_t take_int(struct cursor *in, unsigned width)
{
	uint64_t value = 0;

	if ((size_t)(in->end - in->at) < width) {
		in->is_short = true;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | *in->at++;
	return value;
}

static int16_t take16(struct cursor *in)
{
	return (int16_t)take_int(in, 2);
}
static int32_t take32(struct cursor *in)
{
	return (int32_t)take_int(in, 4);
}

static void skip(struct cursor *in, size_t n)
{
	if ((size_t)(in->end - in->at) < n)
		in->is_short = true;
	else
		in->at += n;
}

static const char *take_string(struct cursor *in, int16_t *length)
{
	const char *text;

	*length = take16(in);
	text = (const char *)in->at;
	if (*length > 0)
		skip(in, (size_t)*length);
	return text;
}

struct head {
	int32_t size;
	int16_t key, version;
	int32_t correlation;
};

static struct head take_head(struct cursor *in)
{
	struct head head = { .size = take32(in) };
	int16_t length;

	head.key = take16(in);
	head.version = take16(in);
	head.correlation = take32(in);
	take_string(in, &length);
	return head;
}

/* --- the APIs */

static void answer_api_versions(struct conn *c, const struct head *head)
{
	bool known = head->version <= 2;

	answer_begin(c, head->correlation);
	put16(c, known ? ERR_NONE : ERR_UNSUPPORTED_VERSION);
	put32(c, ARRAY_LEN(offered));
	for (size_t i = 0; i < ARRAY_LEN(offered); i++) {
		put16(c, offered[i].key);
		put16(c, offered[i].least);
		put16(c, offered[i].most);
	}
	if (known && head->version >= 1)
		put32(c, 0);
	answer_end(c, 0);
}

static int leader_of(int32_t partition)
{
	return 1 + partition % sink.brokers;
}

static void put_partition(struct conn *c, int16_t version, int partition)
{
	int leader = leader_of(partition);

	put16(c, ERR_NONE);
	put32(c, partition);
	put32(c, leader);
	if (version >= 7)
		put32(c, 1);		       /* leader epoch */
	for (int list = 0; list < 2; list++) { /* replicas, in-sync replicas */
		put32(c, 1);
		put32(c, leader);
	}
	if (version >= 5)
		put32(c, 0); /* offline replicas */
}

static void put_topic(struct conn *c, int16_t version, const char *name, size_t length)
{
	bool known = length == strlen(sink.topic) && !memcmp(name, sink.topic, length);

	put16(c, known ? ERR_NONE : ERR_UNKNOWN_TOPIC);
	put_string(c, name, length);
	if (version >= 1)
		put8(c, 0); /* internal */
	put32(c, known ? sink.partitions : 0);
	for (int p = 0; known && p < sink.partitions; p++)
		put_partition(c, version, p);
	if (version >= 8)
		put32(c, INT32_MIN); /* authorized operations: not asked for */
}

static void put_brokers(struct conn *c, int16_t version)
{
	put32(c, sink.brokers);
	for (int b = 0; b < sink.brokers; b++) {
		put32(c, b + 1);
		put_string(c, sink.host_text, strlen(sink.host_text));
		put32(c, sink.ports[b]);
		if (version >= 1)
			put16(c, -1); /* rack */
	}
}

static void answer_metadata(struct conn *c, const struct head *head, struct cursor *in)
{
	int32_t topics = take32(in);
	bool all = topics < 0 || (topics == 0 && head->version == 0);

	answer_begin(c, head->correlation);
	if (head->version >= 3)
		put32(c, 0);
	put_brokers(c, head->version);
	if (head->version >= 2)
		put_string(c, "sink", 4);
	if (head->version >= 1)
		put32(c, 1); /* controller */
	put32(c, all ? 1 : topics);
	if (all)
		put_topic(c, head->version, sink.topic, strlen(sink.topic));
	for (int32_t i = 0; !all && i < topics && !in->is_short && !c->is_broken; i++) {
		int16_t length;
		const char *name = take_string(in, &length);

		put_topic(c, head->version, name, length > 0 ? (size_t)length : 0);
	}
	if (head->version >= 8)
		put32(c, INT32_MIN);
	answer_end(c, 0);
}

/* Returns how many bytes of records it put. */
static size_t put_fetch_partition(struct conn *c, int16_t version, int32_t partition)
{
	size_t records = leader_of(partition) == c->broker ? sink.records_size : 0;

	put32(c, partition);
	put16(c, records ? ERR_NONE : ERR_NOT_LEADER);
	put64(c, INT64_MAX); /* high watermark */
	put64(c, INT64_MAX); /* last stable offset */
	if (version >= 5)
		put64(c, 0);
	put32(c, 0); /* aborted transactions */
	if (version >= 11)
		put32(c, -1);
	put32(c, (int64_t)records);
	if (records)
		put_records(c);
	return records;
}

static void answer_fetch(struct conn *c, const struct head *head, struct cursor *in)
{
	size_t records = 0;
	int32_t topics;

	answer_begin(c, head->correlation);
	skip(in, 4 + 4 + 4 + 4 + 1 + (head->version >= 7 ? 8 : 0)); /* up to the topics */
	put32(c, 0);
	if (head->version >= 7) {
		put16(c, ERR_NONE);
		put32(c, 0); /* session */
	}
	topics = take32(in);
	put32(c, topics);
	for (int32_t t = 0; t < topics && !in->is_short && !c->is_broken; t++) {
		int16_t length;
		const char *name = take_string(in, &length);
		int32_t partitions = take32(in);

		put_string(c, name, length > 0 ? (size_t)length : 0);
		put32(c, partitions);
		for (int32_t p = 0; p < partitions && !in->is_short && !c->is_broken; p++) {
			records += put_fetch_partition(c, head->version, take32(in));
			skip(in, (size_t)(head->version >= 9 ? 4 : 0) + 8 +
					 (head->version >= 5 ? 8 : 0) + 4);
		}
	}
	answer_end(c, records);
}

/* A Produce up to its topics. */
static void produce_begin(struct conn *c, const struct head *head, struct cursor *in)
{
	int16_t length;

	if (head->version < 3) {
		c->is_broken = true;
		return;
	}
	take_string(in, &length); /* transactional id */
	c->version = head->version;
	c->acks = take16(in);
	take32(in); /* timeout */
	c->topics_left = take32(in);
	if (in->is_short)
		return;
	if (c->acks) {
		answer_begin(c, head->correlation);
		put32(c, c->topics_left);
	}
	c->step = STEP_TOPIC;
}

static void produce_topic(struct conn *c, struct cursor *in)
{
	int16_t length;
	const char *name = take_string(in, &length);
	int32_t partitions = take32(in);

	if (in->is_short)
		return;
	if (c->acks) {
		put_string(c, name, length > 0 ? (size_t)length : 0);
		put32(c, partitions);
	}
	c->partitions_left = partitions;
	c->step = STEP_PARTITION;
}

static void produce_partition(struct conn *c, struct cursor *in)
{
	int32_t partition = take32(in);
	int32_t records = take32(in);

	if (in->is_short)
		return;
	if (c->acks) {
		put32(c, partition);
		put16(c, leader_of(partition) == c->broker ? ERR_NONE : ERR_NOT_LEADER);
		put64(c, 0);
		put64(c, -1);
		if (c->version >= 5)
			put64(c, 0);
		if (c->version >= 8) {
			put32(c, 0);
			put16(c, -1);
		}
	}
	c->discard = records > 0 ? (size_t)records : 0;
	c->partitions_left--;
	c->step = STEP_RECORDS;
}

static void produce_end(struct conn *c)
{
	if (c->acks) {
		put32(c, 0); /* throttle time */
		answer_end(c, 0);
	}
	c->step = STEP_HEAD;
}

/* What follows a topic, or a partition's records. */
static void produce_next(struct conn *c)
{
	if (c->step == STEP_PARTITION && c->partitions_left <= 0) {
		c->topics_left--;
		c->step = STEP_TOPIC;
	}
	if (c->step == STEP_TOPIC && c->topics_left <= 0)
		produce_end(c);
}

static void request_begin(struct conn *c, struct cursor *in)
{
	struct head head = take_head(in);

	if (in->is_short)
		return;
	if (head.key == PRODUCE) {
		produce_begin(c, &head, in);
		return;
	}
	if (head.size < 0 || (size_t)head.size + 4 > IN_MAX) {
		c->is_broken = true;
		return;
	}
	if (c->in_end - c->in_start < (size_t)head.size + 4) {
		in->is_short = true;
		return;
	}
	if (head.key == API_VERSIONS)
		answer_api_versions(c, &head);
	else if (head.key == METADATA && head.version <= 8)
		answer_metadata(c, &head, in);
	else if (head.key == FETCH && head.version >= 4 && head.version <= 11)
		answer_fetch(c, &head, in);
	else
		c->is_broken = true;
	if (in->is_short)
		c->is_broken = true; /* the frame was whole */
	in->at = c->in + c->in_start + 4 + head.size;
}

/* --- one connection */

static void records_discard_buffered(struct conn *c)
{
	size_t have = c->in_end - c->in_start;
	size_t n = have < c->discard ? have : c->discard;

	c->in_start += n;
	c->discard -= n;
	if (!c->discard) {
		c->step = STEP_PARTITION;
		produce_next(c);
	}
}

/* Room for the largest answer that one step can begin. */
static bool has_room(const struct conn *c)
{
	return c->segment_first + c->segment_count < SEGMENTS_MAX / 2 && c->out_end < OUT_MAX / 2;
}

/* As many steps as the bytes at hand allow; true when something was done. */
static void steps_take(struct conn *c)
{
	while (!c->is_broken && c->in_start < c->in_end && has_room(c)) {
		struct cursor in = { c->in + c->in_start, c->in + c->in_end, false };

		if (c->step == STEP_RECORDS) {
			records_discard_buffered(c);
			continue;
		}
		if (c->step == STEP_HEAD)
			request_begin(c, &in);
		else if (c->step == STEP_TOPIC)
			produce_topic(c, &in);
		else
			produce_partition(c, &in);
		if (in.is_short)
			break;
		c->in_start = (size_t)(in.at - c->in);
		if (c->step == STEP_RECORDS && !c->discard)
			records_discard_buffered(c);
		else
			produce_next(c);
	}
	memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
	c->in_end -= c->in_start;
	c->in_start = 0;
}

/* Reads once; false when there is nothing (more) to read. */
static bool conn_read(struct conn *c)
{
	bool discards = c->step == STEP_RECORDS && c->in_end == 0 && c->discard;
	ssize_t n;

	if (discards)
		n = recv(c->fd, NULL, c->discard, MSG_TRUNC | MSG_DONTWAIT);
	else if (c->in_end < IN_MAX)
		/* A head is short: what else comes is left for MSG_TRUNC. */
		n = recv(c->fd, c->in + c->in_end,
			 c->in_end < 4096 ? 4096 - c->in_end : IN_MAX - c->in_end, MSG_DONTWAIT);
	else
		n = 0; /* a step that does not fit */
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		c->is_broken = true;
		return false;
	}
	if (!discards) {
		c->in_end += (size_t)n;
		return true;
	}
	c->discard -= (size_t)n;
	if (!c->discard) {
		c->step = STEP_PARTITION;
		produce_next(c);
	}
	return true;
}

static ssize_t segment_write(struct conn *c, struct segment *segment)
{
	if (segment->is_records) {
		c->records_at = (off_t)(sink.records_size - segment->left);
		return sendfile(c->fd, sink.records_fd, &c->records_at, segment->left);
	}
	return send(c->fd, c->out + c->out_start, segment->left,
		    MSG_DONTWAIT | MSG_NOSIGNAL | (c->segment_count > 1 ? MSG_MORE : 0));
}

/* The answer that a Produce has only begun must not leave: its size isn't known. */
static bool may_write(const struct conn *c)
{
	return c->segment_count && c->step == STEP_HEAD;
}

static void conn_write(struct conn *c)
{
	while (may_write(c)) {
		struct segment *segment = &c->segments[c->segment_first];
		ssize_t n = segment_write(c, segment);

		if (n < 0) {
			c->is_broken = errno != EAGAIN && errno != EINTR;
			return;
		}
		segment->left -= (size_t)n;
		if (!segment->is_records)
			c->out_start += (size_t)n;
		if (segment->left)
			return;
		c->segment_first++;
		c->segment_count--;
	}
	if (!c->segment_count)
		c->segment_first = c->out_start = c->out_end = 0;
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

	for (int rounds = 0; more && !c->is_broken && rounds < 64; rounds++) {
		conn_write(c);
		more = has_room(c) && conn_read(c);
		steps_take(c);
	}
	if (!c->is_broken)
		conn_write(c);
	if (c->is_broken) {
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
	c = mem_alloc(sizeof(*c));
	memset(c, 0, offsetof(struct conn, in));
	c->in_start = c->in_end = 0;
	c->out_start = c->out_end = c->segment_first = c->segment_count = 0;
	c->fd = fd;
	c->broker = broker;
	conn_watch(c, EPOLL_CTL_ADD);
}

/* --- the program */

static void records_make(size_t size)
{
	size_t length;
	uint8_t *batch = batch_make(size, &length);

	sink.records_fd = memfd_create("records", MFD_CLOEXEC);
	if (sink.records_fd < 0 || write(sink.records_fd, batch, length) != (ssize_t)length)
		fail("records: %s", strerror(errno));
	sink.records_size = length;
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
	sink.ports[broker] = ntohs(addr.sin_port);
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
	memcpy(sink.topic, word, (size_t)(colon - word));
	sink.topic[colon - word] = '\0';
	sink.partitions = (int)number(colon + 1, 1, 1000);
}

static void options_read(int argc, char **argv, size_t *fetch_bytes)
{
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			fail("%s needs a value", argv[i]);
		if (!strcmp(argv[i], "--host"))
			sink.host_text = argv[i + 1];
		else if (!strcmp(argv[i], "--brokers"))
			sink.brokers = (int)number(argv[i + 1], 1, BROKERS_MAX);
		else if (!strcmp(argv[i], "--topic"))
			topic_read(argv[i + 1]);
		else if (!strcmp(argv[i], "--fetch-bytes"))
			*fetch_bytes = (size_t)number(argv[i + 1], 1, 50 << 20);
		else
			fail("%s: no such option", argv[i]);
	}
	if (inet_pton(AF_INET, sink.host_text, &sink.host) != 1)
		fail("%s: not an IPv4 address", sink.host_text);
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
	for (int b = 0; b < sink.brokers; b++)
		listener_open(b);
	for (int b = 0; b < sink.brokers; b++)
		printf("%s%s:%d", b ? "," : "", sink.host_text, sink.ports[b]);
	putchar('\n');
	fflush(stdout);
	for (;;)
		serve();
}
