/* snapshot.h - what the node believes about the cluster at one moment.
 *
 * Immutable once published and counted by references; topics are counted on
 * their own, so the next snapshot shares those that did not change.  A reader
 * on any thread holds a reference for as long as it uses anything in it.
 * Tests: tests/unit/topology/snapshot_test.c
 */
#ifndef TOPOLOGY_SNAPSHOT_H
#define TOPOLOGY_SNAPSHOT_H

#include "kafka/api_keys.h"
#include "kafka/schema.h"
#include "kafka/wire.h"
#include "loop/publisher.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { SNAPSHOT_KEYS = KEYS_END, NO_BROKER = -1 };

struct broker {
	int32_t id;
	char *host; /* as the cluster advertises it */
	int port;
	char *rack; /* NULL: none */
	struct sockaddr_storage address;
	socklen_t address_len; /* 0: the name can't be resolved now */
};

enum { IN_SYNC_MAX = 4 };

struct partition {
	int32_t leader;	      /* NO_BROKER: none */
	int32_t leader_epoch; /* -1: the cluster does not tell */
	int32_t sole_replica; /* the one broker that has it; NO_BROKER: several have, or none does */
	/* Who follows the leader and is in sync, in the order of their ids; NO_BROKER: no more.  Of
	 * more than there is room for, the first. */
	int32_t in_sync[IN_SYNC_MAX];
};

extern const struct partition partition_unknown;

struct topic {
	char *name;
	uint16_t name_len;
	uint8_t id[WIRE_UUID]; /* zeros: the cluster has no topic ids */
	int32_t partition_count;
	struct partition *partitions; /* by index */
};

/* NULL: the topic has no such partition, or is itself not known (NULL). */
static inline const struct partition *topic_partition(const struct topic *t, int32_t index)
{
	return t != NULL && index >= 0 && index < t->partition_count ? &t->partitions[index] : NULL;
}

/* A feature of the cluster (KIP-584). */
struct feature {
	char *name;
	int16_t min, max;
};

struct snapshot {
	char *cluster_id; /* NULL: the cluster does not tell */
	int32_t controller;
	struct broker *brokers; /* sorted by id */
	size_t broker_count;
	/* Versions that every live broker and this program's rows have, by API
	 * key; empty range: not offered. */
	struct kversions offers[SNAPSHOT_KEYS];
	struct feature *supported, *finalized;
	size_t supported_count, finalized_count;
	int64_t features_epoch; /* -1: unknown */
};

const struct snapshot *snapshot_ref(const struct snapshot *s);
void snapshot_unref(const struct snapshot *s);	  /* fine with NULL */
extern const struct published snapshot_published; /* the same, for a publisher */

/* NULL: not known. */
const struct broker *snapshot_broker(const struct snapshot *s, int32_t id);
const struct topic *snapshot_topic(const struct snapshot *s, const void *name, size_t len);
const struct topic *snapshot_topic_by_id(const struct snapshot *s, const uint8_t id[WIRE_UUID]);
size_t snapshot_topic_count(const struct snapshot *s);

#endif
