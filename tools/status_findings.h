/* status_findings.h - what is wrong with a node, by what it says of itself, the cluster and the brokers.
 *
 * Tests: tests/integration/operate/node_commands.py
 */
#ifndef TOOLS_STATUS_FINDINGS_H
#define TOOLS_STATUS_FINDINGS_H

#include <jansson.h>

/* A list of sentences, from the answers of /v1/node, /v1/cluster and /v1/brokers; of what is NULL
 * nothing is said. */
json_t *status_findings(const json_t *node, const json_t *cluster, const json_t *brokers);

#endif
