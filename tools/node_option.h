/* node_option.h - how a command line names the node that a command asks.
 *
 * A command puts NODE_OPTIONS among its rows.  Tests: tests/integration/operate/node_commands.py
 */
#ifndef TOOLS_NODE_OPTION_H
#define TOOLS_NODE_OPTION_H

#include "cli.h"
#include "http/client.h"

/* clang-format off */
#define NODE_OPTIONS \
	{ "http", 'H', CLI_TEXT, "HOST:PORT", \
	  .what = "the HTTP API of a node, any of the cluster (127.0.0.1:8888)" }, \
	{ "timeout", 0, CLI_TIME, "TIME", .min = 1, .max = 600000, \
	  .what = "how long a node may take for an answer (5s)" }
/* clang-format on */

/* What GET of the path answers; NULL, with a message: none, or a refusal. */
json_t *node_get(const struct cli *cli, const char *path);

#endif
