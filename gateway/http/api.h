/* api.h - what the HTTP side answers, and where it has it from.
 *
 *   GET    /                      the status page
 *   GET    /docs, /docs/PAGE      the manual
 *   GET    /openapi.json          this list, with every field
 *   GET    /health                200, a summary
 *   GET    /health/live           200 as long as the process turns
 *   GET    /health/ready          200 when clients may come, else 503 and why
 *   GET    /metrics               for Prometheus
 *   GET    /v1/node               this node
 *   GET    /v1/cluster            the nodes that know each other, and their load
 *   GET    /v1/brokers            the Kafka cluster as this node knows it
 *   GET    /v1/topics/NAME        the leaders of its partitions
 *   GET    /v1/connections        the clients that are connected here
 *   GET    /v1/clients, /v1/topics, /v1/groups, /v1/principals
 *                                 who uses the node: requests and bytes by name
 *   GET    /v1/route              where a request would go, and why
 *   GET    /v1/config             what is configured, where that was said, what waits for a restart
 *   GET    /v1/warnings           the last lines of the log that warn
 *   POST   /v1/drain, /v1/undrain, /v1/reload, /v1/rebalance
 *   DELETE /v1/connections/ID     ends a client's connection between two requests
 *
 * Any node answers for another: `?node=NODE_ID` passes a request below /v1/ on.
 * Every field is told in openapi.json.  Tests: tests/integration/operate/http_api.py
 */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "cluster/cluster.h"
#include "http/health.h"
#include "http/metrics.h"
#include "http/server.h"
#include "loop/connection.h"
#include "loop/usage.h"
#include "route/where.h"
#include "topology/topology.h"

enum http_action { HTTP_DRAIN, HTTP_DRAIN_EXIT, HTTP_UNDRAIN, HTTP_RELOAD, HTTP_REBALANCE };

struct http_drain {
	bool is_draining;
	int turns, turns_done; /* virtual brokers, or groups of them, one after the other */
	int64_t clients;       /* that are still there */
	int64_t left_ms;       /* until what is left is cut off */
	bool exits;
};

struct http_destination {
	struct where where;
	bool was_asked; /* the cluster was asked just now */
};

/* Called on several threads at a time, from before api_start returns until api_stop does. */
struct http_source {
	void *ctx;
	const struct config *settings; /* what the node started with */
	struct topology *topology;
	struct cluster *cluster;
	struct tls_slot *tls; /* the certificate of the HTTP API; empty: it has none */
	int worker_count;
	/* `out` is zeroed before. */
	void (*health)(void *ctx, struct http_health *out);
	void (*metrics)(void *ctx, struct http_metrics *out);
	void (*drain)(void *ctx, struct http_drain *out);
	/* Waits a few seconds at most.  *text says what was done, or why not; caller frees. */
	bool (*act)(void *ctx, enum http_action action, char **text);
	/* The options as a JSON text; caller frees.  NULL: the node is too busy. */
	char *(*config)(void *ctx);
	/* Where a request would go.  The question's coordinator is filled in; where it isn't known the
	 * cluster is asked, a few seconds at most. */
	struct http_destination (*route)(void *ctx, const struct where_question *question);
	/* Whether followers are read now (gateway.follower_reads).  False: the node is too busy. */
	bool (*follower_reads)(void *ctx, bool *on);
	/* The clients that are connected, and the end of one: wait for the workers, two seconds at
	 * most.  False: a worker does not answer, and *out is empty; else free it with
	 * connections_free. */
	bool (*connections)(void *ctx, const struct connections_wanted *wanted,
			    struct connections *out);
	enum connections_closed (*close)(void *ctx, uint64_t id);
	/* What has been counted by name: as connections waits.  Free it with usage_told_free. */
	bool (*usage)(void *ctx, const struct usage_wanted *wanted, struct usage_told *out);
};

struct http_api;

/* Starts the server on the configured address.  Copies the source; what it points to must
 * outlive it.  NULL and why, as http_start. */
MUST_CHECK struct http_api *api_start(const struct http_source *source, const char *version,
				      char *why, size_t why_size);
/* As http_tend. */
void api_tend(struct http_api *api);
void api_stop(struct http_api *api); /* fine with NULL */

#endif
