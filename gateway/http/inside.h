/* inside.h - what the files that answer share; private to the folder.
 *
 *   api.c              routes; health and metrics
 *   api_nodes.c        /v1/node, /v1/cluster
 *   api_topology.c     /v1/brokers, /v1/topics/NAME
 *   api_route.c        /v1/route
 *   api_connections.c  /v1/connections
 *   api_usage.c        /v1/clients, /v1/topics, /v1/groups, /v1/principals
 *   api_actions.c      what changes something; /v1/config, /v1/warnings
 *   config_json.c      an option as JSON
 *   elsewhere.c        passes a request on to another node
 *   pages.c            /, /openapi.json, /docs
 */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include "http/api.h"
#include "http/json.h"

struct http_api {
	struct http_source source;
	char *version;
	char *names; /* what others may call the node, with commas */
	struct timespec started;
	struct http_server *server;
};

static inline struct http_health api_health(const struct http_api *api)
{
	struct http_health health = { 0 };

	api->source.health(api->source.ctx, &health);
	return health;
}

static inline struct http_node api_node(const struct http_api *api,
					const struct http_health *health)
{
	return (struct http_node){ api->version, api->started, http_takes_clients(health) };
}

/* Each answers one route; ctx is the http_api. */
struct http_reply answer_page(void *ctx, const struct http_request *r);
struct http_reply answer_openapi(void *ctx, const struct http_request *r);
struct http_reply answer_docs(void *ctx, const struct http_request *r);
struct http_reply answer_manual(void *ctx, const struct http_request *r);
struct http_reply answer_node(void *ctx, const struct http_request *r);
struct http_reply answer_cluster(void *ctx, const struct http_request *r);
struct http_reply answer_brokers(void *ctx, const struct http_request *r);
struct http_reply answer_topic(void *ctx, const struct http_request *r);
struct http_reply answer_route(void *ctx, const struct http_request *r);
struct http_reply answer_connections(void *ctx, const struct http_request *r);
struct http_reply answer_clients(void *ctx, const struct http_request *r);
struct http_reply answer_topics(void *ctx, const struct http_request *r);
struct http_reply answer_groups(void *ctx, const struct http_request *r);
struct http_reply answer_principals(void *ctx, const struct http_request *r);
struct http_reply answer_config(void *ctx, const struct http_request *r);
struct http_reply answer_warnings(void *ctx, const struct http_request *r);
struct http_reply do_drain(void *ctx, const struct http_request *r);
struct http_reply do_undrain(void *ctx, const struct http_request *r);
struct http_reply do_reload(void *ctx, const struct http_request *r);
struct http_reply do_rebalance(void *ctx, const struct http_request *r);
struct http_reply do_close(void *ctx, const struct http_request *r);

/* What the node knows of a broker, added to what is said of it: api_topology.c's.  NULL: the
 * cluster has just left it out. */
void api_add_known(json_t *broker, const struct broker_known *known);

/* How clients are told of brokers now: api_topology.c's.  To be ended. */
struct api_told {
	const struct cluster_view *view;
	struct mapping *mapping;
	struct advertising how;
};
struct api_told api_told_begin(const struct http_api *api);
void api_told_end(struct api_told *t);

/* As http_site's. */
bool answer_elsewhere(void *ctx, const struct http_request *r, struct http_reply *reply);

#endif
