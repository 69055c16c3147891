/* roster.h - who is there: this node, and the others as the group's map and their load records say.
 *
 * A plain value of the cluster's thread, without sockets or clock.  The leader of the group sends
 * the map; it may have this node wrong, by a record that is older than what the node says of itself
 * now.  The node then says it again as something newer (a higher incarnation), at growing
 * intervals, for two nodes of one name would otherwise put each other right for ever.
 *
 *   roster_take_map     what the map has of this node is what it says now  ->  is_told
 *                       it is older, or not there                          ->  roster_put_right
 *
 * Tests: tests/unit/cluster/roster_test.c
 */
#ifndef CLUSTER_ROSTER_H
#define CLUSTER_ROSTER_H

#include "cluster/identity.h"
#include "cluster/view_build.h"

/* The load that a node told last. */
struct roster_load {
	char *node_id;
	struct cluster_load load;
	int64_t at; /* clock_ms */
};

struct roster {
	struct seal *seal; /* borrowed; NULL: there is no secret */
	struct cluster_member self;
	struct cluster_member *others;
	size_t other_count;
	struct roster_load *loads;
	size_t load_count;
	bool is_told;		/* the last map has what this node says of itself now */
	bool is_misrepresented; /* the last map has something else of it */
	int64_t put_right_at;	/* clock_ms: not earlier */
	unsigned put_right;	/* how often in a row */
};

void roster_init(struct roster *r, const struct config *config, const char *version,
		 struct seal *seal);
void roster_deinit(struct roster *r);

/* The map as the group's leader sent it: the others are those in it from now on, but for an empty
 * one, of a leader that left this node out. */
void roster_take_map(struct roster *r, const uint8_t *map, size_t len);
/* Whether this node must say again who it is: its incarnation has grown then, and the next time
 * comes later. */
MUST_CHECK bool roster_put_right(struct roster *r, int64_t now);
/* This node has something new to say of itself, which nobody has been told yet. */
void roster_renew(struct roster *r);
/* A load record of any node; its id is not terminated. */
void roster_take_load(struct roster *r, const char *node_id, size_t id_len,
		      const struct cluster_load *load, int64_t now);
bool roster_is_self(const struct roster *r, const char *node_id, size_t id_len);
/* A view of all of them, with their loads.  One reference, the caller's. */
struct cluster_view *roster_view(const struct roster *r, const struct config *config,
				 const char *topic);

#endif
