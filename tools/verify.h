/* verify.h - what `anyportctl verify` looks at, shared by its files alone.
 *
 *   verify.c             the command: its options, and what it prints
 *   verify_ask.c         what these have in common: findings, endpoints, first questions
 *   verify_bootstrap.c   many connections to where clients begin
 *   verify_endpoints.c   every address that an answer named
 *   verify_groups.c      the groups that each broker tells
 *   verify_nodes.c       what the nodes say: whose connections, whose brokers
 *   verify_partitions.c  every partition's leader
 *
 * What is wrong becomes a finding; nothing ends the run.
 * Tests: tests/integration/operate/verify_command.py
 */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "node_ask.h"
#include "kafka_client.h"
#include "times.h"

#include <jansson.h>

/* A place that clients are sent to. */
struct endpoint {
	char *host;
	int port;
	int32_t broker; /* it stood for last */
	size_t named;	/* in how many answers */
	bool good;	/* once it was tried */
	double connect_ms;
	int groups; /* that it tells; -1: it was not asked */
};

struct verify_node {
	char *name, *url;	/* "http://host:port", "https://host:port" */
	json_int_t connections; /* of ours that it has; -1: it does not tell */
	char *says;		/* its status, or why there is none */
};

struct verify {
	int timeout_ms, connections;
	struct ev_loop *loop; /* of all our connections to Kafka */
	const struct link_terms *terms;
	char run[48];	  /* what our client ids begin with */
	char *cluster_id; /* NULL: nobody has told yet */
	/* of the bootstrap: open until the nodes have told whose they are */
	struct kafka_client *clients;
	char (*client_ids)[64];
	size_t client_count, good_count;
	struct times connect, versions, metadata, coordinator;
	struct endpoint *endpoints;
	size_t endpoint_count;
	struct node_way way; /* of asking the nodes */
	struct verify_node *nodes;
	size_t node_count;
	char **brokers; /* "host:port" of the cluster's own, which no answer may name */
	size_t broker_count;
	json_t *findings; /* texts, each once */
	json_t *topics;	  /* rows */
};

/* verify_ask.c */
void verify_find(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The one at this place, new if need be. */
struct endpoint *verify_endpoint(struct verify *v, const char *host, int port);
/* A connection that has said who it is; false: a finding says where and why.  To be closed. */
MUST_CHECK bool verify_open(struct verify *v, struct kafka_client *c, const char *where,
			    const struct kafka_place *place, const char *client_id);
/* Metadata of these TOPICS, null: of all; false and why. */
MUST_CHECK bool verify_metadata(struct kafka_client *c, struct say topics,
				struct kafka_answer *answer, int *version, char why[KAFKA_WHY_MAX]);
/* The cluster id in an answer is that of all others. */
void verify_same_cluster(struct verify *v, const char *where, const char *cluster_id);
/* Every address that the answer names becomes an endpoint; false: it is malformed.
 * *error is the first error code in it. */
MUST_CHECK bool verify_addresses(struct verify *v, const struct kapi *api, int version,
				 const struct kafka_answer *answer, int *error);

/* verify_bootstrap.c */
void verify_bootstrap(struct verify *v, const char *host, int port);

/* verify_endpoints.c */
/* Resolves, connects to and asks each of them, and compares them with the brokers'. */
void verify_endpoints(struct verify *v);

/* verify_groups.c: of the addresses that are good, each broker's once. */
void verify_groups(struct verify *v);

/* verify_nodes.c */
void verify_nodes(struct verify *v);

/* verify_partitions.c */
struct verify_topics {
	char **names; /* count 0: all that are not Kafka's own */
	size_t count;
	bool produces;
};
void verify_partitions(struct verify *v, const struct verify_topics *wanted);

#endif
