/* group.h - this node as a member of its group: member.h with its sockets.
 *
 * On the cluster's thread.  Tests: tests/unit/cluster/group_test.c
 */
#ifndef CLUSTER_GROUP_H
#define CLUSTER_GROUP_H

#include "cluster/lines.h"
#include "cluster/member.h"
#include "config/config.h"
#include "util/buf.h"

struct group_events {
	/* The map of who is there, as the leader sent it.  Borrowed. */
	void (*on_map)(void *owner, const uint8_t *map, size_t len);
	/* The member's state or trouble may have changed. */
	void (*on_change)(void *owner);
	/* The coordinator is a broker that the snapshot does not have. */
	void (*on_stranger)(void *owner);
};

struct group;

/* Borrows all.  `topic`: the one that the member is subscribed to. */
struct group *group_new(struct ev_loop *loop, struct lines *lines, const struct config *config,
			const char *topic, const struct group_events *events, void *owner);
/* No callback follows. */
void group_free(struct group *g);

/* The newest snapshot, borrowed until the next call; the first one starts the group. */
void group_snapshot(struct group *g, const struct snapshot *s);
/* The node's identity as the others are to see it; copied.  A member joins again. */
void group_identity(struct group *g, const struct buf *identity);
const struct member *group_life(const struct group *g);
bool group_is_leader(const struct group *g);
/* The member leaves the group if it has no instance id to come back with; *done is set
 * when the coordinator has answered, at once if there is nothing to do. */
void group_leave(struct group *g, bool *done);

#endif
