/* Many connections to where clients begin, each asked what a client asks first. */
#include "verify.h"

#include "kafka_error.h"

#include "topology/metadata.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ask_metadata(struct verify *v, struct kafka_client *c, const char *where)
{
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];
	struct metadata m;
	int version, error;
	bool good = verify_metadata(c, say_list(TOPICS, NULL, 0, 0), &answer, &version, why);

	if (!good) {
		verify_find(v, "%s: %s", where, why);
		return false;
	}
	times_add(&v->metadata, answer.ms);
	good = metadata_read(&m, version, answer.body, answer.len) &&
	       verify_addresses(v, api_of(KEY_METADATA), version, &answer, &error);
	if (good)
		verify_same_cluster(v, where, m.cluster_id);
	if (!good)
		verify_find(v, "%s: Metadata: a malformed answer", where);
	else if (m.broker_count == 0)
		verify_find(v, "%s: Metadata names no broker", where);
	metadata_deinit(&m);
	return good;
}

/* What names addresses besides Metadata.  *ms may be NULL. */
static bool ask_addresses(struct verify *v, struct kafka_client *c, const char *where, int key,
			  struct say_pairs says, struct times *times)
{
	const struct kapi *api = api_of(key);
	int version = kafka_version(c, key), error = 0;
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];

	if (!kafka_ask(c, api, version, says, &answer, why)) {
		verify_find(v, "%s: %s", where, why);
		return false;
	}
	if (times != NULL)
		times_add(times, answer.ms);
	if (!verify_addresses(v, api, version, &answer, &error)) {
		verify_find(v, "%s: %s: a malformed answer", where, api->name);
		return false;
	}
	if (error != 0)
		verify_find(v, "%s: %s: error %d, %s", where, api->name, error,
			    kafka_error_name(error));
	return error == 0;
}

/* Neither is asked for when it is not offered. */
static bool ask_coordinator(struct verify *v, struct kafka_client *c, const char *where)
{
	const struct say key[] = { say_text(COORDINATOR_KEY, "anyportctl-verify") };
	const struct say says[] = { SAY_ONE(KEYS, key) };

	return kafka_version(c, KEY_FIND_COORDINATOR) < 0 ||
	       ask_addresses(v, c, where, KEY_FIND_COORDINATOR, SAY_ALL(says), &v->coordinator);
}

static bool ask_cluster(struct verify *v, struct kafka_client *c, const char *where)
{
	return kafka_version(c, KEY_DESCRIBE_CLUSTER) < 0 ||
	       ask_addresses(v, c, where, KEY_DESCRIBE_CLUSTER, (struct say_pairs){ 0 }, NULL);
}

/* The name's addresses in turn, so that each is tried. */
static const struct addrinfo *nth(const struct addrinfo *all, int n)
{
	const struct addrinfo *a = all;
	int count = 0;

	for (; a != NULL; a = a->ai_next)
		count++;
	a = all;
	for (int i = n % count; i > 0; i--)
		a = a->ai_next;
	return a;
}

static void add_client(struct verify *v, const char *where, const struct kafka_place *place)
{
	struct kafka_client *c = &v->clients[v->client_count];
	char *id = v->client_ids[v->client_count];

	snprintf(id, sizeof *v->client_ids, "%s-%zu", v->run, v->client_count);
	v->client_count++;
	if (verify_open(v, c, where, place, id) && ask_metadata(v, c, where) &&
	    ask_coordinator(v, c, where) && ask_cluster(v, c, where))
		v->good_count++;
}

void verify_bootstrap(struct verify *v, const char *host, int port)
{
	char where[TEXT_HOST_MAX + 16], why[KAFKA_WHY_MAX];
	struct addrinfo *all = kafka_resolve(host, port, why);

	text_host_port_print(where, sizeof where, host, port);
	if (all == NULL) {
		verify_find(v, "%s: %s", where, why);
		return;
	}
	for (int i = 0; i < v->connections; i++)
		add_client(v, where, &(struct kafka_place){ nth(all, i), host, port, v->terms });
	freeaddrinfo(all);
}
