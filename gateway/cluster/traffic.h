/* traffic.h - load records to and from the internal topic.
 *
 * Every two seconds this node's load goes to one partition, and earlier when there
 * is something to tell of its clients' connections; what is new in all of them is
 * fetched, from their leaders.  The topic is created when it is not there; that it
 * can't be, or that there is no right to it, is told and changes nothing else.  On
 * the cluster's thread.
 * Tests: tests/unit/cluster/traffic_test.c
 */
#ifndef CLUSTER_TRAFFIC_H
#define CLUSTER_TRAFFIC_H

#include "cluster/lines.h"
#include "cluster/load.h"
#include "topology/topology.h"

enum { TRAFFIC_EVERY_MS = 2000, TRAFFIC_PARTITIONS = 3, TRAFFIC_LANES_MAX = 16 };

struct traffic;

/* Borrows all. */
struct traffic *traffic_new(struct ev_loop *loop, struct lines *lines, struct topology *topology,
			    const char *topic, const char *node_id,
			    const struct load_events *events);
/* No callback follows. */
void traffic_free(struct traffic *t);

/* Where keys of connections to tell are taken from, as cluster_exchange's.  Before the first
 * snapshot. */
void traffic_tell(struct traffic *t, size_t (*take)(void *owner, uint64_t *keys, size_t max),
		  void *owner);
/* The newest snapshot, borrowed until the next call; the first one starts the traffic. */
void traffic_snapshot(struct traffic *t, const struct snapshot *s);
/* The load that goes out next. */
void traffic_load(struct traffic *t, int64_t incarnation, const struct cluster_load *load);
/* Whether what the others had to tell of connections when this node came is known; true when
 * nothing is told. */
bool traffic_has_heard(const struct traffic *t);
/* Why the others' load is not known, for people; NULL: nothing is wrong. */
const char *traffic_trouble(const struct traffic *t);

#endif
