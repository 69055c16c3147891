/* reply.h - what brokers answer to a member of a group, and to who writes and reads its topic.
 *
 * A reply points into the answer's body.
 * Tests: tests/unit/cluster/reply_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_REPLY_H
#define CLUSTER_REPLY_H

#include "kafka/api.h"
#include "util/compiler.h"

/* The version to ask in: the newest of those that brokers offer whose answer is understood here.
 * `offers` has one for each key.  -1: there is none. */
int reply_version(const struct kversions *offers, enum api_key key);

enum { REPLY_MEMBERS_MAX = 1000 };

struct reply_bytes {
	const uint8_t *bytes;
	uint32_t len;
};

/* The values that an answer has; those that it does not have are zero. */
struct reply {
	int error; /* the top's, else the first inside */
	int32_t node;
	int32_t generation;
	struct reply_bytes leader, member_id;
	/* of JoinGroup, for the leader: each member and its subscription */
	struct {
		struct reply_bytes id, data;
	} * members;
	size_t member_count;
	struct reply_bytes data; /* SyncGroup: the assignment; Fetch: the records */
	int64_t offset;
};

/* False: it contradicts its schema.  Free with reply_deinit. */
MUST_CHECK bool reply_read(struct reply *out, enum api_key key, int version, const uint8_t *body,
			   uint32_t len);
void reply_deinit(struct reply *a);

#endif
