/* seal.h - the proof that a node of this cluster said it: a MAC of the secret that all nodes share.
 *
 *   seal  int64 counter | 32 bytes HMAC-SHA-256
 *
 * over the kind, the group's name, the node's id and incarnation, the counter and the content, each
 * with its length where it has one.  The counter of a node grows with everything that it says, over
 * restarts too (it is the clock where that is ahead), so what was said before can't be said again
 * by somebody else: of each node and kind the newest counter is kept.
 *
 * On the cluster's thread.  Tests: tests/unit/cluster/seal_test.c
 */
#ifndef CLUSTER_SEAL_H
#define CLUSTER_SEAL_H

#include "cluster/view.h"
#include "util/buf.h"
#include "util/compiler.h"

enum { SEAL_SIZE = 8 + 32, SEAL_NODES_MAX = 1000 };

enum seal_kind {
	SEAL_IDENTITY, /* the same one may be read again: the group repeats it */
	SEAL_LOAD,     /* each is read once */
};

struct seal;

/* What is said, and who is said to say it.  Borrowed for the time of a call. */
struct sealed {
	enum seal_kind kind;
	const char *node_id; /* not terminated */
	size_t id_len;
	int64_t incarnation;
	const uint8_t *content;
	size_t len;
};

/* NULL when there is no secret: every function takes that, seals nothing and believes everything.
 * Copies the texts. */
struct seal *seal_new(const char *secret, const char *group);
void seal_free(struct seal *s);

/* Appends the seal of something that this node says now; `now_ms`: the wall clock. */
void seal_write(struct seal *s, const struct sealed *what, int64_t now_ms, struct buf *out);
/* Whether it is to be believed.  `n` bytes of a seal; 0: it has none.  Not NULL. */
MUST_CHECK enum member_trust seal_check(struct seal *s, const struct sealed *what,
					const uint8_t *seal, size_t n);

#endif
