/* What the looks have in common: findings, endpoints, a client's first questions. */
#include "verify.h"

#include "kafka/walk.h"
#include "util/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void verify_find(struct verify *v, const char *fmt, ...)
{
	char text[1200];
	va_list args;
	size_t i;
	json_t *known;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	json_array_foreach(v->findings, i, known)
	{
		if (strcmp(json_string_value(known), text) == 0)
			return;
	}
	json_array_append_new(v->findings, json_string(text));
}

struct endpoint *verify_endpoint(struct verify *v, const char *host, int port)
{
	for (size_t i = 0; i < v->endpoint_count; i++) {
		if (v->endpoints[i].port == port && strcmp(v->endpoints[i].host, host) == 0)
			return &v->endpoints[i];
	}
	v->endpoints = mem_realloc(v->endpoints, (v->endpoint_count + 1) * sizeof *v->endpoints);
	v->endpoints[v->endpoint_count] =
		(struct endpoint){ .host = mem_strdup(host), .port = port, .groups = -1 };
	return &v->endpoints[v->endpoint_count++];
}

/* --- asking --- */

static double elapsed(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - since->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - since->tv_nsec) / 1e6;
}

bool verify_open(struct verify *v, struct kafka_client *c, const char *where,
		 const struct kafka_place *place, const char *client_id)
{
	struct timespec began, connected;
	char why[KAFKA_WHY_MAX];
	bool good;

	clock_gettime(CLOCK_MONOTONIC, &began);
	good = kafka_connect(c, v->loop, place, client_id, v->timeout_ms, why);
	if (good) {
		times_add(&v->connect, elapsed(&began));
		clock_gettime(CLOCK_MONOTONIC, &connected);
		good = kafka_greet(c, why);
	}
	if (good)
		times_add(&v->versions, elapsed(&connected));
	else
		verify_find(v, "%s: %s", where, why);
	return good;
}

bool verify_metadata(struct kafka_client *c, struct say topics, struct kafka_answer *answer,
		     int *version, char why[KAFKA_WHY_MAX])
{
	const struct say says[] = { topics, say_number(AUTO_CREATE, 0) };

	*version = kafka_version(c, KEY_METADATA);
	if (*version < 1) { /* in 0 no topics are all of them */
		snprintf(why, KAFKA_WHY_MAX, "Metadata is not offered in any version from 1 on");
		return false;
	}
	return kafka_ask(c, api_of(KEY_METADATA), *version, SAY_ALL(says), answer, why);
}

void verify_same_cluster(struct verify *v, const char *where, const char *cluster_id)
{
	if (cluster_id == NULL)
		return;
	if (v->cluster_id == NULL)
		v->cluster_id = mem_strdup(cluster_id);
	else if (strcmp(v->cluster_id, cluster_id) != 0)
		verify_find(v, "%s: answers for cluster %s, others for %s", where, cluster_id,
			    v->cluster_id);
}

/* --- the addresses in an answer --- */

/* They come as NODE_ID, HOST, PORT, in this order, wherever they stand. */
struct named {
	int32_t broker;
	char *host;
};

static void take(struct verify *v, struct named *n, const struct walk_event *e)
{
	struct endpoint *place;

	if (e->is == NODE_ID) {
		n->broker = (int32_t)e->number;
	} else if (e->is == HOST) {
		free(n->host);
		n->host = mem_strndup((const char *)e->bytes, e->len);
	} else if (e->is == PORT && n->host != NULL && n->host[0] != '\0' && n->broker >= 0) {
		place = verify_endpoint(v, n->host, (int)e->number);
		place->broker = n->broker;
		place->named++;
	}
}

bool verify_addresses(struct verify *v, const struct kapi *api, int version,
		      const struct kafka_answer *answer, int *error)
{
	struct named named = { -1, NULL };
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	*error = 0;
	walk_init(&w, api_plan(api, version, RESPONSE), answer->len);
	walk_input(&w, answer->body, answer->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind != WALK_VALUE)
			continue;
		if (e.is == ERROR_CODE && *error == 0)
			*error = (int)e.number;
		take(v, &named, &e);
	}
	free(named.host);
	return got == WALK_DONE;
}
