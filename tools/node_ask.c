#include "node_ask.h"

#include "config/config.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static void set(char **to, const char *text)
{
	if (text == NULL)
		return;
	free(*to);
	*to = mem_strdup(text);
}

static void take_environment(struct node_way *way)
{
	struct config *http = config_load_part("gateway.http_", stderr);
	struct config *metrics = config_load_part("gateway.metrics_", stderr);

	if (metrics != NULL)
		set(&way->token, metrics->metrics_token);
	if (http != NULL) {
		set(&way->token, http->http_token);
		set(&way->token, http->http_read_token);
		set(&way->ca, http->http_ssl_ca);
		way->is_tls = http->http_ssl_certificate != NULL;
	}
	config_free(http);
	config_free(metrics);
}

void node_way_init(struct node_way *way, const struct cli *cli)
{
	const char *ca = cli_get(cli, "ca-location");

	*way = (struct node_way){ 0 };
	take_environment(way);
	set(&way->ca, ca);
	way->is_tls = way->is_tls || ca != NULL;
}

void node_way_deinit(struct node_way *way)
{
	free(way->token);
	free(way->ca);
}

void node_way_base(const struct node_way *way, char *to, size_t size, const char *place)
{
	if (way->is_tls && strstr(place, "://") == NULL)
		snprintf(to, size, "https://%s", place);
	else
		http_base(to, size, place);
}

static struct http_extra extra_of(const struct node_way *way)
{
	return (struct http_extra){ .token = way->token,
				    .ca = way->ca,
				    .ignores_names = way->ignores_names };
}

bool node_ask(const struct node_way *way, const char *url, long timeout_ms,
	      struct http_answer *answer, char why[HTTP_CLIENT_WHY_MAX])
{
	const struct http_extra extra = extra_of(way);

	return http_ask("GET", url, &extra, timeout_ms, answer, why);
}

json_t *node_ask_json(const struct node_way *way, const char *base, const char *path,
		      long timeout_ms, char why[HTTP_CLIENT_WHY_MAX])
{
	const struct http_extra extra = extra_of(way);

	return http_get_json(base, path, &extra, timeout_ms, why);
}
