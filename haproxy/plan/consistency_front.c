/* What clients reach, what they are told, and what else listens beside it. */
#include "plan/consistency_parts.h"
#include "plan/endpoint.h"

#include <string.h>

/* HAProxy must not reach itself, nor want a port that a node here has. */
void consistency_loop(const struct haproxy_plan *plan, const struct haproxy_plan *to,
		      struct findings *f)
{
	const struct config *c = plan->config;
	struct haproxy_ports reached = consistency_reached(to);
	bool everywhere = endpoint_is_every_address(plan->listen_host);

	if (!consistency_overlap(&plan->listen, &reached))
		return;
	for (size_t i = 0; i < c->node_count; i++) {
		const struct config_node *node = &c->nodes[i];

		if (endpoint_is_every_address(node->host))
			continue; /* refused as such */
		if (endpoint_same_host(plan->listen_host, node->host))
			findings_refuse(
				f,
				"node %s has HAProxy's own address %s and the same ports, so "
				"HAProxy would connect to itself: give HAProxy another "
				"address or other ports",
				node->name, node->host);
		else if (everywhere && endpoint_is_loopback(node->host))
			findings_refuse(f,
					"node %s is on this machine (%s), and HAProxy listens for "
					"clients on every address of it (%s) with the same ports: "
					"give HAProxy one address with --listen",
					node->name, node->host, plan->listen_host);
	}
}

static void check_advertised(const struct haproxy_plan *plan, struct findings *f)
{
	const char *host = plan->listener->advertised_host;
	const char *listen = plan->listen_host;

	if (!consistency_within(&plan->advertised, &plan->listen))
		findings_warn(f,
			      "clients are told the ports %d-%d, but HAProxy listens on %d-%d: "
			      "unless something in front of HAProxy translates them, set "
			      "%s, so that the first cover",
			      plan->advertised.first, plan->advertised.last, plan->listen.first,
			      plan->listen.last,
			      plan->name != NULL ? "the listener's ports, or --front"
						 : "advertised_listener, or --listen");
	if (endpoint_is_address(listen) && endpoint_is_address(host) &&
	    !endpoint_is_every_address(listen) && !endpoint_same_host(listen, host))
		findings_warn(f,
			      "clients are told the address %s, but HAProxy listens on %s: they "
			      "must be the same unless something in front of HAProxy translates "
			      "them",
			      host, listen);
	else if (endpoint_is_loopback(listen) && !endpoint_is_loopback(host))
		findings_warn(f,
			      "clients are told the host %s, but HAProxy listens on the loopback "
			      "address %s, which no other machine reaches",
			      host, listen);
	if (plan->listener->internal_load_balancing)
		findings_warn(f,
			      "internal load balancing is on: the nodes tell clients to come to "
			      "them directly, past HAProxy; set internal_load_balancing to false "
			      "(in the environment GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING)");
}

/* Ports are kept, and the nodes are not told that they are. */
static void check_port_hint(const struct haproxy_plan *plan, struct findings *f)
{
	if (model_port_is_the_hint(plan) && !plan->listener->port_is_hint)
		findings_warn(
			f,
			"HAProxy keeps the port that a client asks for, and the nodes do not "
			"know that it does: who asks each broker for its groups and adds up, as "
			"exporters do, gets all brokers' from each; set port_is_hint to true (in "
			"the environment GATEWAY_PORT_IS_HINT)");
}

/* --- PROXY headers -------------------------------------------------------- */

static bool is_loopback_net(const struct config_net *net)
{
	if (IN6_IS_ADDR_V4MAPPED(&net->addr))
		return net->addr.s6_addr[12] == 127 && net->bits >= 96 + 8;
	return IN6_IS_ADDR_LOOPBACK(&net->addr) && net->bits == 128;
}

static bool trusts_loopback_only(const struct config *config)
{
	for (size_t i = 0; i < config->proxy_trusted_count; i++) {
		if (!is_loopback_net(&config->proxy_trusted[i]))
			return false;
	}
	return true;
}

static void check_trust(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config *c = plan->config;

	if (!plan->sends_proxy_header || !trusts_loopback_only(c))
		return;
	for (size_t i = 0; i < c->node_count; i++) {
		if (!endpoint_is_loopback(c->nodes[i].host)) {
			findings_warn(f,
				      "node %s gets PROXY headers but believes them only from its "
				      "own machine, and closes connections that bring one from "
				      "elsewhere: put HAProxy's address into proxy_trusted",
				      c->nodes[i].name);
			return;
		}
	}
}

