/* latency.c - how long records take at a fixed rate, with librdkafka: until they are acknowledged, and until they are read.
 *
 *   latency --bootstrap HOST:PORT,... --topic PREFIX --topics N --partitions N --rate MB-A-SECOND
 *           [--size BYTES] [--warm-up S] [--seconds S]
 *
 * The load is open: each record has the time at which it is to be sent, whatever became of those before, and its
 * latencies count from there, so that who is late is late with all that had to wait (no coordinated omission).  One producer
 * (idempotent, so acks=all, linger.ms=1) sends to the partitions of PREFIX0 to PREFIX(N-1) in turn; one consumer reads all of them.
 * Each has a connection to each broker.  Records of the warm-up are not counted.  Writes JSON; fails when a record was not
 * acknowledged or not read.
 */
#include "util/compiler.h"
#include "util/mem.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TURN_US = 1000, POLL_MS = 100, BATCH = 1000, RECORD_MAX = 1 << 20, END_S = 60 };

/* Microseconds, one a record; grown and sorted by one thread. */
struct times {
	uint32_t *us;
	size_t count, cap;
};

static struct {
	const char *bootstrap, *topic;
	int64_t topics, partitions, size, warm_up_s, seconds;
	double rate;
	rd_kafka_t *producer, *consumer;
	struct times published, read;
	int64_t counted_from; /* records of before are the warm-up's; nanoseconds, as all times here */
	int64_t late_ns;      /* most that the sender itself was behind */
	uint64_t sent;
	atomic_uint_fast64_t acknowledged, received, failed;
	atomic_bool is_over;
} run = { .topics = 10, .partitions = 3, .size = 1024, .warm_up_s = 5, .seconds = 30, .rate = 50 };

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("latency: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void note(struct times *to, int64_t due)
{
	if (due < run.counted_from)
		return;
	if (to->count == to->cap) {
		to->cap = to->cap > 0 ? 2 * to->cap : 1 << 16;
		to->us = mem_realloc(to->us, to->cap * sizeof *to->us);
	}
	to->us[to->count++] = (uint32_t)((now_ns() - due) / 1000);
}

/* The time at which a record was to be sent stands at its front. */
static int64_t due_of(const rd_kafka_message_t *m)
{
	int64_t due;

	if (m->len < sizeof due)
		fail("a record of %zu bytes", m->len);
	memcpy(&due, m->payload, sizeof due);
	return due;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *ctx)
{
	(void)rk;
	(void)ctx;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (atomic_fetch_add(&run.failed, 1) == 0)
			fprintf(stderr, "latency: not acknowledged: %s\n",
				rd_kafka_err2str(m->err));
		return;
	}
	note(&run.published, due_of(m));
	atomic_fetch_add(&run.acknowledged, 1);
}

static void *hear_acknowledgements(void *ctx)
{
	(void)ctx;
	while (!atomic_load(&run.is_over))
		rd_kafka_poll(run.producer, POLL_MS);
	return NULL;
}

static void *read_records(void *ctx)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(run.consumer);
	rd_kafka_message_t *batch[BATCH];

	(void)ctx;
	while (!atomic_load(&run.is_over)) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, POLL_MS, batch, BATCH);

		for (ssize_t i = 0; i < n; i++) {
			if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
				note(&run.read, due_of(batch[i]));
				atomic_fetch_add(&run.received, 1);
			} else if (batch[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
				fprintf(stderr, "latency: reading: %s\n",
					rd_kafka_message_errstr(batch[i]));
			}
			rd_kafka_message_destroy(batch[i]);
		}
	}
	rd_kafka_queue_destroy(queue);
	return NULL;
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *const (*settings)[2])
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[512];
	rd_kafka_t *rk;

	for (; (*settings)[0] != NULL; settings++) {
		if (rd_kafka_conf_set(conf, (*settings)[0], (*settings)[1], why, sizeof why) !=
		    RD_KAFKA_CONF_OK)
			fail("%s", why);
	}
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rk = rd_kafka_new(type, conf, why, sizeof why);
	if (rk == NULL)
		fail("%s", why);
	return rk;
}

static char *topic_name(int64_t n)
{
	return mem_printf("%s%" PRId64, run.topic, n);
}

static void start_clients(void)
{
	const char *const for_producer[][2] = { { "bootstrap.servers", run.bootstrap },
						{ "enable.idempotence",
						  "true" }, /* a retry is no second record */
						{ "linger.ms", "1" },
						{ "queue.buffering.max.kbytes", "1048576" },
						{ "queue.buffering.max.messages", "2000000" },
						{ NULL, NULL } };
	const char *const for_consumer[][2] = {
		{ "bootstrap.servers", run.bootstrap }, { "group.id", "latency" },
		{ "enable.auto.commit", "false" },	{ "auto.offset.reset", "earliest" },
		{ "fetch.wait.max.ms", "100" },		{ NULL, NULL }
	};
	rd_kafka_topic_partition_list_t *all =
		rd_kafka_topic_partition_list_new((int)(run.topics * run.partitions));

	run.producer = client(RD_KAFKA_PRODUCER, for_producer);
	run.consumer = client(RD_KAFKA_CONSUMER, for_consumer);
	rd_kafka_poll_set_consumer(run.consumer);
	for (int64_t t = 0; t < run.topics; t++) {
		char *name = topic_name(t);

		for (int p = 0; p < run.partitions; p++)
			rd_kafka_topic_partition_list_add(all, name, p)->offset = 0;
		free(name);
	}
	if (rd_kafka_assign(run.consumer, all) != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail("the consumer takes no partitions");
	rd_kafka_topic_partition_list_destroy(all);
}

static void send_record(rd_kafka_topic_t **topics, char *record, uint64_t n, int64_t due)
{
	rd_kafka_topic_t *topic = topics[n % (uint64_t)run.topics];
	int32_t partition = (int32_t)(n / (uint64_t)run.topics % (uint64_t)run.partitions);

	memcpy(record, &due, sizeof due);
	while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, record, (size_t)run.size,
				NULL, 0, NULL) != 0) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			fail("%s", rd_kafka_err2str(rd_kafka_last_error()));
		usleep(TURN_US); /* it counts: the record's time was before */
	}
}

