/* node_option.h - how a command line names the node that a command asks.
 *
 * A command puts NODE_OPTIONS among its rows, and CLIENT_TERMS_OPTIONS: of these what tells of TLS is
 * for the HTTP API too, which knows tokens and no SASL.
 * Tests: tests/integration/operate/node_commands.py, tests/integration/operate/http_tls.py
 */
#ifndef TOOLS_NODE_OPTION_H
#define TOOLS_NODE_OPTION_H

#include "cli.h"
#include "client_terms.h"
#include "node_ask.h"

/* clang-format off */
#define NODE_OPTIONS \
	{ "http", 'H', CLI_TEXT, "HOST:PORT", \
	  .what = "the HTTP API of a node, any of the cluster; https://HOST:PORT by TLS (127.0.0.1:8888)" }, \
	NODE_WAY_OPTION, \
	CLIENT_TERMS_OPTIONS, \
	{ "timeout", 0, CLI_TIME, "TIME", .min = 1, .max = 600000, \
	  .what = "how long a node may take for an answer (5s)" }
/* clang-format on */

/* What GET of the path answers; NULL, with a message: none, or a refusal. */
json_t *node_get(const struct cli *cli, const char *path);
/* The same, and `why` in place of a message: "" where the command line is wrong, which has been said. */
json_t *node_try(const struct cli *cli, const char *path, char why[HTTP_CLIENT_WHY_MAX]);

#endif
