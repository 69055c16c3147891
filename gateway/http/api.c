#include "http/inside.h"

#include "util/mem.h"
#include "util/text.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	{ "GET", "/", HTTP_FOR_ALL, answer_page },
	{ "GET", "/health", HTTP_FOR_METRICS, answer_summary },
	{ "GET", "/health/live", HTTP_FOR_PROBES, answer_live },
	{ "GET", "/health/ready", HTTP_FOR_PROBES, answer_ready },
	{ "GET", "/metrics", HTTP_FOR_METRICS, answer_metrics },
	{ "GET", "/openapi.json", HTTP_FOR_ALL, answer_openapi },
	{ "GET", "/v1/node", HTTP_FOR_READERS, answer_node },
	{ "GET", "/v1/cluster", HTTP_FOR_READERS, answer_cluster },
	{ "GET", "/v1/brokers", HTTP_FOR_READERS, answer_brokers },
	{ "GET", "/v1/topics/", HTTP_FOR_READERS, answer_topic },
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
	fprintf(out, "%s,%s,%s,%s,%s", own, c->http_host, c->bind_host, c->advertised_host,
		c->http_names != NULL ? c->http_names : "");
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
				  .metrics_token = c->metrics_token,
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
