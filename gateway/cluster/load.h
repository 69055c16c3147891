/* load.h - a node's load as a record of the internal topic.
 *
 *   value  int16 version | int16 length node id | int64 incarnation
 *          | int64 connections | int64 bytes a second | int16 declines
 *          | int16 asks | int32 count | count times int64: keys
 *          | a seal (seal.h) over all of that, where the nodes have a secret
 *
 * Keys say where clients have connections (cluster.h), and `asks` is not 0 when
 * the node wants to hear all those of the others.  What is behind that is passed
 * over, and what is missing from `declines` on is 0.  The record's key is the
 * node id.  Batches are of format 2, not compressed; those that are, or
 * that somebody else put there, are passed over.
 * Tests: tests/unit/cluster/load_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_LOAD_H
#define CLUSTER_LOAD_H

#include "cluster/seal.h"
#include "util/buf.h"

/* At most so many keys in a record. */
enum { LOAD_KEYS_MAX = 2000 };

struct load_keys {
	uint64_t keys[LOAD_KEYS_MAX];
	size_t count;
	bool asks;
};

/* Appends a batch of one record, with this node's seal. */
void load_write(struct buf *out, int64_t now_ms, const char *node_id, int64_t incarnation,
		const struct cluster_load *load, const struct load_keys *keys, struct seal *seal);

/* Ids are not terminated. */
struct load_events {
	void (*on_load)(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
			const struct cluster_load *load);
	/* The keys of the same record, afterwards; not called when it has none and does not ask. */
	void (*on_keys)(void *owner, const char *node_id, size_t id_len,
			const struct load_keys *keys);
	void *owner;
	struct seal *seal; /* not NULL: who is not believed is not heard */
};

/* Reads what a Fetch gave, a batch that is cut off at its end left out; returns
 * the offset to go on from, `from` when there was nothing. */
int64_t load_read(const uint8_t *batches, size_t n, int64_t from, const struct load_events *events);

#endif