/* What is due is sent, each in its turn, until the time is over. */
static void send_all(void)
{
	rd_kafka_topic_t **topics = mem_zalloc((size_t)run.topics * sizeof(*topics));
	char *record = mem_zalloc((size_t)run.size);
	double ns_each = 1e9 * (double)run.size / (run.rate * 1e6);
	int64_t began = now_ns();
	uint64_t all = (uint64_t)((double)(run.warm_up_s + run.seconds) * 1e9 / ns_each);

	run.counted_from = began + run.warm_up_s * 1000000000;
	for (int64_t t = 0; t < run.topics; t++) {
		char *name = topic_name(t);

		topics[t] = rd_kafka_topic_new(run.producer, name, NULL);
		free(name);
	}
	for (uint64_t n = 0; n < all; n++) {
		int64_t due = began + (int64_t)((double)n * ns_each), late;

		while ((late = now_ns() - due) < 0)
			usleep(TURN_US);
		if (due >= run.counted_from && late > run.late_ns)
			run.late_ns = late;
		send_record(topics, record, n, due);
	}
	run.sent = all;
	for (int64_t t = 0; t < run.topics; t++)
		rd_kafka_topic_destroy(topics[t]);
	free(topics);
	free(record);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *name, struct times *t)
{
	uint64_t sum = 0;

	if (t->count == 0)
		fail("nothing was counted");
	qsort(t->us, t->count, sizeof *t->us, by_size);
	for (size_t i = 0; i < t->count; i++)
		sum += t->us[i];
	printf(", \"%s\": {\"count\": %zu, \"average_us\": %.1f, \"p50_us\": %u, \"p99_us\": %u, \"p999_us\": %u, \"max_us\": %u}",
	       name, t->count, (double)sum / (double)t->count, t->us[t->count / 2],
	       t->us[t->count * 99 / 100], t->us[t->count * 999 / 1000], t->us[t->count - 1]);
}

static void read_arguments(int argc, char **argv)
{
	struct {
		const char *name;
		int64_t *to, least, most;
	} numbers[] = { { "--topics", &run.topics, 1, 10000 },
			{ "--partitions", &run.partitions, 1, 1000 },
			{ "--size", &run.size, 16, RECORD_MAX },
			{ "--warm-up", &run.warm_up_s, 0, 3600 },
			{ "--seconds", &run.seconds, 1, 86400 } };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];
		bool is_known = true;

		if (strcmp(name, "--bootstrap") == 0)
			run.bootstrap = value;
		else if (strcmp(name, "--topic") == 0)
			run.topic = value;
		else if (strcmp(name, "--rate") == 0)
			run.rate = strtod(value, NULL);
		else
			is_known = false;
		for (size_t n = 0; !is_known && n < ARRAY_LEN(numbers); n++) {
			if (strcmp(name, numbers[n].name) != 0)
				continue;
			*numbers[n].to = strtoll(value, NULL, 10);
			if (*numbers[n].to < numbers[n].least || *numbers[n].to > numbers[n].most)
				fail("%s %s: not from %" PRId64 " to %" PRId64, name, value,
				     numbers[n].least, numbers[n].most);
			is_known = true;
		}
		if (!is_known)
			fail("there is no option %s", name);
	}
	if (argc % 2 == 0 || run.bootstrap == NULL || run.topic == NULL || run.rate <= 0)
		fail("wants --bootstrap, --topic, and a --rate above 0");
}

int main(int argc, char **argv)
{
	pthread_t reader, hearer;

	read_arguments(argc, argv);
	start_clients();
	pthread_create(&reader, NULL, read_records, NULL);
	pthread_create(&hearer, NULL, hear_acknowledgements, NULL);
	send_all();
	for (int64_t end = now_ns() + END_S * (int64_t)1000000000;
	     now_ns() < end && atomic_load(&run.failed) == 0 &&
	     atomic_load(&run.received) < run.sent;)
		usleep(TURN_US);
	rd_kafka_flush(run.producer, POLL_MS);
	atomic_store(&run.is_over, true);
	pthread_join(reader, NULL);
	pthread_join(hearer, NULL);
	if (atomic_load(&run.acknowledged) != run.sent || atomic_load(&run.received) != run.sent)
		fail("of %" PRIu64 " records %" PRIuFAST64 " were acknowledged and %" PRIuFAST64
		     " read",
		     run.sent, atomic_load(&run.acknowledged), atomic_load(&run.received));
	printf("{\"sent\": %" PRIu64 ", \"late_us\": %" PRId64, run.sent, run.late_ns / 1000);
	print_times("publish", &run.published);
	print_times("end_to_end", &run.read);
	puts("}");
	rd_kafka_consumer_close(run.consumer);
	rd_kafka_destroy(run.consumer);
	rd_kafka_destroy(run.producer);
	free(run.published.us);
	free(run.read.us);
	return 0;
}
