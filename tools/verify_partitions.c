/* Every partition's leader, at the address that clients are told for it: is written to and read from. */
#include "verify.h"

#include "kafka_error.h"

#include "cluster/reply.h"
#include "kafka/batch.h"
#include "topology/metadata.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECORDS_MAX = 1 << 20,
	GIVES_UP_AFTER = 2, /* failures of a leader, one after the other */
	FETCH_AGAIN_MS = 20,
	FETCH_MAX = 1 << 20,
	ACKS_MS = 5000, /* for the broker to acknowledge in */
};

struct leader {
	const struct broker *broker; /* as clients are told */
	char where[TEXT_HOST_MAX + 48];
	struct kafka_client client;
	bool is_open;
	int failures;
};

struct look {
	struct verify *v;
	bool produces;
	struct leader *leaders;
	size_t leader_count;
	struct buf records;
	/* of one topic */
	const char *topic;
	size_t good, passed_over;
	struct times produce, fetch;
};

/* --- a leader's connection --- */

static bool open_leader(struct look *l, struct leader *to, char why[KAFKA_WHY_MAX])
{
	struct addrinfo *all = kafka_resolve(to->broker->host, to->broker->port, why);

	for (const struct addrinfo *a = all; a != NULL && !to->is_open; a = a->ai_next) {
		const struct kafka_place place = { a, to->broker->host, to->broker->port,
						   l->v->terms };

		to->is_open = kafka_connect(&to->client, l->v->loop, &place, l->v->run,
					    l->v->timeout_ms, why) &&
			      kafka_greet(&to->client, why);
		if (!to->is_open)
			kafka_close(&to->client);
	}
	if (all != NULL)
		freeaddrinfo(all);
	return to->is_open;
}

static void close_leader(struct leader *l)
{
	if (l->is_open)
		kafka_close(&l->client);
	l->is_open = false;
}

/* *read is to be deinitialised when it is true; no error is in it. */
static bool ask(struct leader *to, enum api_key key, struct say_pairs says, struct reply *read,
		double *ms, char why[KAFKA_WHY_MAX])
{
	const struct kapi *api = api_of((int)key);
	int version = reply_version(to->client.versions.keys, key), error;
	struct kafka_answer answer;

	if (version < 0) {
		snprintf(why, KAFKA_WHY_MAX, "%s is not offered in a version known here",
			 api->name);
		return false;
	}
	if (!kafka_ask(&to->client, api, version, says, &answer, why)) {
		close_leader(to);
		return false;
	}
	if (!reply_read(read, key, version, answer.body, answer.len)) {
		snprintf(why, KAFKA_WHY_MAX, "%s: a malformed answer", api->name);
		return false;
	}
	*ms = answer.ms;
	error = read->error;
	if (error == 0)
		return true;
	reply_deinit(read);
	snprintf(why, KAFKA_WHY_MAX, "%s: error %d, %s", api->name, error, kafka_error_name(error));
	return false;
}

/* --- one partition --- */

