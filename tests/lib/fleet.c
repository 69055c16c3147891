/* fleet.c - many real clients at once, librdkafka's, and what any of them complains of.
 *
 *   fleet --bootstrap HOST:PORT --topic NAME [--partitions N] [--producers N] [--consumers N]
 *         [--pause MS]
 *
 * Each producer sends a record every so many milliseconds, idempotently, to the
 * partitions in turn: one that has no use for a connection does not reconnect,
 * and counts its broker as down.  Each
 * consumer reads the whole topic as a group of its own.  Commands on standard
 * input, a line each, each answered by a line of JSON with the counts so far:
 *   status
 *   stop       no more records; waits until all were delivered, at most 60 s
 * Ends with its standard input.  `disconnects` is what librdkafka mends by
 * itself; everything else that a client tells its application is an error, and
 * is said on standard error.
 */
#include "util/compiler.h"
#include "util/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1000, PER_POLL = 200, TURN_MS = 20, STOP_MS = 60000 };

struct client {
	rd_kafka_t *rk;
	bool is_producer;
	int number;
	int64_t next_at; /* of a producer's next record */
	int partition;
	uint64_t read; /* of a consumer */
};

static struct {
	const char *bootstrap, *topic;
	int partitions, producers, consumers, pause_ms;
	struct client clients[CLIENTS_MAX];
	int count;
	bool is_stopped;
	uint64_t sent, delivered, failed, disconnects, errors;
} fleet = { .partitions = 1, .producers = 1, .consumers = 1, .pause_ms = 500 };

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("fleet: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- what a client says --- */

static void note_error(const struct client *c, rd_kafka_resp_err_t err, const char *reason)
{
	if (err == RD_KAFKA_RESP_ERR__TRANSPORT) {
		fleet.disconnects++;
		return;
	}
	fleet.errors++;
	fprintf(stderr, "%s %d: %s: %s\n", c->is_producer ? "producer" : "consumer", c->number,
		rd_kafka_err2name(err), reason);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	(void)rk;
	note_error(opaque, err, reason);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		fleet.delivered++;
		return;
	}
	fleet.failed++;
	fprintf(stderr, "producer %d: a record: %s\n", ((struct client *)opaque)->number,
		rd_kafka_err2name(message->err));
}

/* --- clients --- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[200];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
		fail("%s", why);
}

static void subscribe(struct client *c)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(topics, fleet.topic, RD_KAFKA_PARTITION_UA);
	rd_kafka_poll_set_consumer(c->rk);
	if (rd_kafka_subscribe(c->rk, topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail("consumer %d can't subscribe", c->number);
	rd_kafka_topic_partition_list_destroy(topics);
}

static void client_start(bool is_producer, int number)
{
	struct client *c = &fleet.clients[fleet.count++];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char name[64], group[200], why[200];

	snprintf(name, sizeof name, "fleet-%c%d", is_producer ? 'p' : 'c', number);
	*c = (struct client){ .is_producer = is_producer, .number = number };
	c->next_at = now_ms() + number % fleet.pause_ms;
	set(conf, "bootstrap.servers", fleet.bootstrap);
	set(conf, "client.id", name);
	set(conf, "log_level", "4");
	if (is_producer) {
		set(conf, "enable.idempotence", "true");
		rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	} else {
		/* another topic's clients may not have left their groups */
		snprintf(group, sizeof group, "%s-%d", fleet.topic, number);
		set(conf, "group.id", group);
		set(conf, "auto.offset.reset", "earliest");
	}
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, c);
	c->rk = rd_kafka_new(is_producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, why,
			     sizeof why);
	if (c->rk == NULL)
		fail("%s: %s", name, why);
	if (!is_producer)
		subscribe(c);
}

