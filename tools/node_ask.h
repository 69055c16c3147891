/* node_ask.h - asks a node's HTTP API as whoever may read there.
 *
 * The token is the node's own GATEWAY_HTTP_READ_TOKEN, GATEWAY_HTTP_TOKEN or GATEWAY_METRICS_TOKEN,
 * the first that the environment has (or the file that NAME_FILE names), so a shell of the node's
 * needs nothing more.  Nor for TLS: GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION says that there is some, and
 * GATEWAY_HTTP_SSL_CA_LOCATION whom to trust.
 * Tests: tests/integration/operate/http_guard.py, tests/integration/operate/http_tls.py
 */
#ifndef TOOLS_NODE_ASK_H
#define TOOLS_NODE_ASK_H

#include "cli.h"
#include "http/client.h"

/* clang-format off */
#define NODE_WAY_OPTION \
	{ "ca-location", 0, CLI_TEXT, "FILE", \
	  .what = "ask nodes by TLS: file or folder of the authorities that sign their HTTP certificates" }
/* clang-format on */

/* How nodes are asked. */
struct node_way {
	char *token, *ca; /* NULL: none; those of the system */
	bool is_tls;	  /* where the place does not say it itself, as "https://host:port" does */
	bool ignores_names; /* whatever the certificate is for */
};

/* From the environment, and from the row NODE_WAY_OPTION, which the command must have. */
void node_way_init(struct node_way *way, const struct cli *cli);
void node_way_deinit(struct node_way *way);
/* The beginning of the URLs of the node at that place, "host:port" or a URL. */
void node_way_base(const struct node_way *way, char *to, size_t size, const char *place);

/* GET, as http_ask. */
MUST_CHECK bool node_ask(const struct node_way *way, const char *url, long timeout_ms,
			 struct http_answer *answer, char why[HTTP_CLIENT_WHY_MAX]);
/* As http_get_json. */
json_t *node_ask_json(const struct node_way *way, const char *base, const char *path,
		      long timeout_ms, char why[HTTP_CLIENT_WHY_MAX]);

#endif
