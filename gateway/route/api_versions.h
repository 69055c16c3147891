/* api_versions.h - the gateway's own answer to ApiVersions.
 *
 * KAFKA-ROUTING 5; KIP-511 (software name), KIP-584 (features), KIP-1242
 * (cluster and node id).  Tests: tests/unit/route/api_versions_test.c
 */
#ifndef ROUTE_API_VERSIONS_H
#define ROUTE_API_VERSIONS_H

#include "kafka/api.h"
#include "topology/snapshot.h"
#include "util/buf.h"

/* What a client said of itself; the slices point into its request. */
struct api_versions_request {
	const uint8_t *software_name, *software_version; /* NULL before v3 */
	uint32_t name_len, version_len;
	int32_t node_id; /* the broker it dialled; -1: not said, or it is answered with an error */
};

/* A request as it came, and what it is answered from. */
struct api_versions_question {
	int version;
	const uint8_t *body;
	uint32_t size;
	const struct snapshot *snapshot;
	const struct listener *listener;	   /* by which the client came */
	bool (*known_node)(void *ctx, int32_t id); /* it is one that clients are told of */
	void *ctx;
};

/* Reads the request's body and appends the answer's body.  A version that isn't served
 * gets the answer that brokers give: version 0 of it with error 35; for it
 * `version_out` is 0.  False: malformed, a broker closes. */
bool api_versions_answer(struct buf *out, const struct api_versions_question *question,
			 struct api_versions_request *request);

#endif