static void produce(struct client *c)
{
	char value[100] = "";
	int64_t now = now_ms();
	rd_kafka_resp_err_t err;

	rd_kafka_poll(c->rk, 0);
	if (fleet.is_stopped || now < c->next_at)
		return;
	c->next_at += fleet.pause_ms;
	c->partition = (c->partition + 1) % fleet.partitions;
	snprintf(value, sizeof value, "%d %" PRIu64, c->number, fleet.sent);
	err = rd_kafka_producev(c->rk, RD_KAFKA_V_TOPIC(fleet.topic),
				RD_KAFKA_V_PARTITION(c->partition),
				RD_KAFKA_V_VALUE(value, sizeof value),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
	fleet.sent++;
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		fleet.failed++;
		note_error(c, err, "a record was not taken");
	}
}

static void consume(struct client *c)
{
	rd_kafka_message_t *message;

	for (int i = 0; i < PER_POLL && (message = rd_kafka_consumer_poll(c->rk, 0)) != NULL; i++) {
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			c->read++;
		else
			note_error(c, message->err, rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
}

static void turn(void)
{
	for (int i = 0; i < fleet.count; i++) {
		if (fleet.clients[i].is_producer)
			produce(&fleet.clients[i]);
		else
			consume(&fleet.clients[i]);
	}
}

/* --- commands --- */

static void answer(void)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (int i = 0; i < fleet.count; i++) {
		const struct client *c = &fleet.clients[i];

		if (c->is_producer)
			continue;
		least = c->read < least ? c->read : least;
		most = c->read > most ? c->read : most;
	}
	printf("{\"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"failed\": %" PRIu64
	       ", \"errors\": %" PRIu64 ", \"disconnects\": %" PRIu64 ", \"least_read\": %" PRIu64
	       ", \"most_read\": %" PRIu64 "}\n",
	       fleet.sent, fleet.delivered, fleet.failed, fleet.errors, fleet.disconnects,
	       least == UINT64_MAX ? 0 : least, most);
	fflush(stdout);
}

static void stop(void)
{
	int64_t end = now_ms() + STOP_MS;

	fleet.is_stopped = true;
	while (fleet.delivered + fleet.failed < fleet.sent && now_ms() < end) {
		turn();
		usleep(TURN_MS * 1000);
	}
}

/* False: the input has ended.  A line comes whole: who writes it waits for the answer. */
static bool obey(void)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);

	if (n < 0 && errno != EINTR)
		fail("standard input: %s", strerror(errno));
	if (n <= 0)
		return n < 0;
	line[n] = '\0';
	if (strcmp(line, "stop\n") == 0)
		stop();
	else if (strcmp(line, "status\n") != 0)
		fail("what is %s", line);
	answer();
	return true;
}

static int number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end != '\0' || n < 0 || n > CLIENTS_MAX / 2)
		fail("%s is not from 0 to %d", text, CLIENTS_MAX / 2);
	return (int)n;
}

static void options(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--bootstrap") == 0)
			fleet.bootstrap = argv[i + 1];
		else if (strcmp(argv[i], "--topic") == 0)
			fleet.topic = argv[i + 1];
		else if (strcmp(argv[i], "--partitions") == 0)
			fleet.partitions = number(argv[i + 1]);
		else if (strcmp(argv[i], "--producers") == 0)
			fleet.producers = number(argv[i + 1]);
		else if (strcmp(argv[i], "--consumers") == 0)
			fleet.consumers = number(argv[i + 1]);
		else if (strcmp(argv[i], "--pause") == 0)
			fleet.pause_ms = number(argv[i + 1]);
		else
			fail("unknown option %s", argv[i]);
	}
	if (fleet.bootstrap == NULL || fleet.topic == NULL || argc % 2 == 0 ||
	    fleet.pause_ms == 0 || fleet.partitions == 0)
		fail("--bootstrap and --topic are needed, and every option has a value");
}

int main(int argc, char **argv)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };

	options(argc, argv);
	for (int i = 0; i < fleet.producers; i++)
		client_start(true, i);
	for (int i = 0; i < fleet.consumers; i++)
		client_start(false, i);
	for (;;) {
		turn();
		if (poll(&in, 1, TURN_MS) > 0 && !obey())
			return 0; /* the clients end with the process */
	}
}
