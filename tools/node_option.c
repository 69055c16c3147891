#include "node_option.h"

#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WITHIN_MS = 5000 };

/* Files hold what other tools need; what is typed is meant for this one. */
static bool says_sasl(const struct cli *cli)
{
	size_t at = 0;

	for (const char *typed; (typed = cli_next(cli, "property", &at)) != NULL;) {
		if (strncmp(typed, "sasl.", 5) == 0)
			return true;
	}
	return false;
}

/* False, and said why: a property can't be used. */
static bool take_properties(struct node_way *way, const struct cli *cli)
{
	struct client_terms terms;
	const struct config *c;
	bool good = client_terms_read(&terms, cli);

	if (good && says_sasl(cli)) {
		cli_fail("a node's HTTP API knows no SASL, it takes GATEWAY_HTTP_READ_TOKEN of the "
			 "environment");
		good = false;
	}
	c = terms.config;
	way->is_tls = way->is_tls || protocol_has_tls(c->kafka_protocol);
	way->ignores_names = c->kafka_ssl_host_check == HOST_CHECK_NONE;
	if (c->kafka_ssl_ca != NULL && cli_get(cli, "ca-location") == NULL) {
		free(way->ca);
		way->ca = mem_strdup(c->kafka_ssl_ca);
	}
	client_terms_deinit(&terms);
	return good;
}

json_t *node_try(const struct cli *cli, const char *path, char why[HTTP_CLIENT_WHY_MAX])
{
	const char *place = cli_get(cli, "http");
	char base[300];
	struct node_way way;
	json_t *answer = NULL;

	*why = '\0';
	node_way_init(&way, cli);
	if (take_properties(&way, cli)) {
		node_way_base(&way, base, sizeof base, place != NULL ? place : "127.0.0.1:8888");
		answer = node_ask_json(&way, base, path, (long)cli_time(cli, "timeout", WITHIN_MS),
				       why);
	}
	node_way_deinit(&way);
	return answer;
}

json_t *node_get(const struct cli *cli, const char *path)
{
	char why[HTTP_CLIENT_WHY_MAX];
	json_t *answer = node_try(cli, path, why);

	if (answer == NULL && *why != '\0')
		cli_fail("%s", why);
	return answer;
}
