/* batch.h - record batches of format 2, as Produce carries them.
 *
 * Tests: tests/unit/cluster/load_test.c
 */
#ifndef KAFKA_BATCH_H
#define KAFKA_BATCH_H

#include "util/buf.h"

struct record {
	const void *key, *value;
	size_t key_len, value_len;
};

/* Appends a batch of one record, not compressed, of no producer id. */
void batch_write(struct buf *out, int64_t now_ms, const struct record *record);

#endif
