/* mock_cluster.c - a Kafka cluster for tests, out of librdkafka.
 *
 *   mock_cluster [--brokers N] [--replication N] [--topic NAME:PARTITIONS]...
 *
 * Prints the bootstrap servers as one line, then obeys commands on standard
 * input, one a line, each answered by one line, "ok ..." or "error ...".
 * Ends with its standard input or on SIGTERM.  `help` lists the commands.
 *
 * What librdkafka 2.0's cluster can't do: versions above Produce 7, Fetch 11
 * and Metadata 2, leader epochs, topic ids; it keeps about 5 MB a partition and
 * does not weed out what an idempotent producer sends twice.  Its Produce 5
 * answer lacks a field; its ListOffsets 4 and 5 answers have a field too wide,
 * so only ListOffsets 0-3 are offered here.
 */
#include "util/compiler.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 8, ERRORS_MAX = 10000, LIST_OFFSETS = 2, JOIN_GROUP = 11, SYNC_GROUP = 14 };

struct command {
	const char *name;
	int words; /* after the name */
	const char *usage;
	void (*obey)(rd_kafka_mock_cluster_t *cluster, char **words);
};

static _Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static _Noreturn void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("mock_cluster: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void answer(rd_kafka_resp_err_t err)
{
	if (err)
		printf("error %s\n", rd_kafka_err2str(err));
	else
		puts("ok");
}

static bool number_parse(const char *word, int least, int most, int *number)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(word, &end, 10);
	if (end == word || *end || errno || value < least || value > most)
		return false;
	*number = (int)value;
	return true;
}

/* Says so and returns false when the word is not a number in that range. */
static bool number_or_answer(const char *word, int least, int most, int *number)
{
	if (number_parse(word, least, most, number))
		return true;
	printf("error %s: not a number from %d to %d\n", word, least, most);
	return false;
}

static void obey_topic(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int partitions;

	if (number_or_answer(words[1], 1, 10000, &partitions))
		answer(rd_kafka_mock_topic_create(cluster, words[0], partitions, 1));
}

static void obey_leader(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int partition, broker;

	if (number_or_answer(words[1], 0, INT_MAX, &partition) &&
	    number_or_answer(words[2], -1, INT_MAX, &broker))
		answer(rd_kafka_mock_partition_set_leader(cluster, words[0], partition, broker));
}

static void obey_down(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker;

	if (number_or_answer(words[0], 1, INT_MAX, &broker))
		answer(rd_kafka_mock_broker_set_down(cluster, broker));
}

static void obey_up(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker;

	if (number_or_answer(words[0], 1, INT_MAX, &broker))
		answer(rd_kafka_mock_broker_set_up(cluster, broker));
}

static void obey_coordinator(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker;

	if (number_or_answer(words[2], 1, INT_MAX, &broker))
		answer(rd_kafka_mock_coordinator_set(cluster, words[0], words[1], broker));
}

static void obey_rtt(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker, milliseconds;

	if (number_or_answer(words[0], 1, INT_MAX, &broker) &&
	    number_or_answer(words[1], 0, 600000, &milliseconds))
		answer(rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds));
}

static void obey_slow(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker, key, milliseconds;

	if (number_or_answer(words[0], 1, INT_MAX, &broker) &&
	    number_or_answer(words[1], 0, 1000, &key) &&
	    number_or_answer(words[2], 1, 600000, &milliseconds))
		answer(rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, (int16_t)key,
								    1, 0, milliseconds));
}

static void obey_rack(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int broker;

	if (number_or_answer(words[0], 1, INT_MAX, &broker))
		answer(rd_kafka_mock_broker_set_rack(cluster, broker, words[1]));
}

static void obey_error(rd_kafka_mock_cluster_t *cluster, char **words)
{
	rd_kafka_resp_err_t *errors;
	int key, code, count;

	if (!number_or_answer(words[0], 0, 1000, &key) ||
	    !number_or_answer(words[1], -200, 1000, &code) ||
	    !number_or_answer(words[2], 1, ERRORS_MAX, &count))
		return;
	errors = malloc((size_t)count * sizeof(*errors));
	if (!errors)
		fail("no memory for %d errors", count);
	for (int i = 0; i < count; i++)
		errors[i] = (rd_kafka_resp_err_t)code;
	rd_kafka_mock_push_request_errors_array(cluster, (int16_t)key, (size_t)count, errors);
	free(errors);
	puts("ok");
}

static void obey_versions(rd_kafka_mock_cluster_t *cluster, char **words)
{
	int key, least, most;

	if (number_or_answer(words[0], 0, 1000, &key) &&
	    number_or_answer(words[1], -1, 100, &least) &&
	    number_or_answer(words[2], -1, 100, &most))
		answer(rd_kafka_mock_set_apiversion(cluster, (int16_t)key, (int16_t)least,
						    (int16_t)most));
}

static void obey_help(rd_kafka_mock_cluster_t *cluster, char **words);

