#include "rules/kafka_way.h"

#include "config/config.h"

int kafka_way_ports(const struct config *g)
{
	if (g->listener.advertised_mode != ADVERTISE_PORTS || g->listener.port_count == 0)
		return 1;
	return g->listener.port_count;
}

bool kafka_way_has_bind(const struct config *g, const struct cfg_bind *b)
{
	return b->first <= g->listener.advertised_port + kafka_way_ports(g) - 1 &&
	       b->last >= g->listener.advertised_port;
}

static bool begins_at(const struct config *g, const struct proxy *frontend)
{
	for (size_t k = 0; frontend->is_tcp && k < frontend->bind_count; k++) {
		if (kafka_way_has_bind(g, &frontend->binds[k]))
			return true;
	}
	return false;
}

bool kafka_way_is(const struct look *l, const struct route *r)
{
	return r->backend != NULL && begins_at(l->facts->gateway, r->frontend);
}

bool kafka_way_is_open(const struct look *l, const struct route *r)
{
	return r->backend == NULL && !r->is_missing && begins_at(l->facts->gateway, r->frontend);
}
