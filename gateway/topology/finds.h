/* finds.h - the coordinators that are being looked for.
 *
 * However many ask for one key, the cluster is asked once; from FindCoordinator
 * 4 on, many keys in one request.  "Not available" is asked again after
 * FINDS_PAUSE_MS for as long as somebody waits.  A broker that the metadata does
 * not list is not told before the metadata was asked for again.
 * Tests: tests/unit/topology/learning_test.c, tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_FINDS_H
#define TOPOLOGY_FINDS_H

#include "topology/control.h"
#include "topology/query.h"

enum { FINDS_PAUSE_MS = 100 };

struct finds_events {
	/* The owner remembers the coordinator, before anybody is told it. */
	void (*on_found)(void *owner, int type, const void *key, size_t len, int32_t broker);
	bool (*is_known)(void *owner, int32_t broker);
	void (*want_brokers)(void *owner); /* finds_renewed is to follow */
	/* Whether the node's account may ask for coordinators of the type. */
	void (*on_right)(void *owner, int type, bool has_it);
};

struct finds;

struct finds *finds_new(struct ev_loop *loop, struct control *control,
			const struct finds_events *events, void *owner);
void finds_free(struct finds *f); /* no query may wait in it */

void finds_begin(struct finds *f, const struct broker_versions *v);
void finds_lost(struct finds *f);
/* The owner has heard of the brokers anew. */
void finds_renewed(struct finds *f);
/* Answers the query when its coordinator is found.  The owner may take it out of its list at any
 * time (query_wait_in). */
void finds_ask(struct finds *f, struct topology_query *q);

#endif
