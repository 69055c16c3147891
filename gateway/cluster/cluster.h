/* cluster.h - the nodes that know each other.
 *
 * With a cluster id, this node joins a consumer group as an ordinary member
 * (KAFKA-ROUTING 11: the classic protocol, so that kafka-consumer-groups shows
 * it) and learns who else is there; every two seconds it tells the others its
 * load by a record in an internal topic.  One thread of its own does this,
 * with connections of its own; it publishes a new view to each subscriber's
 * mailbox whenever something changed, several changes as one.  Without a
 * cluster id there is no thread, and the view is this node alone.
 * All functions may be called from any thread unless they say otherwise.
 * Tests: tests/unit/cluster/, tests/integration/cluster/,
 * tests/e2e/scenarios/membership.py
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "cluster/view.h"
#include "topology/topology.h"

struct cluster;

/* Borrows the config, the topology and the terms (NULL: TCP as it is), copies the version.  Nothing runs
 * before cluster_start; a first view is there at once. */
struct cluster *cluster_new(const struct config *config, struct topology *topology,
			    const struct link_terms *terms, const char *version);
/* Where clients have connections, as keys that only who calls this understands: what one node
 * takes from its own is heard by all others some tenths of a second later, in the same order,
 * unless the internal topic can't be written or read.  All are called on the cluster's thread. */
struct cluster_exchange {
	/* The next ones to tell, at most `max`; 0: nothing is new. */
	size_t (*take)(void *owner, uint64_t *keys, size_t max);
	/* Another node, which has just started, wants to hear all there is. */
	void (*asked)(void *owner);
	/* What another node tells; its id is not terminated. */
	void (*heard)(void *owner, const char *node_id, size_t id_len, const uint64_t *keys,
		      size_t count);
	void *owner;
};
/* Borrowed; before cluster_start only. */
void cluster_exchange(struct cluster *c, const struct cluster_exchange *exchange);

/* Every published view (`const struct cluster_view *`) is handed to on_view on
 * the mailbox's loop, which takes the reference.  Before cluster_start only. */
void cluster_subscribe(struct cluster *c, struct mailbox *mailbox, publisher_heard on_view);
/* The ports that are bound of each listener, in the order of the configuration: so many are advertised.  Joins. */
void cluster_start(struct cluster *c, const int port_counts[]);
/* Ends the thread; before the topology is freed.  A node that is to come back
 * stays a member until its session ends, so that a restart disturbs nobody. */
void cluster_stop(struct cluster *c);
/* Frees all, when the topology is gone, while subscribers' mailboxes still live. */
void cluster_free(struct cluster *c);

/* A reference to the newest view, never NULL. */
const struct cluster_view *cluster_view_get(struct cluster *c);

/* What this node has to do, now; the newest one counts.  Never blocks. */
void cluster_report_load(struct cluster *c, const struct cluster_load *load);
/* Clients are told other nodes instead of this one, here at once and by the
 * others within a heartbeat or two.  Never blocks. */
void cluster_set_draining(struct cluster *c, bool is_draining);

#endif
