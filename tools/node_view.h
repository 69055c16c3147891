/* node_view.h - what a gateway node says of itself over its HTTP API, as one row for a table.
 *
 * Tests: tests/unit/tools/node_view_test.c, tests/integration/haproxy/status.py
 */
#ifndef TOOLS_NODE_VIEW_H
#define TOOLS_NODE_VIEW_H

#include "node_ask.h"
#include "util/compiler.h"

#include <jansson.h>
#include <stdbool.h>

/* {"node", "url", "status": "ready", "starting", "draining" or why there is no answer,
 * "ready", "reasons", "connections", "brokers", "memory", "version", "uptime"}; what is not
 * told is missing.  `place` is HOST:PORT, or a URL. */
json_t *node_view(const struct node_way *way, const char *node, const char *place, long timeout_ms);

/* The value of a sample without labels in Prometheus' text; false: it is not there. */
MUST_CHECK bool node_view_sample(const char *metrics, const char *name, double *value);
/* What a label of a metric's first sample says, at most `size` - 1 bytes of it. */
MUST_CHECK bool node_view_label(const char *metrics, const char *name, const char *label, char *to,
				size_t size);

#endif