static void check_proxy_header(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config *c = plan->config;

	if (!plan->has_config)
		return;
	if (c->haproxy.proxy_header == PROXY_HEADER_OFF &&
	    plan->listener->proxy_protocol == PROXY_REQUIRE)
		findings_refuse(f,
				"--proxy-header off, but gateway.proxy_protocol is \"require\": "
				"the nodes would close every connection; leave --proxy-header at "
				"auto, or set proxy_protocol to \"off\"");
	if (c->haproxy.proxy_header == PROXY_HEADER_V2 &&
	    plan->listener->proxy_protocol == PROXY_OFF)
		findings_refuse(f,
				"--proxy-header v2, but gateway.proxy_protocol is \"off\": the "
				"nodes would take the header for the size of a request of 218 MB "
				"and close; set proxy_protocol to \"require\"");
	if (c->max_connections_per_address > 0 && !plan->sends_proxy_header)
		findings_refuse(
			f,
			"gateway.limits.connections_per_address is %d, but to the nodes "
			"every connection comes from HAProxy's address, so that many "
			"clients is all they would take: set proxy_protocol to \"require\", "
			"or the limit to 0",
			c->max_connections_per_address);
	check_trust(plan, f);
}

static void check_accept_proxy(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	for (size_t i = 0; i < want->accept_proxy_count; i++) {
		unsigned bits = want->accept_proxy[i].bits;
		bool v4 = IN6_IS_ADDR_V4MAPPED(&want->accept_proxy[i].addr) && bits >= 96;

		if (bits == 0 || (v4 && bits == 96))
			findings_warn(f,
				      "--accept-proxy believes PROXY headers of anybody, so every "
				      "client can say that it is another one: give the addresses "
				      "of what is in front of HAProxy");
	}
}

void consistency_front(const struct haproxy_plan *plan, struct findings *f)
{
	const char *mistake = endpoint_host_mistake(plan->listen_host);

	if (mistake != NULL)
		findings_refuse(f, "HAProxy's listen host \"%s\": %s", plan->listen_host, mistake);
	check_proxy_header(plan, f);
	check_accept_proxy(plan, f);
}

/* --- what else listens ---------------------------------------------------- */

/* Something with a host and a port of its own, beside the clients' listeners. */
struct side_door {
	const char *what; /* "the statistics page" */
	struct endpoint at;
};

static void check_against_clients(const struct haproxy_plan *plan, const struct side_door *l,
				  struct findings *f)
{
	struct haproxy_ports port = { l->at.first, l->at.first };

	if (consistency_overlap(&port, &plan->listen) &&
	    consistency_same_place(l->at.host, plan->listen_host))
		findings_refuse(f,
				"%s's port %d is one of the clients' ports %d-%d: HAProxy would "
				"listen twice and the kernel would spread connections over both; "
				"give it another port",
				l->what, l->at.first, plan->listen.first, plan->listen.last);
}

/* False: nothing listens there, or it was refused. */
static bool read_listener(const char *what, const char *flag, const char *text, struct side_door *l,
			  struct findings *f)
{
	const char *mistake;

	*l = (struct side_door){ .what = what };
	if (text == NULL)
		return false;
	mistake = endpoint_parse(text, &l->at);
	if (mistake == NULL && (l->at.first == 0 || l->at.is_range))
		mistake = "it has one host and one port: HOST:PORT";
	if (mistake == NULL)
		return true;
	findings_refuse(f, "%s %s: %s", flag, text, mistake);
	return false;
}

static void check_page(const struct side_door *page, struct findings *f)
{
	if (!endpoint_is_loopback(page->at.host))
		findings_refuse(
			f,
			"the statistics page on %s could be read by anybody, as it has no "
			"password: give a loopback address, as 127.0.0.1:%d, and look at it "
			"through a tunnel",
			page->at.host, page->at.first);
}

static void check_pages(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	struct side_door page, metrics;
	bool has_page =
		read_listener("the statistics page", "--stats-page", want->stats_page, &page, f);
	bool has_metrics =
		read_listener("the metrics page", "--metrics", want->metrics, &metrics, f);

	if (has_page)
		check_page(&page, f);
	if (has_page && endpoint_is_loopback(page.at.host))
		check_against_clients(plan, &page, f);
	if (has_metrics)
		check_against_clients(plan, &metrics, f);
	if (has_page && has_metrics && page.at.first == metrics.at.first &&
	    !endpoint_same_host(page.at.host, metrics.at.host) &&
	    consistency_same_place(page.at.host, metrics.at.host))
		findings_refuse(f,
				"--stats-page and --metrics overlap on port %d: give both the same "
				"address, or another port to one",
				page.at.first);
	for (size_t i = 0; i < want->peer_count; i++) {
		const struct config_peer *peer = &want->peers[i];
		struct side_door l = { "a peer", { peer->host, peer->port, peer->port, false } };

		if (want->local_peer != NULL && strcmp(peer->name, want->local_peer) == 0)
			check_against_clients(plan, &l, f);
	}
	endpoint_deinit(&page.at);
	endpoint_deinit(&metrics.at);
}

void consistency_front_ports(const struct haproxy_plan *plan, struct findings *f)
{
	consistency_loop(plan, plan, f);
	if (plan->has_config) {
		check_advertised(plan, f);
		check_port_hint(plan, f);
	}
	if (plan->config->haproxy.accept_proxy_count > 0 && plan->port_map != PORT_MAP_FIXED)
		findings_warn(f,
			      "with --accept-proxy a node's port follows from the port in the "
			      "PROXY header: what is in front of HAProxy must have clients on the "
			      "same ports as HAProxy");
	check_pages(plan, f);
}
