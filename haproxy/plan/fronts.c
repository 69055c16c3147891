#include "plan/fronts.h"

#include "util/mem.h"

#include <stdlib.h>
#include <strings.h>

bool fronts_are_named(const struct config *config)
{
	return config->listeners != NULL;
}

static void settle_place(struct config *front)
{
	const struct config_haproxy *want = &front->haproxy;

	front->haproxy_listen_port = front->listener.advertised_port;
	front->haproxy_listen_last = 0;
	for (size_t i = 0; i < want->front_count; i++) {
		if (strcasecmp(want->fronts[i].name, front->listener.name) == 0) {
			front->haproxy_listen_host = want->fronts[i].host;
			front->haproxy_listen_port = want->fronts[i].port;
		}
	}
}

/* What is said of TLS is not said of this one. */
static void leave_tls_out(struct config_haproxy *want)
{
	want->tls = TLS_NONE;
	want->tls_certificate = want->tls_client_ca = NULL;
	want->tls_client_auth = CLIENT_AUTH_NONE;
	want->node_tls_ca = want->node_tls_name = want->node_tls_certificate = NULL;
	want->node_tls_verify = true;
	want->sni_route_count = 0;
}

static bool has_port(const struct listener *l, int port)
{
	return port >= l->port_start && port < l->port_start + l->port_count;
}

static bool is_of_another(const struct config *config, const struct listener *l, int port)
{
	for (size_t i = 0; i < config_listener_count(config); i++) {
		const struct listener *other = config_listener(config, i);

		if (other != l && has_port(other, port))
			return true;
	}
	return false;
}

/* Server names stand for ports, which are some listener's; those of nobody stay, to be refused. */
static void settle_routes(const struct config *config, const struct listener *l,
			  struct config_haproxy *want)
{
	const struct config_route *all = config->haproxy.sni_routes;
	size_t count = want->sni_route_count, left = 0;

	want->sni_routes = mem_alloc((count + 1) * sizeof *want->sni_routes);
	for (size_t i = 0; i < count; i++) {
		if (!is_of_another(config, l, all[i].port))
			want->sni_routes[left++] = all[i];
	}
	want->sni_route_count = left;
}

struct config *fronts_config(const struct config *config, size_t i)
{
	const struct listener *l = config_listener(config, i);
	struct config *front = mem_alloc(sizeof *front);
	struct config_haproxy *want = &front->haproxy;

	*front = *config;
	front->listener = *l;
	front->listeners = NULL;
	front->named = NULL;
	front->named_count = 0;
	settle_routes(config, l, want);
	if (!fronts_are_named(config))
		return front;
	settle_place(front);
	if ((want->tls == TLS_PASSTHROUGH || want->tls == TLS_REENCRYPT) &&
	    !protocol_has_tls(l->protocol))
		leave_tls_out(want);
	return front;
}

void fronts_config_free(struct config *front)
{
	if (front == NULL)
		return;
	free(front->haproxy.sni_routes);
	free(front);
}