static bool find_end(const struct look *l, struct leader *to, int32_t partition, int64_t *end,
		     char why[KAFKA_WHY_MAX])
{
	const struct say one[] = { say_number(PARTITION, partition), say_number(TIMESTAMP, -1) };
	const struct say topic[] = { say_text(TOPIC_NAME, l->topic), SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { SAY_ONE(TOPICS, topic) };
	struct reply answer;
	double ms;

	if (!ask(to, KEY_LIST_OFFSETS, SAY_ALL(says), &answer, &ms, why))
		return false;
	*end = answer.offset;
	reply_deinit(&answer);
	return true;
}

static void write_record(struct look *l)
{
	buf_clear(&l->records);
	batch_write(&l->records, clock_wall_ms(),
		    &(struct record){ l->v->run, l->v->run, strlen(l->v->run), strlen(l->v->run) });
}

static bool produce(struct look *l, struct leader *to, int32_t partition, char why[KAFKA_WHY_MAX])
{
	const struct say one[] = { say_number(PARTITION, partition),
				   say_buf(RECORD_BYTES, &l->records) };
	const struct say topic[] = { say_text(TOPIC_NAME, l->topic), SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { say_number(ACKS, 1), say_number(TIMEOUT_MS, ACKS_MS),
				    SAY_ONE(TOPICS, topic) };
	struct reply answer;
	double ms;

	if (!ask(to, KEY_PRODUCE, SAY_ALL(says), &answer, &ms, why))
		return false;
	reply_deinit(&answer);
	times_add(&l->produce, ms);
	return true;
}

/* Until what was produced is there, or once. */
static bool fetch(struct look *l, struct leader *to, int32_t partition, int64_t from,
		  char why[KAFKA_WHY_MAX])
{
	const struct say one[] = { say_number(PARTITION, partition), say_number(FETCH_OFFSET, from),
				   say_number(PARTITION_MAX_BYTES, FETCH_MAX) };
	const struct say topic[] = { say_text(TOPIC_NAME, l->topic), SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { say_number(MIN_BYTES, 1), say_number(MAX_BYTES, FETCH_MAX),
				    SAY_ONE(TOPICS, topic) };
	int64_t deadline = clock_ms() + l->v->timeout_ms;
	struct reply answer;
	bool has_data;
	double ms;

	for (;;) {
		if (!ask(to, KEY_FETCH, SAY_ALL(says), &answer, &ms, why))
			return false;
		has_data = answer.data.len > 0;
		reply_deinit(&answer);
		if (has_data || !l->produces)
			break;
		if (clock_ms() >= deadline) {
			snprintf(why, KAFKA_WHY_MAX, "what was produced can't be fetched");
			return false;
		}
		poll(NULL, 0, FETCH_AGAIN_MS);
	}
	times_add(&l->fetch, ms);
	return true;
}

static bool try_partition(struct look *l, struct leader *to, int32_t partition,
			  char why[KAFKA_WHY_MAX])
{
	int64_t end;

	if (l->produces)
		write_record(l);
	return (to->is_open || open_leader(l, to, why)) && find_end(l, to, partition, &end, why) &&
	       (!l->produces || produce(l, to, partition, why)) &&
	       fetch(l, to, partition, end, why);
}

static struct leader *leader_of(struct look *l, int32_t id)
{
	for (size_t i = 0; i < l->leader_count; i++) {
		if (l->leaders[i].broker->id == id)
			return &l->leaders[i];
	}
	return NULL;
}

static void look_at(struct look *l, const struct metadata_partition *p)
{
	struct leader *to = leader_of(l, p->leader);
	char why[KAFKA_WHY_MAX];

	if (p->leader < 0 || to == NULL) {
		verify_find(l->v,
			    p->leader < 0 ? "%s/%d: has no leader"
					  : "%s/%d: no address is told for its leader",
			    l->topic, p->index);
	} else if (to->failures >= GIVES_UP_AFTER) {
		l->passed_over++;
	} else if (try_partition(l, to, p->index, why)) {
		to->failures = 0;
		l->good++;
	} else {
		to->failures += !to->is_open;
		verify_find(l->v, "%s/%d: its leader, %s: %s", l->topic, p->index, to->where, why);
	}
}

/* --- topics --- */

static void add_row(struct look *l, size_t partitions)
{
	char produced[64], fetched[64];

	times_text(&l->produce, produced, sizeof produced);
	times_text(&l->fetch, fetched, sizeof fetched);
	json_array_append_new(l->v->topics,
			      json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o}", "topic",
					l->topic, "partitions", (json_int_t)partitions, "good",
					(json_int_t)l->good, "passed_over",
					(json_int_t)l->passed_over, "produce_ms", produced,
					"fetch_ms", fetched, "produce", times_json(&l->produce),
					"fetch", times_json(&l->fetch)));
}

static void look_at_topic(struct look *l, const struct metadata *m, const struct metadata_topic *t)
{
	char *name = mem_strndup((const char *)t->name, t->name_len);

	l->topic = name;
	l->good = l->passed_over = 0;
	if (t->error != 0)
		verify_find(l->v, "topic %s: error %d, %s", name, t->error,
			    kafka_error_name(t->error));
	for (size_t i = t->first; i < t->first + t->count; i++)
		look_at(l, &m->partitions[i]);
	if (l->passed_over > 0)
		verify_find(l->v,
			    "%s: %zu partitions were not tried, as their leaders don't answer",
			    name, l->passed_over);
	add_row(l, t->count);
	times_deinit(&l->produce);
	times_deinit(&l->fetch);
	free(name);
}

static void look_at_all(struct look *l, const struct metadata *m, bool with_internal)
{
	l->leaders = mem_zalloc((m->broker_count + 1) * sizeof *l->leaders);
	l->leader_count = m->broker_count;
	for (size_t i = 0; i < m->broker_count; i++) {
		char address[TEXT_HOST_MAX + 16];

		l->leaders[i].broker = &m->brokers[i];
		text_host_port_print(address, sizeof address, m->brokers[i].host,
				     m->brokers[i].port);
		snprintf(l->leaders[i].where, sizeof l->leaders[i].where, "broker %d at %s",
			 m->brokers[i].id, address);
	}
	for (size_t i = 0; i < m->topic_count; i++) {
		if (m->topics[i].name != NULL && (with_internal || !m->topics[i].is_internal))
			look_at_topic(l, m, &m->topics[i]);
	}
	for (size_t i = 0; i < l->leader_count; i++)
		close_leader(&l->leaders[i]);
	free(l->leaders);
}

/* --- which topics there are --- */

static bool is_repeated(const struct verify_topics *wanted, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(wanted->names[i], wanted->names[at]) == 0)
			return true;
	}
	return false;
}

static bool ask_topics(struct kafka_client *c, const struct verify_topics *wanted,
		       struct kafka_answer *answer, int *version, char why[KAFKA_WHY_MAX])
{
	struct say *names;
	size_t count = 0;
	bool good;

	if (wanted->count == 0)
		return verify_metadata(c, say_null(TOPICS), answer, version, why);
	names = mem_alloc(wanted->count * sizeof *names);
	for (size_t i = 0; i < wanted->count; i++) {
		if (!is_repeated(wanted, i))
			names[count++] = say_text(TOPIC_NAME, wanted->names[i]);
	}
	good = verify_metadata(c, say_list(TOPICS, names, 1, count), answer, version, why);
	free(names);
	return good;
}

/* A connection of the bootstrap's that works; NULL: there is none, which was said. */
static struct kafka_client *any_client(struct verify *v)
{
	for (size_t i = 0; i < v->client_count; i++) {
		if (v->clients[i].is_greeted)
			return &v->clients[i];
	}
	return NULL;
}

void verify_partitions(struct verify *v, const struct verify_topics *wanted)
{
	struct look l = { .v = v, .produces = wanted->produces };
	struct kafka_client *c = any_client(v);
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX] = "";
	struct metadata m;
	int version;
	bool good;

	if (c == NULL)
		return;
	good = ask_topics(c, wanted, &answer, &version, why);
	if (!good) {
		verify_find(v, "the topics: %s", why);
		return;
	}
	buf_init(&l.records, RECORDS_MAX);
	if (metadata_read(&m, version, answer.body, answer.len))
		look_at_all(&l, &m, wanted->count > 0);
	else
		verify_find(v, "the topics: Metadata: a malformed answer");
	metadata_deinit(&m);
	buf_deinit(&l.records);
}
