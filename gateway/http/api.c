#include "http/inside.h"

#include "util/mem.h"
#include "util/text.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* To be freed. */
static struct http_metrics read_metrics(const struct http_api *api)
{
	struct http_metrics metrics = { 0 };

	api->source.metrics(api->source.ctx, &metrics);
	metrics.broker_list = topology_brokers_known(api->source.topology, &metrics.broker_count);
	return metrics;
}

static void free_metrics(struct http_metrics *metrics)
{
	for (int k = 0; k < USAGE_KINDS; k++)
		usage_told_free(&metrics->usage[k]);
	free(metrics->broker_list);
}

/* Where metrics are secured without a token of their own, any other one of the node opens them. */
static const char *metrics_token(const struct config *c)
{
	if (c->metrics_token != NULL || !c->secured_metrics)
		return c->metrics_token;
	return c->http_read_token != NULL ? c->http_read_token : c->http_token;
}

/* By option; and not to everybody where the same names are behind a token. */
static bool tells_usage(const struct config *c)
{
	return c->metrics_top > 0 && c->usage_names > 0 &&
	       (metrics_token(c) != NULL || c->http_read_token == NULL);
}

/* A kind of which a worker does not tell is left out. */
static void read_usage(const struct http_api *api, struct http_metrics *metrics)
{
	const bool tells = tells_usage(api->source.settings);
	const struct config *c = api->source.settings;

	for (int k = 0; k < USAGE_KINDS && tells; k++) {
		const struct usage_wanted wanted = { (enum usage_kind)k, USAGE_BY_BYTES,
						     (size_t)c->metrics_top };

		metrics->has_usage[k] =
			api->source.usage(api->source.ctx, &wanted, &metrics->usage[k]);
	}
}

static struct http_reply answer_summary(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	struct http_health health = api_health(api);
	struct http_metrics metrics = read_metrics(api);
	struct http_node node = api_node(api, &health);
	char *summary = health_summary(&health, &metrics, &node);

	(void)r;
	free_metrics(&metrics);
	return http_json(MHD_HTTP_OK, summary);
}

static struct http_reply answer_live(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	return http_json(MHD_HTTP_OK, mem_strdup("{\"status\":\"live\"}"));
}

static struct http_reply answer_ready(void *ctx, const struct http_request *r)
{
	struct http_health health = api_health(ctx);

	(void)r;
	return http_json(http_takes_clients(&health) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			 health_ready(&health));
}

static struct http_reply answer_metrics(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	struct http_health health = api_health(api);
	struct http_metrics metrics = read_metrics(api);
	struct http_node node = api_node(api, &health);
	struct http_reply reply = { MHD_HTTP_OK, metrics_type, NULL, 0 };

	(void)r;
	metrics.config = api->source.settings;
	read_usage(api, &metrics);
	reply.body = metrics_render(&metrics, &node, &reply.size);
	free_metrics(&metrics);
	return reply;
}

/* Routes of one path stand together; those that take a word behind those that don't. */
static const struct http_route routes[] = {
	{ "GET", "/", HTTP_FOR_ALL, answer_page },
	{ "GET", "/docs", HTTP_FOR_ALL, answer_docs },
	{ "GET", "/docs/", HTTP_FOR_ALL, answer_manual },
	{ "GET", "/health", HTTP_FOR_METRICS, answer_summary },
	{ "GET", "/health/live", HTTP_FOR_PROBES, answer_live },
	{ "GET", "/health/ready", HTTP_FOR_PROBES, answer_ready },
	{ "GET", "/metrics", HTTP_FOR_METRICS, answer_metrics },
	{ "GET", "/openapi.json", HTTP_FOR_ALL, answer_openapi },
	{ "GET", "/v1/node", HTTP_FOR_READERS, answer_node },
	{ "GET", "/v1/cluster", HTTP_FOR_READERS, answer_cluster },
	{ "GET", "/v1/brokers", HTTP_FOR_READERS, answer_brokers },
	{ "GET", "/v1/topics", HTTP_FOR_READERS, answer_topics },
	{ "GET", "/v1/topics/", HTTP_FOR_READERS, answer_topic },
	{ "GET", "/v1/groups", HTTP_FOR_READERS, answer_groups },
	{ "GET", "/v1/clients", HTTP_FOR_READERS, answer_clients },
	{ "GET", "/v1/principals", HTTP_FOR_READERS, answer_principals },
	{ "GET", "/v1/route", HTTP_FOR_READERS, answer_route },
	{ "GET", "/v1/connections", HTTP_FOR_READERS, answer_connections },
	{ "DELETE", "/v1/connections/", HTTP_FOR_OPERATORS, do_close },
	{ "GET", "/v1/config", HTTP_FOR_READERS, answer_config },
	{ "GET", "/v1/warnings", HTTP_FOR_READERS, answer_warnings },
	{ "POST", "/v1/drain", HTTP_FOR_OPERATORS, do_drain },
	{ "POST", "/v1/undrain", HTTP_FOR_OPERATORS, do_undrain },
	{ "POST", "/v1/reload", HTTP_FOR_OPERATORS, do_reload },
	{ "POST", "/v1/rebalance", HTTP_FOR_OPERATORS, do_rebalance },
};

/* What others may call the node.  Caller frees. */
static char *names_of(const struct config *c)
{
	char own[TEXT_HOST_MAX] = "", *names = NULL;
	size_t size;
	FILE *out = open_memstream(&names, &size);

	if (gethostname(own, sizeof own - 1) != 0)
		*own = '\0';
	fprintf(out, "%s,%s,%s", own, c->http_host, c->http_names != NULL ? c->http_names : "");
	for (size_t i = 0; i < config_listener_count(c); i++)
		fprintf(out, ",%s,%s", config_listener(c, i)->bind_host,
			config_listener(c, i)->advertised_host);
	fclose(out);
	return names;
}

struct http_api *api_start(const struct http_source *source, const char *version, char *why,
			   size_t why_size)
{
	const struct config *c = source->settings;
	struct http_api *api = mem_zalloc(sizeof *api);
	struct http_site site = { .ctx = api,
				  .routes = routes,
				  .route_count = ARRAY_LEN(routes),
				  .token = c->http_token,
				  .read_token = c->http_read_token,
				  .metrics_token = metrics_token(c),
				  .tls = source->tls,
				  .elsewhere = answer_elsewhere };

	curl_global_init(CURL_GLOBAL_DEFAULT);
	api->source = *source;
	api->version = mem_strdup(version);
	clock_gettime(CLOCK_REALTIME, &api->started);
	api->names = names_of(c);
	site.names = api->names;
	api->server = http_start(c->http_host, c->http_port, &site, why, why_size);
	if (api->server != NULL)
		return api;
	api_stop(api);
	return NULL;
}

void api_tend(struct http_api *api)
{
	http_tend(api->server);
}

void api_stop(struct http_api *api)
{
	if (api == NULL)
		return;
	http_stop(api->server);
	curl_global_cleanup();
	free(api->version);
	free(api->names);
	free(api);
}
