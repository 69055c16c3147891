/* refresh.h - which metadata is to be asked for, and when.
 *
 * Three kinds of requests, at most one of each in flight: all topics, topics by
 * name, topics by id.  What comes in while one is in flight goes into the next.
 * All topics are asked for on the timer, when somebody wants it, and first of all
 * on a new connection; that answers whatever else was waiting.  Not more often than
 * every REFRESH_LEAST_MS, and while that brings nothing new and nobody waits for
 * it, twice as long each time, up to REFRESH_MOST_MS: what all topics' metadata
 * costs, the brokers pay.  Brokers older than Metadata 4 are never
 * asked for single topics: asking would create them.
 * Tests: tests/unit/topology/learning_test.c, tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_REFRESH_H
#define TOPOLOGY_REFRESH_H

#include "topology/control.h"
#include "topology/metadata.h"
#include "topology/query.h"

enum { REFRESH_LEAST_MS = 1000, REFRESH_MOST_MS = 4000 };

struct refresh_events {
	/* The owner publishes what it makes of the answer.  False: that was nothing new. */
	bool (*on_metadata)(void *owner, const struct metadata *m, bool is_full);
	/* Whether askers can see what was heard; queries wait until then. */
	bool (*is_published)(void *owner);
};

struct refresh;

struct refresh *refresh_new(struct ev_loop *loop, struct control *control, int every_ms,
			    const struct refresh_events *events, void *owner);
/* All topics are asked for now, and then this often. */
void refresh_set_period(struct refresh *r, int every_ms);
void refresh_free(struct refresh *r); /* no query may wait in it */

/* A new connection whose broker speaks these versions. */
void refresh_begin(struct refresh *r, const struct broker_versions *v);
/* The connection is gone. */
void refresh_lost(struct refresh *r);

/* Whether a topic can be named so at all. */
bool refresh_can_ask(const void *name, size_t len, bool by_id);
void refresh_want_all(struct refresh *r);
void refresh_need_all(struct refresh *r); /* the same, and somebody waits for it */
void refresh_want_topic(struct refresh *r, const void *name, size_t len, bool by_id);
/* Answers the query when the topics that it names (or all) have been heard of.  The
 * owner may take it out of its list at any time (query_wait_in). */
void refresh_ask(struct refresh *r, struct topology_query *q);
/* Answers the queries that waited for is_published to say yes. */
void refresh_release(struct refresh *r);

#endif
