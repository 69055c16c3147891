/* replicas.h - which replica of each partition a client reads (KIP-392): one in the client's zone.
 *
 * A follower that is in sync has all that is committed, or has it soon.  So a client reads from one
 * whose broker's rack is the client's zone, where the leader's is another (nearest.h); from the leader
 * when there is none, when a follower has answered with an error for this partition, or was lost, a
 * while ago.
 *
 * A follower hears of the high watermark later than its leader tells it, so that a client which goes
 * from one to the other would see offsets go back.  What a client was told is kept, and it is not told
 * less, for as long as the topic and its leader's epoch are the same: a new leader may really know of
 * less, and a topic that was made anew has another log.
 *
 * A partition of the cluster is known from when the client has asked for it once; the Fetch by which it
 * becomes known is its leader's, but for one of the node's own session (session/own_session.h), which
 * may read it at a follower at once.
 * Pure: times are milliseconds of the caller's.
 * Tests: tests/unit/route/replicas_test.c
 */
#ifndef ROUTE_REPLICAS_H
#define ROUTE_REPLICAS_H

#include "route/layout.h"
#include "topology/snapshot.h"
#include "util/compiler.h"

struct replicas;

/* The zone is copied. */
struct replicas *replicas_new(const char *zone);
void replicas_free(struct replicas *r); /* fine with NULL */
const char *replicas_zone(const struct replicas *r);

/* Bytes of memory with so many more topics, their names' bytes and partitions. */
size_t replicas_bytes(const struct replicas *r, uint32_t topics, size_t names, uint32_t partitions);
/* What of the request is not known yet. */
struct replicas_new_ones {
	uint32_t topics, partitions;
	size_t names;
};
struct replicas_new_ones replicas_count_new(const struct replicas *r, const struct layout *request,
					    const struct snapshot *s);
/* All of the request that the cluster has is known from now on. */
void replicas_add(struct replicas *r, const struct layout *request, const struct snapshot *s);
/* No partition is known any more; who is barred stays so. */
void replicas_forget(struct replicas *r);
/* How many partitions are known. */
uint32_t replicas_count(const struct replicas *r);

/* A partition, and what is known of it in the cluster.  All is borrowed. */
struct replicas_question {
	const struct snapshot *snapshot;
	const struct topic *topic; /* NULL: not known */
	const struct layout_topic *named;
	int32_t partition;
	int64_t now;
};

/* The follower that is to be read now; NO_BROKER: the leader is. */
int32_t replicas_choose(struct replicas *r, const struct replicas_question *q);
/* The broker was chosen for the partition last, or is in sync with its leader, which is there, so that
 * it may have been asked as a follower.  r: NULL where the choice is not known any more. */
bool replicas_is_follower(const struct replicas *r, const struct replicas_question *q,
			  int32_t broker);

/* A follower has answered with an error, or a broker was lost: for a while others are asked; for a
 * longer one each time that a broker is lost again before it has answered. */
void replicas_bar(struct replicas *r, const struct replicas_question *q);
void replicas_bar_broker(struct replicas *r, int32_t broker, int64_t now);
void replicas_answered(struct replicas *r, int32_t broker);
/* Grows when one is barred, and when partitions become known or are forgotten. */
uint32_t replicas_changes(const struct replicas *r);

/* What the client is told instead of an answer's offset of a partition (-1: the broker does not say). */
enum replicas_offset { REPLICAS_HIGH_WATERMARK, REPLICAS_LAST_STABLE, REPLICAS_OFFSETS };
int64_t replicas_tell(struct replicas *r, const struct replicas_question *q,
		      enum replicas_offset which, int64_t offset);

/* A fetch session that a broker has with the client, which says of a partition only once that it is
 * read: what is read in it, and whether any of that is to be read elsewhere by now. */
void replicas_session_begins(struct replicas *r);
void replicas_session_reads(struct replicas *r, const struct replicas_question *q);
bool replicas_session_must_end(struct replicas *r, const struct snapshot *s, int32_t broker,
			       int64_t now);

#endif
