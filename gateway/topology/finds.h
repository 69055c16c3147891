/* finds.h - the coordinators that are being looked for.
 *
 * However many ask for one key, the cluster is asked once; from FindCoordinator
 * 4 on, many keys in one request.  "Not available" is asked again after
 * FINDS_PAUSE_MS for as long as somebody waits.  A broker that the metadata does
 * not list is not told before the metadata was asked for again.
 * Tests: tests/integration/topology_test (mock cluster), tests/unit/topology/
 */
#ifndef TOPOLOGY_FINDS_H
#define TOPOLOGY_FINDS_H

#include "topology/control.h"
#include "topology/query.h"

enum { FINDS_PAUSE_MS = 100 };

struct finds_events {
	/* Remembers it, before it is told. */
	void (*on_found)(void *owner, int type, const void *key, size_t len, int32_t broker);
	bool (*is_known)(void *owner, int32_t broker);
	void (*want_brokers)(void *owner); /* finds_renewed is to follow */
};

struct finds;

struct finds *finds_new(struct ev_loop *loop, struct control *control,
			const struct finds_events *events, void *owner);
void finds_free(struct finds *f); /* no query may wait in it */

void finds_begin(struct finds *f, const struct broker_versions *v);
void finds_lost(struct finds *f);
/* The brokers have been heard of anew. */
void finds_renewed(struct finds *f);
/* The owner may take it out of its list at any time (query_wait_in). */
void finds_ask(struct finds *f, struct topology_query *q);

#endif
