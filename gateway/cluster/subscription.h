/* subscription.h - the bytes of the "consumer" protocol, as Java clients write them.
 *
 *   subscription  int16 version | int32 count (string topic)* | int32 length user data
 *   assignment    int16 version | int32 count (string topic, int32 count int32*)*
 *                 | int32 length user data
 *
 * Version 0 of both; readers take later ones, which only add at the end.  Tools
 * parse them: an assignment that can't be parsed fails their whole description
 * of the group.
 * Tests: tests/unit/cluster/subscription_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_SUBSCRIPTION_H
#define CLUSTER_SUBSCRIPTION_H

#include "util/buf.h"
#include "util/compiler.h"

/* Appends.  The user data is all that stands in `data`. */
void subscription_write(struct buf *out, const char *topic, const struct buf *data);
/* partitions: `count` of the topic's, by number; none: no topic. */
void assignment_write(struct buf *out, const char *topic, const int32_t *partitions, size_t count,
		      const struct buf *data);

/* The user data inside, borrowed; none: *len is 0.  False: malformed. */
MUST_CHECK bool subscription_read(const void *bytes, size_t n, const uint8_t **data, size_t *len);
/* An assignment of no bytes at all is one: the leader left this member out. */
MUST_CHECK bool assignment_read(const void *bytes, size_t n, const uint8_t **data, size_t *len);

#endif
