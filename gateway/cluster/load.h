/* load.h - a node's load as a record of the internal topic.
 *
 *   value  int16 version | int16 length node id | int64 incarnation
 *          | int64 connections | int64 bytes a second | int16 declines
 *
 * What is behind that is passed over, and without `declines` it is 0.  The key
 * is the node id.  Batches are of format 2, not compressed; those that are, or
 * that somebody else put there, are passed over.
 * Tests: tests/unit/cluster/load_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_LOAD_H
#define CLUSTER_LOAD_H

#include "cluster/view.h"
#include "util/buf.h"

/* Appends a batch of one record. */
void load_write(struct buf *out, int64_t now_ms, const char *node_id, int64_t incarnation,
		const struct cluster_load *load);

struct load_events {
	/* The id is not terminated. */
	void (*on_load)(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
			const struct cluster_load *load);
	void *owner;
};

/* Reads what a Fetch gave, a batch that is cut off at its end left out; returns
 * the offset to go on from, `from` when there was nothing. */
int64_t load_read(const uint8_t *batches, size_t n, int64_t from, const struct load_events *events);

#endif
