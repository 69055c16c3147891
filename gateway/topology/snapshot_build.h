/* snapshot_build.h - making a snapshot, for the topology's own thread.
 *
 * A snapshot under construction belongs to one thread until it is published;
 * from then on it is const.  It frees with snapshot_unref.  What is not about
 * topics are plain fields that the maker fills with memory of its own.
 * Tests: tests/unit/topology/snapshot_test.c
 */
#ifndef TOPOLOGY_SNAPSHOT_BUILD_H
#define TOPOLOGY_SNAPSHOT_BUILD_H

#include "topology/snapshot.h"

/* An empty snapshot with one reference; it shares the topics of `topics_of`
 * (NULL: none). */
struct snapshot *snapshot_new(const struct snapshot *topics_of);

/* A new topic in place of any with the same name or the same id; its
 * partitions are for the caller to fill: no leader, epoch -1. */
struct topic *snapshot_add_topic(struct snapshot *s, const void *name, size_t len,
				 const uint8_t id[WIRE_UUID], int32_t partition_count);
/* Shares a topic of another snapshot. */
void snapshot_share_topic(struct snapshot *s, const struct topic *topic);
/* Fine when there is none. */
void snapshot_drop_topic(struct snapshot *s, const void *name, size_t len);

/* All topics in no order: begin with *at = 0 and end with NULL. */
const struct topic *snapshot_next_topic(const struct snapshot *s, size_t *at);

/* Whether a reader could tell them apart; the features' epoch does not count,
 * for it grows without end. */
bool snapshot_is_same(const struct snapshot *a, const struct snapshot *b);

bool topic_has_id(const struct topic *topic);

void feature_list_free(struct feature *features, size_t count);
void broker_list_free(struct broker *brokers, size_t count);

#endif
