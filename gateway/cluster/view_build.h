/* view_build.h - how a view is made; for the cluster's own thread.
 *
 * view_new, a view_add for each member, then view_finish; from then on it is
 * only read.  Tests: tests/unit/cluster/view_test.c
 */
#ifndef CLUSTER_VIEW_BUILD_H
#define CLUSTER_VIEW_BUILD_H

#include "cluster/identity.h"

extern const struct published cluster_view_published;

/* A view without members.  One reference, the caller's.  Borrows the names of the config. */
struct cluster_view *view_new(const struct config *config, const char *topic);
/* Copies the member. */
void view_add(struct cluster_view *v, const struct cluster_member *m);
/* Sorts the members, finds this node (added with is_self), looks for what does not fit. */
void view_finish(struct cluster_view *v);
/* Whether clients can be told the same of both: all but loads. */
bool view_same_members(const struct cluster_view *a, const struct cluster_view *b);

/* This node as it tells the others.  Free with identity_deinit. */
void self_describe(struct cluster_member *m, const struct config *config, const char *version);
/* So many ports are bound of each listener, in the order of the configuration. */
void self_count_ports(struct cluster_member *m, const int counts[]);
/* A fingerprint of the options that must not differ between the nodes of a cluster. */
uint64_t self_settings(const struct config *config);

/* Looks for nodes that do not fit together: fills v->disagreements. */
void view_disagree(struct cluster_view *v);

/* Logs what the view has that the one before it, NULL: none, has not. */
void view_log(const struct cluster_view *before, const struct cluster_view *v);

#endif
