/* nearest.h - which replica of a partition a client in a zone reads, and why (KIP-392).
 *
 * The leader where it is in the zone itself; else a follower there that is in sync.  Several are in the
 * zone: each has its part of the partitions, the same for all clients.
 * Pure.
 * Tests: tests/unit/route/nearest_test.c
 */
#ifndef ROUTE_NEAREST_H
#define ROUTE_NEAREST_H

#include "topology/snapshot.h"

enum nearest_why {
	/* the leader is read */
	NEAREST_NO_LEADER,	/* there is none, or no such partition */
	NEAREST_LEADER_IS_NEAR, /* it is in the zone */
	NEAREST_NONE_IN_SYNC,	/* there, that can be reached and is to be asked */
	/* a follower is */
	NEAREST_FOLLOWER,
};

struct nearest {
	int32_t follower; /* NO_BROKER: the leader is read */
	enum nearest_why why;
};

/* All is borrowed. */
struct nearest_question {
	const struct snapshot *snapshot;
	const struct topic *topic; /* NULL: the cluster has none such */
	int32_t partition;
	const char *zone;
	bool (*is_barred)(const void *ctx, int32_t broker); /* is not to be asked; NULL: none is */
	const void *ctx;
};

struct nearest nearest_of(const struct nearest_question *q);
/* Any that can be reached. */
bool nearest_has_brokers(const struct snapshot *s, const char *zone);

#endif
