/* haproxy_from.h - what a live node's HTTP API tells of the gateway, as a configuration.
 *
 * Tests: tests/integration/haproxy/from.py
 */
#ifndef TOOLS_HAPROXY_FROM_H
#define TOOLS_HAPROXY_FROM_H

#include "config/config.h"
#include "node_ask.h"

/* The effective configuration of the node at `url` (http://host:8888).  Where it leaves ports
 * or nodes to the cluster, what the node has found out takes their place (nodes only where the caller needs them).  Variables of this
 * environment win in the section haproxy.  NULL, and why on standard error.  Caller frees with
 * config_free. */
MUST_CHECK struct config *haproxy_from(const struct node_way *way, const char *url,
				       bool needs_nodes);

#endif
