/* places.h - at which gateway nodes clients have a connection for which broker.
 *
 * Shared by all workers of the process, and told between the nodes by cluster/.  A place is a key
 * of a client and a broker (naming.h); a node is its mapping_tag.
 * Tests: tests/unit/balance/places_test.c
 */
#ifndef BALANCE_PLACES_H
#define BALANCE_PLACES_H

#include "balance/elsewhere.h"
#include "balance/known.h"
#include "balance/live.h"
#include "cluster/cluster.h"

struct places {
	struct known *known;	     /* who worked here of late */
	struct live *live;	     /* who has a connection here now */
	struct elsewhere *elsewhere; /* who has one at another node */
	uint16_t tag;		     /* this node's */
};

void places_init(struct places *p, const char *node_id);
void places_deinit(struct places *p);

/* The tag of a node at which the key has a connection, this node first; 0: none that is known. */
uint16_t places_node(const struct places *p, uint64_t key);

/* What is here is told to the other nodes, and what they tell is heard.  Borrows the places. */
struct cluster_exchange places_exchange(struct places *p);

#endif
