/* metadata.h - a Metadata answer read, and what it does to the topics.
 *
 * Pure: no socket, no clock.  Rules of the merge:
 *  - a topic whose id changed is another topic: replaced whole;
 *  - within one topic id a partition's leader epoch never goes backwards, and
 *    partitions are never taken away;
 *  - without topic ids or epochs (old brokers) the newest answer wins;
 *  - unknown topic or id, invalid name: the topic is gone; any other error of
 *    a topic leaves what is known of it;
 *  - a full answer keeps only the topics it lists.
 * Tests: tests/unit/topology/metadata_test.c, tests/fuzz/topology.c
 */
#ifndef TOPOLOGY_METADATA_H
#define TOPOLOGY_METADATA_H

#include "topology/snapshot.h"
#include "util/compiler.h"

#include <stddef.h>

struct metadata_partition {
	int16_t error;
	int32_t index;
	int32_t leader;
	int32_t leader_epoch;
	int32_t replicas;	/* how many brokers have it; -1: not read */
	int32_t replica;	/* the first of them */
	const uint8_t *in_sync; /* in the answer's bytes, 4 bytes each; NULL: not read */
	uint32_t in_sync_count;
};

struct metadata_topic {
	int16_t error;
	const uint8_t *name; /* in the answer's bytes; NULL: asked by id and unknown */
	uint32_t name_len;
	uint8_t id[WIRE_UUID];
	bool is_internal;    /* of Kafka's own, such as __consumer_offsets */
	size_t first, count; /* of its partitions */
};

struct metadata {
	int16_t error; /* of the whole answer */
	char *cluster_id;
	int32_t controller;
	struct broker *brokers; /* no addresses yet; sorted by id, each id once */
	size_t broker_count;
	struct metadata_topic *topics;
	size_t topic_count;
	struct metadata_partition *partitions;
	size_t partition_count;
};

/* Reads an answer's body, which must outlive *m.  False: malformed.  Caller
 * calls metadata_deinit either way. */
MUST_CHECK bool metadata_read(struct metadata *m, int version, const uint8_t *body, uint32_t len);
void metadata_deinit(struct metadata *m);

/* Puts the answer's topics into `next`.  is_full: `next` has no topics yet and
 * shares those of `old` that did not change; else `next` shares all of `old`'s
 * already.  `old` may be NULL. */
void metadata_merge(struct snapshot *next, const struct snapshot *old, const struct metadata *m,
		    bool is_full);

#endif
