/* messages.h - the requests of a group member, and what their answers say.
 *
 * Each ask_ empties `out` and writes one body; false: it did not fit.  Answers
 * point into the body.  Versions: those that the brokers and our rows have, up
 * to where the form changes.
 * Tests: tests/fuzz/identity.c
 */
#ifndef CLUSTER_MESSAGES_H
#define CLUSTER_MESSAGES_H

#include "kafka/api_keys.h"
#include "topology/snapshot.h"
#include "util/buf.h"
#include "util/compiler.h"

/* -1: the brokers have none that fits. */
int message_version(const struct snapshot *s, enum api_key message);

/* What one member gets from the leader. */
struct group_share {
	const uint8_t *member_id;
	uint32_t member_id_len;
	struct buf assignment;
};

/* Whatever a request needs; the others' fields are unused. */
struct group_ask {
	const char *group, *member_id, *protocol;
	const char *instance_id; /* NULL: a dynamic member */
	int32_t generation;
	int session_ms, rebalance_ms;
	const struct buf *subscription;
	const struct group_share *shares;
	size_t share_count;
	/* of the topic */
	const char *topic;
	int32_t partition, partition_count;
	int replicas;
	int64_t offset;
	int wait_ms; /* of a Fetch that finds nothing */
	const struct buf *records;
};

MUST_CHECK bool ask_message(enum api_key message, int version, const struct group_ask *a,
			    struct buf *out);

enum { JOIN_MEMBERS_MAX = 1000 };

struct group_bytes {
	const uint8_t *bytes;
	uint32_t len;
};

/* What answers say; what an answer does not have is zero. */
struct group_answer {
	int error; /* the top's, else the first inside */
	int32_t node;
	int32_t generation;
	struct group_bytes leader, member_id;
	/* of JoinGroup, for the leader: each member and its subscription */
	struct {
		struct group_bytes id, data;
	} * members;
	size_t member_count;
	struct group_bytes data; /* SyncGroup: the assignment; Fetch: the records */
	int64_t offset;
};

/* False: it contradicts its schema.  Free with answer_deinit. */
MUST_CHECK bool answer_read(struct group_answer *out, enum api_key message, int version,
			    const uint8_t *body, uint32_t len);
void answer_deinit(struct group_answer *a);

#endif
