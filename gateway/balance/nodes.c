#include "balance/nodes.h"

#include "balance/skew.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_meant(const struct cluster_member *self, const struct cluster_member *m)
{
	return m->trust == MEMBER_BELIEVED && m->internal && m->mode == ADVERTISE_PORTS &&
	       m->port_count > 0 && member_shares_clients(self, m);
}

/* This node leaves only once the others know that it drains: they would send a client back. */
static bool leaves(const struct cluster_view *v, const struct cluster_member *m)
{
	return m->is_draining && (!m->is_self || v->is_told || v->state != CLUSTER_MEMBER);
}

/* A node that has not told its load of late declines nothing. */
static struct mapping_node node_of(const struct cluster_view *v, const struct cluster_member *m,
				   int64_t now_ms)
{
	return (struct mapping_node){ .node_id = m->node_id,
				      .host = m->host,
				      .rack = m->rack,
				      .port = m->port,
				      .port_count = m->port_count,
				      .min_broker_id = m->min_broker_id,
				      .declines = skew_is_fresh(m, now_ms) ? m->load.declines : 0,
				      .leaves = leaves(v, m) };
}

static size_t collect(const struct cluster_view *v, struct mapping_node *nodes)
{
	const int64_t now_ms = clock_ms();
	size_t count = 0, leaving = 0;

	for (size_t i = 0; i < v->member_count; i++) {
		if (!is_meant(&v->members[v->self], &v->members[i]))
			continue;
		nodes[count] = node_of(v, &v->members[i], now_ms);
		leaving += nodes[count++].leaves;
	}
	for (size_t i = 0; leaving == count && i < count; i++)
		nodes[i].leaves = false;
	return count;
}

struct mapping *nodes_mapping(const struct cluster_view *v)
{
	struct mapping_node *nodes;
	struct mapping *m;

	if (!is_meant(&v->members[v->self], &v->members[v->self]))
		return NULL;
	nodes = mem_alloc(v->member_count * sizeof *nodes);
	m = mapping_new(nodes, collect(v, nodes));
	free(nodes);
	return m;
}
