/* links.h - the cluster's own connections to brokers, opened when needed.
 *
 * One a broker and purpose, so that a JoinGroup, which may be silent for long,
 * stands in nobody's way.  A link that is lost answers what was asked of it
 * with NULL and is forgotten; the next request opens another.
 * All on the loop's thread.  Tests: tests/unit/cluster/links_test.c
 */
#ifndef CLUSTER_LINKS_H
#define CLUSTER_LINKS_H

#include "topology/snapshot.h"
#include "upstream/call.h"

/* From LINK_POLL on: polls of the internal topic's partitions, one a partition. */
enum link_purpose { LINK_FIND, LINK_GROUP, LINK_LOAD, LINK_POLL };

struct links;

struct links *links_new(struct ev_loop *loop, int connect_timeout_ms);
/* No callback follows. */
void links_free(struct links *l);

/* As call_send: the answer comes later, unless it returns false. */
MUST_CHECK bool links_send(struct links *l, enum link_purpose purpose, const struct broker *to,
			   const struct call_request *request);
/* Closes the links for a purpose that are not to this broker. */
void links_keep(struct links *l, enum link_purpose purpose, int32_t broker);

#endif
