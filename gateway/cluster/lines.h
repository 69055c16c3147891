/* lines.h - the cluster's own connections to brokers, opened when needed.
 *
 * One a broker and purpose, so that a JoinGroup, which may be silent for long,
 * stands in nobody's way.  A line that is lost answers what was asked of it
 * with NULL and is forgotten; the next request opens another.
 * All on the loop's thread.  Tests: tests/unit/cluster/lines_test.c
 */
#ifndef CLUSTER_LINES_H
#define CLUSTER_LINES_H

#include "topology/snapshot.h"
#include "upstream/call.h"

/* From LINE_POLL on: polls of the internal topic's partitions, one a partition. */
enum line_purpose { LINE_FIND, LINE_GROUP, LINE_LOAD, LINE_POLL };

struct lines;

/* Borrows the terms; NULL: TCP as it is. */
struct lines *lines_new(struct ev_loop *loop, const struct link_terms *terms,
			int connect_timeout_ms);
/* No callback follows. */
void lines_free(struct lines *l);

/* As call_send: the answer comes later, unless it returns false. */
MUST_CHECK bool lines_send(struct lines *l, enum line_purpose purpose, const struct broker *to,
			   const struct call_request *request);
/* Closes the lines for a purpose that are not to this broker. */
void lines_keep(struct lines *l, enum line_purpose purpose, int32_t broker);

#endif
