#include "plan/consistency.h"

#include "plan/endpoint.h"
#include "plan/model.h"
#include "plan/sizing.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum { PORT_HIGHEST = 65535 };

struct findings {
	FILE *out;
	size_t refused;
};

PRINTF_LIKE(2, 3) static void refuse(struct findings *f, const char *fmt, ...)
{
	va_list args;

	f->refused++;
	fputs("refused: ", f->out);
	va_start(args, fmt);
	vfprintf(f->out, fmt, args);
	va_end(args);
	fputc('\n', f->out);
}

PRINTF_LIKE(2, 3) static void warn(struct findings *f, const char *fmt, ...)
{
	va_list args;

	fputs("warning: ", f->out);
	va_start(args, fmt);
	vfprintf(f->out, fmt, args);
	va_end(args);
	fputc('\n', f->out);
}

static bool overlap(const struct haproxy_ports *a, const struct haproxy_ports *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static bool within(const struct haproxy_ports *inner, const struct haproxy_ports *outer)
{
	return inner->first >= outer->first && inner->last <= outer->last;
}

/* The ports of a node that HAProxy's listeners lead to. */
static struct haproxy_ports reached(const struct haproxy_plan *plan)
{
	if (plan->port_map == PORT_MAP_FIXED)
		return (struct haproxy_ports){ plan->node_ports.first, plan->node_ports.first };
	return (struct haproxy_ports){ plan->listen.first + plan->port_offset,
				       plan->listen.last + plan->port_offset };
}

static void check_words(const struct haproxy_plan *plan, struct findings *f)
{
	const char *mistake = endpoint_host_mistake(plan->listen_host);

	if (mistake != NULL)
		refuse(f, "HAProxy's listen host \"%s\": %s", plan->listen_host, mistake);
	for (size_t i = 0; i < plan->node_count; i++) {
		const struct haproxy_node *node = &plan->nodes[i];

		mistake = model_node_name_mistake(node->name);
		if (mistake != NULL)
			refuse(f, "node \"%s\": %s", node->name, mistake);
		mistake = endpoint_host_mistake(node->host);
		if (mistake != NULL)
			refuse(f, "node %s: host \"%s\": %s", node->name, node->host, mistake);
		else if (endpoint_is_every_address(node->host))
			refuse(f,
			       "node %s: host \"%s\" stands for every address, HAProxy needs "
			       "the one that it connects to: give the node's own address",
			       node->name, node->host);
	}
}

static void check_pair(const struct haproxy_node *a, const struct haproxy_node *b,
		       struct findings *f)
{
	if (strcmp(a->name, b->name) == 0)
		refuse(f, "two nodes have the name %s: give each node a name of its own", a->name);
	if (endpoint_same_host(a->host, b->host))
		refuse(f,
		       "nodes %s and %s have the same address %s, and as every node listens on "
		       "the same ports they would be one node counted twice: give each an "
		       "address of its own (on one machine 127.0.0.2, 127.0.0.3 and so on)",
		       a->name, b->name, a->host);
}

static void check_nodes(const struct haproxy_plan *plan, struct findings *f)
{
	if (plan->node_count == 0)
		refuse(f, "there is no node to send clients to: name them in the configuration "
			  "(haproxy.nodes) or with --node NAME=HOST:HTTP-PORT");
	for (size_t i = 0; i < plan->node_count; i++) {
		for (size_t j = 0; j < i; j++)
			check_pair(&plan->nodes[j], &plan->nodes[i], f);
		if (endpoint_host_mistake(plan->nodes[i].host) == NULL &&
		    !endpoint_is_address(plan->nodes[i].host))
			warn(f,
			     "node %s is given by name (%s): HAProxy asks for its address once, "
			     "when it starts, and does not start when there is none",
			     plan->nodes[i].name, plan->nodes[i].host);
	}
}

static void check_count(const struct haproxy_plan *plan, struct findings *f)
{
	if (!plan->count_is_missing)
		return;
	if (plan->has_config)
		refuse(f,
		       "gateway.port_count is 0: the nodes ask the cluster how many ports they need, "
		       "which HAProxy can't: give port_count in the configuration, or the "
		       "range with --listen HOST:FIRST-LAST");
	else
		refuse(f, "the number of ports is not known: give the range with --listen "
			  "HOST:FIRST-LAST (FIRST-FIRST for one port), or a configuration "
			  "file with port_count");
}

static void check_node_ports(const struct haproxy_plan *plan, struct findings *f)
{
	struct haproxy_ports to = reached(plan);

	if (to.first < 1 || to.last > PORT_HIGHEST) {
		refuse(f,
		       "HAProxy's ports %d-%d lead to the nodes' ports %d-%d, and a port is a "
		       "number from 1 to 65535: move port_start or the listen port",
		       plan->listen.first, plan->listen.last, to.first, to.last);
		return;
	}
	for (size_t i = 0; i < plan->node_count; i++) {
		int http = plan->nodes[i].http_port;
		struct haproxy_ports one = { http, http };

		if (http < 1 || http > PORT_HIGHEST)
			refuse(f, "node %s: HTTP port %d: a port is a number from 1 to 65535",
			       plan->nodes[i].name, http);
		else if (overlap(&one, &to) || overlap(&one, &plan->node_ports))
			refuse(f,
			       "node %s: HTTP port %d is one of its Kafka ports, where no health "
			       "check gets an answer, so HAProxy would take every node for dead: "
			       "give the port of the node's HTTP API",
			       plan->nodes[i].name, http);
	}
	if (!within(&to, &plan->node_ports))
		warn(f,
		     "HAProxy's ports %d-%d lead to the nodes' ports %d-%d, but the nodes listen "
		     "on %d-%d: a client on a port without a listener is refused by every node",
		     plan->listen.first, plan->listen.last, to.first, to.last,
		     plan->node_ports.first, plan->node_ports.last);
}

/* HAProxy must not reach itself, nor want a port that a node here has. */
static void check_loop(const struct haproxy_plan *plan, struct findings *f)
{
	struct haproxy_ports to = reached(plan);
	bool everywhere = endpoint_is_every_address(plan->listen_host);

	if (!overlap(&plan->listen, &to))
		return;
	for (size_t i = 0; i < plan->node_count; i++) {
		const struct haproxy_node *node = &plan->nodes[i];

		if (endpoint_is_every_address(node->host))
			continue; /* refused as such */
		if (endpoint_same_host(plan->listen_host, node->host))
			refuse(f,
			       "node %s has HAProxy's own address %s and the same ports, so "
			       "HAProxy would connect to itself: give HAProxy another address or "
			       "other ports",
			       node->name, node->host);
		else if (everywhere && endpoint_is_loopback(node->host))
			refuse(f,
			       "node %s is on this machine (%s), and HAProxy listens for clients "
			       "on every address of it (%s) with the same ports: give HAProxy "
			       "one address with --listen",
			       node->name, node->host, plan->listen_host);
	}
}

static void check_advertised(const struct haproxy_plan *plan, struct findings *f)
{
	if (!plan->has_config)
		return;
	if (!within(&plan->advertised, &plan->listen))
		warn(f,
		     "clients are told the ports %d-%d, but HAProxy listens on %d-%d: unless "
		     "something in front of HAProxy translates them, set advertised_listener, "
		     "or --listen, so that the first cover",
		     plan->advertised.first, plan->advertised.last, plan->listen.first,
		     plan->listen.last);
	if (endpoint_is_address(plan->listen_host) && endpoint_is_address(plan->advertised_host) &&
	    !endpoint_is_every_address(plan->listen_host) &&
	    !endpoint_same_host(plan->listen_host, plan->advertised_host))
		warn(f,
		     "clients are told the address %s, but HAProxy listens on %s: they must be "
		     "the same unless something in front of HAProxy translates them",
		     plan->advertised_host, plan->listen_host);
	else if (endpoint_is_loopback(plan->listen_host) &&
		 !endpoint_is_loopback(plan->advertised_host))
		warn(f,
		     "clients are told the host %s, but HAProxy listens on the loopback address "
		     "%s, which no other machine reaches",
		     plan->advertised_host, plan->listen_host);
	if (plan->internal_load_balancing)
		warn(f, "internal load balancing is on: the nodes tell clients to come to them "
			"directly, past HAProxy; set internal_load_balancing to false (in the "
			"environment GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING)");
}

static void check_proxy_header(const struct haproxy_plan *plan, struct findings *f)
{
	if (plan->connections_an_address > 0 && !plan->sends_proxy_header)
		refuse(f,
		       "gateway.limits.connections_per_address is %d, but to the nodes every connection "
		       "comes from HAProxy's address, so that many clients is all they would "
		       "take: set proxy_protocol to \"require\", or the limit to 0",
		       plan->connections_an_address);
	if (!plan->sends_proxy_header || !plan->proxy_trusts_loopback_only)
		return;
	for (size_t i = 0; i < plan->node_count; i++) {
		if (!endpoint_is_loopback(plan->nodes[i].host)) {
			warn(f,
			     "node %s gets PROXY headers but believes them only from its own "
			     "machine, and closes connections that bring one from elsewhere: put "
			     "HAProxy's address into proxy_trusted",
			     plan->nodes[i].name);
			return;
		}
	}
}

static void check_stats_page(const struct haproxy_plan *plan, struct findings *f)
{
	struct haproxy_ports page = { plan->stats_port, plan->stats_port };

	if (plan->stats_host == NULL)
		return;
	if (!endpoint_is_loopback(plan->stats_host))
		refuse(f,
		       "the statistics page on %s could be read by anybody, as it has no "
		       "password: give a loopback address, as 127.0.0.1:%d, and look at it "
		       "through a tunnel",
		       plan->stats_host, plan->stats_port);
	else if (overlap(&page, &plan->listen) &&
		 (endpoint_same_host(plan->stats_host, plan->listen_host) ||
		  endpoint_is_every_address(plan->listen_host)))
		refuse(f,
		       "the statistics page's port %d is one of the clients' ports %d-%d: HAProxy "
		       "would listen twice and the kernel would spread connections over both; "
		       "give the page another port",
		       plan->stats_port, plan->listen.first, plan->listen.last);
}

static void check_stickiness(const struct haproxy_plan *plan, struct findings *f)
{
	int ports = model_port_count(&plan->listen);

	if (plan->stickiness == STICKINESS_SOURCE && plan->balance == BALANCE_SOURCE)
		warn(f, "--balance source keeps a client address on its node already, and without "
			"a table: leave --stickiness source out");
	if (plan->stickiness != STICKINESS_PORT || plan->node_count < 2)
		return;
	if (ports == 1)
		refuse(f, "with --stickiness port and a single port every client would go to the "
			  "same node: choose source or client-id");
	else if ((size_t)ports < plan->node_count)
		warn(f,
		     "--stickiness port has %d ports for %zu nodes: at least %zu nodes get no "
		     "client",
		     ports, plan->node_count, plan->node_count - (size_t)ports);
}

static void check_sizes(const struct haproxy_plan *plan, struct findings *f)
{
	struct sizing s = model_sizing(plan);
	struct haproxy_ports to = reached(plan);
	int nodes_take = model_connections_of_nodes(plan);
	int from_here = sizing_source_ports(model_port_count(&to));

	if (s.connections == 0)
		refuse(f,
		       "not one client fits into %d descriptors, as HAProxy needs %d for itself: "
		       "raise --fd-limit (and ulimit -n where HAProxy runs)",
		       plan->fd_limit, s.descriptors);
	else if (s.descriptors > plan->fd_limit)
		refuse(f,
		       "--maxconn %d needs %d descriptors, more than the %d of --fd-limit, and "
		       "HAProxy would not start: lower the one or raise the other (it is ulimit "
		       "-n where HAProxy runs)",
		       s.connections, s.descriptors, plan->fd_limit);
	if (nodes_take > 0 && s.connections > nodes_take)
		warn(f,
		     "HAProxy takes %d clients, but the nodes together only %d "
		     "(gateway.limits.connections): the rest is refused by the nodes",
		     s.connections, nodes_take);
	if (s.connections > from_here)
		warn(f,
		     "with one node left, HAProxy would need %d source ports towards it and has "
		     "%d (net.ipv4.ip_local_port_range): advertise more ports, or widen that range",
		     s.connections, from_here);
}

static void check_timeouts(const struct haproxy_plan *plan, struct findings *f)
{
	if (plan->idle_timeout_ms > INT_MAX - 60 * 1000)
		refuse(f,
		       "gateway.timeouts.idle is too long: HAProxy's timeouts, which must be a minute "
		       "longer, end at 24 days");
}

size_t consistency_check(const struct haproxy_plan *plan, FILE *out)
{
	struct findings f = { .out = out };

	check_words(plan, &f);
	check_nodes(plan, &f);
	check_count(plan, &f);
	check_proxy_header(plan, &f);
	check_timeouts(plan, &f);
	if (plan->count_is_missing)
		return f.refused;
	if (plan->listen.last > PORT_HIGHEST) {
		refuse(&f, "HAProxy's ports %d-%d go beyond 65535: begin lower or take fewer ports",
		       plan->listen.first, plan->listen.last);
		return f.refused;
	}
	check_node_ports(plan, &f);
	check_loop(plan, &f);
	check_advertised(plan, &f);
	check_stats_page(plan, &f);
	check_stickiness(plan, &f);
	check_sizes(plan, &f);
	return f.refused;
}
