/* trust.h - whether this node believes what a member of its group says.
 *
 * Tests: tests/unit/cluster/
 */
#ifndef CLUSTER_TRUST_H
#define CLUSTER_TRUST_H

/* Whether what a node says of itself is believed; see seal.h.  A member that is not is shown, and
 * that is all: no client is sent there, its load does not count, and nothing is asked of it. */
enum member_trust {
	MEMBER_BELIEVED,
	MEMBER_UNSEALED,   /* this node has a secret, and what it says has no seal */
	MEMBER_WRONG_SEAL, /* by another secret, or not what it said */
	MEMBER_OLD_SEAL,   /* it has said something newer before */
};

/* Why a member is not believed, for people; NULL: it is. */
const char *member_trust_text(enum member_trust trust);

#endif
