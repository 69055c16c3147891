/* shares.h - what the leader of the group gives out: to each member its partitions and the map.
 *
 * The topic's partitions go round among the members in the order of their ids, so that every
 * leader gives out the same; the map of all members' identities goes to each of them.  A plain
 * value; zeroed it is empty.
 * Tests: tests/unit/cluster/shares_test.c
 */
#ifndef CLUSTER_SHARES_H
#define CLUSTER_SHARES_H

#include "cluster/reply.h"
#include "kafka/say.h"

enum {
	SHARES_PARTITIONS_MAX = 64,
	SHARES_EACH = 2, /* pairs that shares_said makes of one */
};

struct share {
	uint8_t *member_id;
	uint32_t member_id_len;
	struct buf assignment;
};

struct shares {
	struct share *all;
	size_t count;
};

/* Fills an empty one, from the members that JoinGroup told, `partitions` of the topic, at most
 * SHARES_PARTITIONS_MAX.  A member whose subscription has no identity gets its partitions, and the
 * map is without it.  Free with shares_deinit. */
void shares_make(struct shares *s, const struct reply *joined, const char *topic,
		 int32_t partitions);
/* Empties it. */
void shares_deinit(struct shares *s);
/* As SyncGroup has them, SHARES_EACH pairs a member; the caller frees the array, which borrows. */
struct say *shares_said(const struct shares *s);

#endif
