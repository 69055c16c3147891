/* nodes.h - the gateway nodes as clients are told them.
 *
 * Tests: tests/unit/balance/nodes_test.c, tests/integration/cluster/internal_balancing.py
 */
#ifndef BALANCE_NODES_H
#define BALANCE_NODES_H

#include "cluster/view.h"
#include "route/mapping.h"

/* What the view means for the answers to clients of the listener of that name (NULL: of the only one, which has none): a mapping over the live
 * nodes, or NULL when clients are told the configured host (external balancing,
 * `single`).  Nodes that are for external balancing or another Kafka cluster are
 * left out, as those that have no such listener, and those that drain leave, unless all do: this node not before the
 * others know that it drains.  What a node declines counts while its load is
 * known. */
struct mapping *nodes_mapping(const struct cluster_view *v, const char *listener);

#endif
