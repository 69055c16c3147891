/* status_rows.h - what load balancers say, as rows for tables and JSON.
 *
 * Tests: tests/integration/haproxy/status.py
 */
#ifndef TOOLS_STATUS_ROWS_H
#define TOOLS_STATUS_ROWS_H

#include "live/observe.h"

#include <jansson.h>

/* {"nodes": a row for each node of each load balancer, "balancers": a row each, "skew": the
 * busiest node to the mean of those that are up, of sessions and of open sessions' bytes, over
 * all load balancers; null when none is up}.  What is not known is null. */
json_t *status_rows(const struct observation *seen);

#endif
