/* identity.h - what a node says of itself, as bytes; and the map of all.
 *
 *   identity  int16 version | (int8 tag | int16 length | value)*
 *   the last tag may be a seal (seal.h) over all that stands before it
 *   map       int16 version | int16 count | (int16 length | identity)*
 *
 * An identity is the user data of a member's subscription, the map that of
 * every assignment.  Who writes a map copies the identities, and a reader
 * passes over tags it does not know, so nodes of different versions go
 * together.  The bytes come from whoever may join the group: everything is
 * checked, and a text that is not printable is refused.
 * Tests: tests/unit/cluster/identity_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_IDENTITY_H
#define CLUSTER_IDENTITY_H

#include "cluster/seal.h"
#include "util/buf.h"
#include "util/compiler.h"

enum { IDENTITY_MAX = 8192, MAP_MAX = 512 * 1024, MAP_NODES_MAX = 1000 };

/* Appends the identity; loads and the flag is_self are not part of it. */
void identity_write(struct buf *out, const struct cluster_member *m);
/* False: it is no identity; *m is empty then.  Else free with identity_deinit. */
MUST_CHECK bool identity_read(struct cluster_member *m, const void *bytes, size_t n);
/* Appends the seal to what identity_write wrote of this node, as the last tag. */
void identity_seal(struct buf *identity, const struct cluster_member *m, struct seal *seal,
		   int64_t now_ms);
/* Sets is_sealed and trust of what identity_read read from these bytes. */
void identity_judge(struct cluster_member *m, const void *bytes, size_t n, struct seal *seal);
void identity_deinit(struct cluster_member *m);
void identity_copy(struct cluster_member *to, const struct cluster_member *from);

/* One node of a map. */
struct map_entry {
	const uint8_t *bytes; /* its identity */
	size_t len;
};

/* Appends the map. */
void map_write(struct buf *out, const struct map_entry *entries, size_t count);
/* Calls on_entry for each, until it returns false.  False: it is no map. */
MUST_CHECK bool map_read(const void *bytes, size_t n,
			 bool (*on_entry)(void *ctx, const struct map_entry *entry), void *ctx);

#endif
