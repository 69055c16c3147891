/* node_ask.h - asks a node's HTTP API as whoever may read there.
 *
 * The token is the node's own GATEWAY_HTTP_READ_TOKEN, GATEWAY_HTTP_TOKEN or GATEWAY_METRICS_TOKEN,
 * the first that the environment has (or the file that NAME_FILE names), so a shell of the node's
 * needs nothing more.  Tests: tests/integration/operate/http_guard.py
 */
#ifndef TOOLS_NODE_ASK_H
#define TOOLS_NODE_ASK_H

#include "http/client.h"

/* GET, as http_ask. */
MUST_CHECK bool node_ask(const char *url, long timeout_ms, struct http_answer *answer,
			 char why[HTTP_CLIENT_WHY_MAX]);
/* As http_get_json. */
json_t *node_ask_json(const char *base, const char *path, long timeout_ms,
		      char why[HTTP_CLIENT_WHY_MAX]);

#endif
