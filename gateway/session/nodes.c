#include "session/nodes.h"

#include "cluster/skew.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_meant(const struct cluster_member *self, const struct cluster_member *m)
{
	bool is_elsewhere = self->kafka != NULL && m->kafka != NULL &&
			    strcmp(self->kafka, m->kafka) != 0;

	return m->internal && m->mode == ADVERTISE_PORTS && m->port_count > 0 && !is_elsewhere;
}

/* This node only once the others know it too: they would send a client back. */
static bool leaves(const struct cluster_view *v, const struct cluster_member *m)
{
	return m->is_draining && (!m->is_self || v->is_told || v->state != CLUSTER_MEMBER);
}

/* Who has not told its load of late declines nothing. */
static size_t collect(const struct cluster_view *v, struct mapping_node *nodes, bool with_draining)
{
	const int64_t now_ms = clock_ms();
	size_t count = 0;

	for (size_t i = 0; i < v->member_count; i++) {
		const struct cluster_member *m = &v->members[i];

		if (!is_meant(&v->members[v->self], m) || (leaves(v, m) && !with_draining))
			continue;
		nodes[count++] = (struct mapping_node){ .node_id = m->node_id,
							.host = m->host,
							.rack = m->rack,
							.port = m->port,
							.port_count = m->port_count,
							.min_broker_id = m->min_broker_id,
							.declines = skew_is_fresh(m, now_ms)
									    ? m->load.declines
									    : 0 };
	}
	return count;
}

struct mapping *nodes_mapping(const struct cluster_view *v)
{
	struct mapping_node *nodes;
	struct mapping *m;
	size_t count;

	if (!is_meant(&v->members[v->self], &v->members[v->self]))
		return NULL;
	nodes = mem_alloc(v->member_count * sizeof *nodes);
	count = collect(v, nodes, false);
	if (count == 0)
		count = collect(v, nodes, true);
	m = mapping_new(nodes, count);
	free(nodes);
	return m;
}