static const struct command commands[] = {
	{ "topic", 2, "topic NAME PARTITIONS", obey_topic },
	{ "leader", 3, "leader TOPIC PARTITION BROKER", obey_leader },
	{ "down", 1, "down BROKER", obey_down },
	{ "up", 1, "up BROKER", obey_up },
	{ "coordinator", 3, "coordinator group|transaction KEY BROKER", obey_coordinator },
	{ "rtt", 2, "rtt BROKER MILLISECONDS", obey_rtt },
	{ "slow", 3, "slow BROKER APIKEY MILLISECONDS (the next one of its requests)", obey_slow },
	{ "rack", 2, "rack BROKER RACK", obey_rack },
	{ "error", 3, "error APIKEY CODE COUNT (-195: the broker closes)", obey_error },
	{ "versions", 3, "versions APIKEY LEAST MOST", obey_versions },
	{ "help", 0, "help", obey_help },
};

static void obey_help(rd_kafka_mock_cluster_t *cluster, char **words)
{
	(void)cluster;
	(void)words;
	fputs("ok", stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf(" | %s", commands[i].usage);
	putchar('\n');
}

static int words_split(char *line, char **words)
{
	char *rest;
	int count = 0;

	for (char *word = strtok_r(line, " \t\r\n", &rest); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t\r\n", &rest))
		words[count++] = word;
	return count;
}

static void line_obey(rd_kafka_mock_cluster_t *cluster, char *line)
{
	char *words[WORDS_MAX];
	int count = words_split(line, words);

	if (!count) {
		puts("error empty line");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0)
			continue;
		if (count - 1 == commands[i].words)
			commands[i].obey(cluster, words + 1);
		else
			printf("error usage: %s\n", commands[i].usage);
		return;
	}
	printf("error %s: no such command\n", words[0]);
}

/* The mock makes its cluster's id of an address, which a sanitizer's heap gives to the first of
 * that size in every process: the process's own number puts some before it. */
static void heap_shift(void)
{
	enum { MOST = 16, STEP = 64, LARGEST = 4096 };
	static void **last; /* each points to the one before */

	for (int i = 0; i < getpid() % MOST; i++) {
		for (size_t size = STEP; size <= LARGEST; size += STEP) {
			void **block = malloc(size);

			if (block != NULL)
				*block = last;
			last = block;
		}
	}
}

static rd_kafka_mock_cluster_t *cluster_start(int brokers)
{
	char complaint[256];
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *handle;

	/* The handle only carries the cluster: that it has no servers is no news. */
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);
	handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, complaint, sizeof(complaint));
	if (!handle)
		fail("%s", complaint);
	heap_shift();
	cluster = rd_kafka_mock_cluster_new(handle, brokers);
	if (!cluster)
		fail("no cluster of %d brokers", brokers);
	rd_kafka_mock_set_apiversion(cluster, LIST_OFFSETS, 0, 3);
	/* librdkafka 2.8's mock reads the flexible versions of these two wrong: it cuts the client
	 * off, or dies. */
	rd_kafka_mock_set_apiversion(cluster, JOIN_GROUP, 0, 5);
	rd_kafka_mock_set_apiversion(cluster, SYNC_GROUP, 0, 3);
	return cluster;
}

static void topic_create(rd_kafka_mock_cluster_t *cluster, char *word, int replication)
{
	char *colon = strrchr(word, ':');
	rd_kafka_resp_err_t err;
	int partitions;

	if (!colon || !number_parse(colon + 1, 1, 10000, &partitions))
		fail("%s: not NAME:PARTITIONS", word);
	*colon = '\0';
	err = rd_kafka_mock_topic_create(cluster, word, partitions, replication);
	if (err)
		fail("topic %s: %s", word, rd_kafka_err2str(err));
}

static void on_signal(int number)
{
	(void)number;
	_exit(0);
}

static const char *option_value(int argc, char **argv, int at)
{
	if (at + 1 >= argc)
		fail("%s needs a value", argv[at]);
	return argv[at + 1];
}

/* The numbers first: a topic's replication must be known when it is made. */
static void options_read(int argc, char **argv, int *brokers, int *replication)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = option_value(argc, argv, i);

		if (!strcmp(argv[i], "--topic"))
			continue;
		if (strcmp(argv[i], "--brokers") != 0 && strcmp(argv[i], "--replication") != 0)
			fail("%s: no such option", argv[i]);
		if (!number_parse(value, 1, 100, argv[i][2] == 'b' ? brokers : replication))
			fail("%s: not a number from 1 to 100", value);
	}
}

int main(int argc, char **argv)
{
	int brokers = 3, replication = 1;
	rd_kafka_mock_cluster_t *cluster;
	char *line = NULL;
	size_t room = 0;

	options_read(argc, argv, &brokers, &replication);
	signal(SIGTERM, on_signal);
	setvbuf(stdout, NULL, _IOLBF, 0);
	cluster = cluster_start(brokers);
	for (int i = 1; i < argc; i += 2)
		if (!strcmp(argv[i], "--topic"))
			topic_create(cluster, argv[i + 1], replication);
	puts(rd_kafka_mock_cluster_bootstraps(cluster));
	while (getline(&line, &room, stdin) >= 0)
		line_obey(cluster, line);
	free(line);
	/* Nothing here outlives the process; taking the cluster down in order
	 * would wait for its clients. */
	_exit(0);
}
