/* What the HTTP side asks; on its thread. */
#include "cluster/skew.h"
#include "program/inside.h"
#include "util/clock.h"

static void tell_health(void *ctx, struct http_health *out)
{
	struct program *p = ctx;
	struct program_drain d;

	out->phase = (enum http_phase)atomic_load(&p->phase);
	if (out->phase == HTTP_STARTING) {
		http_reason(out, topology_age_ms(p->node.topology) < 0 ? "no broker has answered"
								       : "the ports are not bound");
	} else if (out->phase == HTTP_DRAINING) {
		program_drain_state(p, &d);
		http_reason(out,
			    "the node is drained: turn %d of %d, %lld clients left, %lld s at most",
			    d.turns_done, d.turns, (long long)d.clients,
			    (long long)(d.left_ms + 999) / 1000);
	}
}

static void tell_skew(const struct cluster_view *v, struct http_metrics *out)
{
	struct cluster_skew s = skew_of(v, &v->members[v->self].load, clock_ms());

	out->nodes_measured = s.nodes;
	out->connections_skew = skew_ratio(&s.connections);
	out->bytes_skew = skew_ratio(&s.bytes);
	out->connections_share = skew_share(&s.connections);
	out->bytes_share = skew_share(&s.bytes);
}

static void tell_cluster(struct program *p, struct http_metrics *out)
{
	const struct cluster_view *v = cluster_view_get(p->node.cluster);

	if (v->state != CLUSTER_OFF) {
		out->is_cluster_member = v->state == CLUSTER_MEMBER;
		out->cluster_members = (int)v->member_count;
		out->cluster_disagreements = (int)v->disagreement_count;
		for (size_t i = 0; i < v->member_count; i++)
			out->cluster_draining += v->members[i].is_draining;
		tell_skew(v, out);
	}
	cluster_view_unref(v);
}

static void tell_metrics(void *ctx, struct http_metrics *out)
{
	static const struct stats *blocks[1024];
	struct program *p = ctx;
	const struct snapshot *s = topology_snapshot(p->node.topology);

	tell_cluster(p, out);
	for (int i = 0; i < p->worker_count; i++)
		blocks[i] = worker_stats(p->workers[i]);
	out->workers = blocks;
	out->worker_count = (size_t)p->worker_count;
	out->memory_budget_bytes = budget_size(p->node.budget);
	budget_read(p->node.budget, &out->memory_held_bytes, &out->memory_waiting);
	out->topology_age_ms = topology_age_ms(p->node.topology);
	if (s != NULL) {
		out->brokers = (int)s->broker_count;
		out->topics = (int)snapshot_topic_count(s);
	}
	snapshot_unref(s);
}

struct http_source http_source(struct program *p)
{
	return (struct http_source){ p, tell_health, tell_metrics };
}
