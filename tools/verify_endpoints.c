/* Every address that an answer named: does it resolve, does a node answer there, is it a broker's own? */
#include "verify.h"

#include "topology/metadata.h"
#include "util/mem.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_place(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;

		return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
	}
	if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;

		return x->sin6_port == y->sin6_port &&
		       memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
	}
	return false;
}

/* Whether the text "host:port" and the addresses have one in common. */
static bool is_broker(const char *broker, const struct addrinfo *all)
{
	char host[TEXT_HOST_MAX], why[KAFKA_WHY_MAX];
	struct addrinfo *own;
	bool same = false;
	int port;

	if (!text_host_port(broker, host, &port))
		return false;
	own = kafka_resolve(host, port, why);
	for (const struct addrinfo *a = own; a != NULL; a = a->ai_next) {
		for (const struct addrinfo *b = all; b != NULL; b = b->ai_next)
			same = same || is_same_place(a->ai_addr, b->ai_addr);
	}
	if (own != NULL)
		freeaddrinfo(own);
	return same;
}

/* A finding when the cluster's own address is told: by its text, or by what it resolves to. */
static void look_for_leak(struct verify *v, const char *where, const struct addrinfo *all)
{
	for (size_t i = 0; i < v->broker_count; i++) {
		if (strcmp(v->brokers[i], where) != 0 && !is_broker(v->brokers[i], all))
			continue;
		verify_find(v, "%s: an answer names a broker's own address", where);
		return;
	}
}

/* As a client that was sent there: a connection, and an answer for the same cluster. */
static bool try_address(struct verify *v, const char *where, const struct kafka_place *place,
			double *ms)
{
	struct kafka_client c = { 0 };
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];
	size_t connected = v->connect.count;
	struct metadata m;
	int version;
	bool good = verify_open(v, &c, where, place, v->run);

	if (v->connect.count > connected)
		*ms = v->connect.ms[connected];
	if (good && !verify_metadata(&c, say_list(TOPICS, NULL, 0, 0), &answer, &version, why)) {
		verify_find(v, "%s: %s", where, why);
		good = false;
	}
	if (good) {
		good = metadata_read(&m, version, answer.body, answer.len);
		if (good)
			verify_same_cluster(v, where, m.cluster_id);
		else
			verify_find(v, "%s: Metadata: a malformed answer", where);
		metadata_deinit(&m);
	}
	kafka_close(&c);
	return good;
}

static void try_endpoint(struct verify *v, struct endpoint *e)
{
	char where[TEXT_HOST_MAX + 16], at[TEXT_HOST_MAX + 128], why[KAFKA_WHY_MAX];
	char number[INET6_ADDRSTRLEN + 1] = "";
	struct addrinfo *all = kafka_resolve(e->host, e->port, why);

	text_host_port_print(where, sizeof where, e->host, e->port);
	look_for_leak(v, where, all);
	if (all == NULL) {
		verify_find(v, "%s, which clients are told: %s", where, why);
		return;
	}
	e->good = true;
	for (const struct addrinfo *a = all; a != NULL; a = a->ai_next) {
		getnameinfo(a->ai_addr, a->ai_addrlen, number, sizeof number, NULL, 0,
			    NI_NUMERICHOST);
		if (strcmp(number, e->host) == 0)
			snprintf(at, sizeof at, "%s, which clients are told", where);
		else
			snprintf(at, sizeof at, "%s (%s), which clients are told", where, number);
		e->good = try_address(v, at, &(struct kafka_place){ a, e->host, e->port, v->terms },
				      &e->connect_ms) &&
			  e->good;
	}
	freeaddrinfo(all);
}

void verify_endpoints(struct verify *v)
{
	/* an answer that comes meanwhile may name more */
	for (size_t i = 0; i < v->endpoint_count; i++)
		try_endpoint(v, &v->endpoints[i]);
}
