/* batch.h - a record batch of 1 KB messages, right in every field. */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include <stddef.h>
#include <stdint.h>

enum { BATCH_MESSAGE_BYTES = 1024 };

/* One batch (magic 2) of as many 1 KB messages as fit in `most` bytes, of one
 * smaller message when none fits.  Caller frees. */
uint8_t *batch_make(size_t most, size_t *length);

#endif
