#include "http/inside.h"

#include "util/mem.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

static struct http_metrics read_metrics(const struct http_api *api)
{
	struct http_metrics metrics = { 0 };

	api->source.metrics(api->source.ctx, &metrics);
	return metrics;
}

static struct http_reply answer_summary(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	struct http_health health = api_health(api);
	struct http_metrics metrics = read_metrics(api);
	struct http_node node = api_node(api, &health);

	(void)r;
	return http_json(MHD_HTTP_OK, health_summary(&health, &metrics, &node));
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
	reply.body = metrics_render(&metrics, &node, &reply.size);
	return reply;
}

/* Routes of one path stand together; those that take a word behind those that don't. */
static const struct http_route routes[] = {
	{ "GET", "/", false, answer_page },
	{ "GET", "/health", false, answer_summary },
	{ "GET", "/health/live", false, answer_live },
	{ "GET", "/health/ready", false, answer_ready },
	{ "GET", "/metrics", false, answer_metrics },
	{ "GET", "/openapi.json", false, answer_openapi },
	{ "GET", "/v1/node", false, answer_node },
	{ "GET", "/v1/cluster", false, answer_cluster },
	{ "GET", "/v1/brokers", false, answer_brokers },
	{ "GET", "/v1/topics/", false, answer_topic },
	{ "GET", "/v1/route", false, answer_route },
	{ "GET", "/v1/connections", false, answer_connections },
	{ "DELETE", "/v1/connections/", true, do_close },
	{ "GET", "/v1/config", false, answer_config },
	{ "GET", "/v1/warnings", false, answer_warnings },
	{ "POST", "/v1/drain", true, do_drain },
	{ "POST", "/v1/undrain", true, do_undrain },
	{ "POST", "/v1/reload", true, do_reload },
	{ "POST", "/v1/rebalance", true, do_rebalance },
};

struct http_api *api_start(const struct http_source *source, const char *version, char *why,
			   size_t why_size)
{
	const struct config *c = source->settings;
	struct http_api *api = mem_zalloc(sizeof *api);
	struct http_site site = { .ctx = api,
				  .routes = routes,
				  .route_count = ARRAY_LEN(routes),
				  .token = c->http_token,
				  .elsewhere = answer_elsewhere };

	curl_global_init(CURL_GLOBAL_DEFAULT);
	api->source = *source;
	api->version = mem_strdup(version);
	clock_gettime(CLOCK_REALTIME, &api->started);
	api->server = http_start(c->http_host, c->http_port, &site, why, why_size);
	if (api->server != NULL)
		return api;
	api_stop(api);
	return NULL;
}

void api_stop(struct http_api *api)
{
	if (api == NULL)
		return;
	http_stop(api->server);
	curl_global_cleanup();
	free(api->version);
	free(api);
}
