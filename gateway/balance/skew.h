/* skew.h - how unevenly the load is spread over the nodes.
 *
 * This node is counted, and those of the others that take its clients (member_shares_clients) and
 * have told their load of late.
 * Tests: tests/unit/balance/skew_test.c
 */
#ifndef BALANCE_SKEW_H
#define BALANCE_SKEW_H

#include "cluster/view.h"

struct skew {
	double own, mean, max; /* of what one node has */
};

struct cluster_skew {
	int nodes;	 /* that are counted, this node included */
	bool is_whole;	 /* every node that takes these clients is counted */
	bool is_leaving; /* this node drains: its load is no part of the mean */
	bool is_moving;	 /* another of them drains and still has clients, who will come to others */
	struct skew connections, bytes;
};

/* Whether the node has told its load of late. */
bool skew_is_fresh(const struct cluster_member *m, int64_t now_ms);
/* `own`: this node's load now, which is newer than the view's. */
struct cluster_skew skew_of(const struct cluster_view *v, const struct cluster_load *own,
			    int64_t now_ms);
/* max / mean and own / mean; 1 when nobody has anything. */
double skew_ratio(const struct skew *s);
double skew_share(const struct skew *s);

#endif
