/* node_places.h - where load balancers have a node, and how it is put into another state there.
 *
 * Tests: tests/integration/haproxy/drain.py
 */
#ifndef TOOLS_NODE_PLACES_H
#define TOOLS_NODE_PLACES_H

#include "live/observe.h"
#include "live/shed.h"
#include "util/compiler.h"

#include <stdbool.h>

struct node_places {
	const char *node;
	struct shed_place *list; /* one for each that was seen, in their order */
	size_t count;
	struct observation seen; /* what the list borrows from */
};

/* False, with a message: a load balancer does not answer or does not know the node.  Free it
 * in any case; it borrows all that it is given. */
MUST_CHECK bool node_places_find(struct node_places *p, const struct balancers *all,
				 const char *backend, const char *node);
void node_places_free(struct node_places *p);

/* Sets "ready", "maint" or "drain" in the n-th place.  False, with a message. */
MUST_CHECK bool node_places_set(const struct node_places *p, const struct balancers *all, size_t n,
				const char *state);
/* How it is there now; false and why.  Free with show_stat_free; *row borrows from it. */
MUST_CHECK bool node_places_look(const struct node_places *p, const struct balancers *all, size_t n,
				 struct stat_rows *rows, const struct stat_row **row,
				 char why[RUNTIME_WHY_MAX]);

#endif
