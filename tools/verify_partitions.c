/* Every partition's leader, at the address that clients are told for it: is written to and read from. */
#include "verify.h"

#include "cluster/messages.h"
#include "kafka/batch.h"
#include "topology/ask.h"
#include "topology/metadata.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BODY_MAX = 1 << 20,
	GIVES_UP_AFTER = 2, /* failures of a leader, one after the other */
	FETCH_AGAIN_MS = 20,
};

struct leader {
	const struct broker *broker; /* as clients are told */
	char where[TEXT_HOST_MAX + 48];
	struct kafka_client client;
	struct snapshot offers; /* nothing but what the client speaks */
	bool is_open;
	int failures;
};

struct look {
	struct verify *v;
	bool produces;
	struct leader *leaders;
	size_t leader_count;
	struct buf body, records;
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
		to->is_open = kafka_connect(&to->client, a, l->v->run, l->v->timeout_ms, why) &&
			      kafka_greet(&to->client, why);
		if (!to->is_open)
			kafka_close(&to->client);
	}
	if (all != NULL)
		freeaddrinfo(all);
	if (to->is_open)
		memcpy(to->offers.offers, to->client.versions.keys, sizeof to->offers.offers);
	return to->is_open;
}

static void close_leader(struct leader *l)
{
	if (l->is_open)
		kafka_close(&l->client);
	l->is_open = false;
}

/* *read is to be deinitialised when it is true; no error is in it. */
static bool ask(struct look *l, struct leader *to, enum api_key message,
		const struct group_ask *what, struct group_answer *read, double *ms,
		char why[KAFKA_WHY_MAX])
{
	const struct kapi *api = api_of((int)message);
	int version = message_version(&to->offers, message), error;
	struct kafka_answer answer;

	if (version < 0 || !ask_message(message, version, what, &l->body)) {
		snprintf(why, KAFKA_WHY_MAX, "%s is not offered in a version known here",
			 api->name);
		return false;
	}
	if (!kafka_ask(&to->client, api, version, &l->body, &answer, why)) {
		close_leader(to);
		return false;
	}
	if (!answer_read(read, message, version, answer.body, answer.len)) {
		snprintf(why, KAFKA_WHY_MAX, "%s: a malformed answer", api->name);
		return false;
	}
	*ms = answer.ms;
	error = read->error;
	if (error == 0)
		return true;
	answer_deinit(read);
	snprintf(why, KAFKA_WHY_MAX, "%s: error %d", api->name, error);
	return false;
}

/* --- one partition --- */

static bool find_end(struct look *l, struct leader *to, struct group_ask *what,
		     char why[KAFKA_WHY_MAX])
{
	struct group_answer answer;
	double ms;

	if (!ask(l, to, KEY_LIST_OFFSETS, what, &answer, &ms, why))
		return false;
	what->offset = answer.offset;
	answer_deinit(&answer);
	return true;
}

static bool produce(struct look *l, struct leader *to, struct group_ask *what,
		    char why[KAFKA_WHY_MAX])
{
	struct group_answer answer;
	struct timespec now;
	double ms;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_clear(&l->records);
	batch_write(&l->records, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		    &(struct record){ l->v->run, l->v->run, strlen(l->v->run), strlen(l->v->run) });
	what->records = &l->records;
	if (!ask(l, to, KEY_PRODUCE, what, &answer, &ms, why))
		return false;
	answer_deinit(&answer);
	times_add(&l->produce, ms);
	return true;
}

/* Until what was produced is there, or once. */
static bool fetch(struct look *l, struct leader *to, const struct group_ask *what, bool needs_data,
		  char why[KAFKA_WHY_MAX])
{
	int64_t deadline = clock_ms() + l->v->timeout_ms;
	struct group_answer answer;
	bool has_data;
	double ms;

	for (;;) {
		if (!ask(l, to, KEY_FETCH, what, &answer, &ms, why))
			return false;
		has_data = answer.data.len > 0;
		answer_deinit(&answer);
		if (has_data || !needs_data)
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
	struct group_ask what = { .topic = l->topic, .partition = partition };

	return (to->is_open || open_leader(l, to, why)) && find_end(l, to, &what, why) &&
	       (!l->produces || produce(l, to, &what, why)) &&
	       fetch(l, to, &what, l->produces, why);
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
		verify_find(l->v, "topic %s: error %d", name, t->error);
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

static bool ask_named(struct kafka_client *c, const struct verify_topics *wanted,
		      struct kafka_answer *answer, int *version, char why[KAFKA_WHY_MAX])
{
	struct names names = { 0 };
	struct buf body;
	bool good;

	*version = kafka_version(c, KEY_METADATA);
	buf_init(&body, BODY_MAX);
	for (size_t i = 0; i < wanted->count; i++) {
		if (!names_add(&names, wanted->names[i], strlen(wanted->names[i])))
			break;
	}
	snprintf(why, KAFKA_WHY_MAX, "too many topics");
	good = ask_topics(*version, &names, false, &body) &&
	       kafka_ask(c, api_of(KEY_METADATA), *version, &body, answer, why);
	buf_deinit(&body);
	names_deinit(&names);
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
	good = wanted->count > 0 ? ask_named(c, wanted, &answer, &version, why)
				 : verify_metadata(c, true, &answer, &version, why);
	if (!good) {
		verify_find(v, "the topics: %s", why);
		return;
	}
	buf_init(&l.body, BODY_MAX);
	buf_init(&l.records, BODY_MAX);
	if (metadata_read(&m, version, answer.body, answer.len))
		look_at_all(&l, &m, wanted->count > 0);
	else
		verify_find(v, "the topics: Metadata: a malformed answer");
	metadata_deinit(&m);
	buf_deinit(&l.body);
	buf_deinit(&l.records);
}
