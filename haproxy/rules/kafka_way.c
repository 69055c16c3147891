#include "rules/kafka_way.h"

#include "config/config.h"
#include "plan/endpoint.h"

int kafka_way_ports(const struct config *g)
{
	if (g->listener.advertised_mode != ADVERTISE_PORTS || g->listener.port_count == 0)
		return 1;
	return g->listener.port_count;
}

static bool is_one_address(const char *host)
{
	return *host != '\0' && !endpoint_is_every_address(host);
}

/* Listeners may be told the same ports, each at an address of its own. */
static bool is_of_another(const struct config *g, const struct cfg_bind *b)
{
	return g->listener.name != NULL && is_one_address(g->haproxy_listen_host) &&
	       is_one_address(b->host) && !endpoint_same_host(g->haproxy_listen_host, b->host);
}

bool kafka_way_has_bind(const struct config *g, const struct cfg_bind *b)
{
	return !is_of_another(g, b) &&
	       b->first <= g->listener.advertised_port + kafka_way_ports(g) - 1 &&
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
