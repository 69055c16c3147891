#include "balance/nodes.h"

#include "balance/skew.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* *place: where clients of the listener are told to go. */
static bool is_meant(const struct cluster_member *self, const struct cluster_member *m,
		     const char *listener, struct told_place *place)
{
	return m->trust == MEMBER_BELIEVED && m->internal &&
	       member_place_beside(self, m, listener, place) && place->mode == ADVERTISE_PORTS &&
	       place->port_count > 0 && member_shares_clients(self, m);
}

/* This node leaves only once the others know that it drains: they would send a client back. */
static bool leaves(const struct cluster_view *v, const struct cluster_member *m)
{
	return m->is_draining && (!m->is_self || v->is_told || v->state != CLUSTER_MEMBER);
}

/* A node that has not told its load of late declines nothing. */
static struct mapping_node node_of(const struct cluster_view *v, const struct cluster_member *m,
				   const struct told_place *place, int64_t now_ms)
{
	return (struct mapping_node){ .node_id = m->node_id,
				      .host = place->host,
				      .rack = m->rack,
				      .port = place->port,
				      .port_count = place->port_count,
				      .min_broker_id = place->min_broker_id,
				      .declines = skew_is_fresh(m, now_ms) ? m->load.declines : 0,
				      .leaves = leaves(v, m) };
}

static size_t collect(const struct cluster_view *v, const char *listener,
		      struct mapping_node *nodes)
{
	struct told_place place;
	const int64_t now_ms = clock_ms();
	size_t count = 0, leaving = 0;

	for (size_t i = 0; i < v->member_count; i++) {
		if (!is_meant(&v->members[v->self], &v->members[i], listener, &place))
			continue;
		nodes[count] = node_of(v, &v->members[i], &place, now_ms);
		leaving += nodes[count++].leaves;
	}
	for (size_t i = 0; leaving == count && i < count; i++)
		nodes[i].leaves = false;
	return count;
}

struct mapping *nodes_mapping(const struct cluster_view *v, const char *listener)
{
	struct mapping_node *nodes;
	struct told_place place;
	struct mapping *m;

	if (!is_meant(&v->members[v->self], &v->members[v->self], listener, &place))
		return NULL;
	nodes = mem_alloc(v->member_count * sizeof *nodes);
	m = mapping_new(nodes, collect(v, listener, nodes));
	free(nodes);
	return m;
}
