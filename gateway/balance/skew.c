#include "balance/skew.h"

/* A load is fresh for as long as three records take, so that one may be late. */
enum { FRESH_MS = 6000 };

static void count_in(struct skew *s, uint64_t load)
{
	double d = (double)load;

	s->mean += d; /* the sum, until all are counted */
	if (d > s->max)
		s->max = d;
}

static void count_node(struct cluster_skew *all, const struct cluster_load *load)
{
	count_in(&all->connections, load->connections);
	count_in(&all->bytes, load->bytes_per_second);
	all->nodes++;
}

bool skew_is_fresh(const struct cluster_member *m, int64_t now_ms)
{
	return m->load_at >= 0 && now_ms - m->load_at <= FRESH_MS;
}

struct cluster_skew skew_of(const struct cluster_view *v, const struct cluster_load *own,
			    int64_t now_ms)
{
	struct cluster_skew all = { .is_whole = true,
				    .is_leaving = v->members[v->self].is_draining };

	all.connections.own = (double)own->connections;
	all.bytes.own = (double)own->bytes_per_second;
	if (!all.is_leaving)
		count_node(&all, own);
	for (size_t i = 0; i < v->member_count; i++) {
		const struct cluster_member *m = &v->members[i];

		if (m->trust != MEMBER_BELIEVED ||
		    !member_shares_clients(&v->members[v->self], m) ||
		    !member_has_same_listeners(&v->members[v->self], m))
			continue;
		all.is_moving |= !m->is_self && m->is_draining && skew_is_fresh(m, now_ms) &&
				 m->load.connections > 0;
		if (m->is_self || m->is_draining)
			continue;
		if (skew_is_fresh(m, now_ms))
			count_node(&all, &m->load);
		else
			all.is_whole = false;
	}
	if (all.nodes > 0) {
		all.connections.mean /= all.nodes;
		all.bytes.mean /= all.nodes;
	}
	return all;
}

static double ratio(double part, double mean)
{
	return mean > 0 ? part / mean : 1;
}

double skew_ratio(const struct skew *s)
{
	return ratio(s->max, s->mean);
}

double skew_share(const struct skew *s)
{
	return ratio(s->own, s->mean);
}
