/* Who the nodes are: names, addresses, ports, racks, or a name in the DNS. */
#include "plan/consistency_parts.h"
#include "plan/endpoint.h"

#include <string.h>

enum { PORT_HIGHEST = 65535 };

/* What HAProxy takes as it stands, wherever a rack is written. */
static const char rack_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789._-";

static void check_pair(const struct config_node *a, const struct config_node *b, struct findings *f)
{
	if (strcmp(a->name, b->name) == 0)
		findings_refuse(f, "two nodes have the name %s: give each node a name of its own",
				a->name);
	if (endpoint_same_host(a->host, b->host))
		findings_refuse(f,
				"nodes %s and %s have the same address %s, and as every node "
				"listens on the same ports they would be one node counted twice: "
				"give each an address of its own (on one machine 127.0.0.2, "
				"127.0.0.3 and so on)",
				a->name, b->name, a->host);
}

static void check_node(const struct config_node *node, struct findings *f)
{
	const char *mistake = model_name_mistake(node->name);

	if (mistake != NULL)
		findings_refuse(f, "node \"%s\": %s", node->name, mistake);
	mistake = endpoint_host_mistake(node->host);
	if (mistake != NULL)
		findings_refuse(f, "node %s: host \"%s\": %s", node->name, node->host, mistake);
	else if (endpoint_is_every_address(node->host))
		findings_refuse(f,
				"node %s: host \"%s\" stands for every address, HAProxy needs the "
				"one that it connects to: give the node's own address",
				node->name, node->host);
	else if (!endpoint_is_address(node->host))
		findings_warn(f,
			      "node %s is given by name (%s): HAProxy asks for its address once, "
			      "when it starts, and does not start when there is none; --discover "
			      "asks again and again",
			      node->name, node->host);
}

static void check_racks(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config *c = plan->config;
	size_t here = 0, somewhere = 0;

	for (size_t i = 0; i < c->node_count; i++) {
		here += !model_is_backup(plan, &c->nodes[i]);
		somewhere += c->nodes[i].rack != NULL;
	}
	if (c->haproxy.rack == NULL)
		return;
	if (model_tells_zone(plan) && c->haproxy.rack[strspn(c->haproxy.rack, rack_letters)] != 0)
		findings_refuse(f,
				"--rack \"%s\": HAProxy tells it to the nodes, and can do so of "
				"letters, digits, '.', '_' and '-' only",
				c->haproxy.rack);
	if (c->follower_reads && !model_tells_zone(plan) && plan->listener->zone != NULL &&
	    strcmp(plan->listener->zone, c->haproxy.rack) != 0)
		findings_warn(
			f,
			"--rack %s, but the nodes take who comes by these ports of theirs for "
			"a client in zone %s (the listener's): it reads from followers there",
			c->haproxy.rack, plan->listener->zone);
	if (somewhere == 0)
		findings_refuse(f,
				"--rack %s, but no node says its rack: give it behind an @, as in "
				"--node n1=10.0.0.1:8888@%s, or leave --rack out",
				c->haproxy.rack, c->haproxy.rack);
	else if (here == 0)
		findings_refuse(f,
				"no node is in rack %s, so all would be backups and there is "
				"nothing to prefer: give the rack that HAProxy is in, or leave "
				"--rack out",
				c->haproxy.rack);
	else if (somewhere < c->node_count)
		findings_warn(f,
			      "%zu nodes do not say their rack and count as being in another one "
			      "than HAProxy",
			      c->node_count - somewhere);
}

static void check_discovery(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	const char *mistake = endpoint_host_mistake(want->discover);
	struct version since = version_since(VERSION_HASH_KEY);
	char here[VERSION_TEXT_MAX], there[VERSION_TEXT_MAX];

	if (mistake != NULL)
		findings_refuse(f, "--discover \"%s\": %s", want->discover, mistake);
	else if (endpoint_is_address(want->discover) || endpoint_is_every_address(want->discover))
		findings_refuse(
			f,
			"--discover %s is an address and not a name to ask the DNS for: give "
			"the nodes with --node",
			want->discover);
	if (plan->config->node_count > 0)
		findings_refuse(f, "--discover and nodes by name (haproxy.nodes, --node) say twice "
				   "who the nodes are: leave one of them out");
	if (want->rack != NULL)
		findings_refuse(f, "--rack with --discover: the DNS does not tell in which rack an "
				   "address is; name the nodes with their racks, or leave --rack "
				   "out");
	if (want->balance == BALANCE_HASH && !model_hashes_by_address(plan))
		findings_refuse(
			f,
			"--balance hash with --discover: a slot gets another address when "
			"the DNS answers anew, and the hash of HAProxy %s knows slots, so "
			"clients would move; HAProxy %s knows addresses (--for %s), or take "
			"--balance leastconn, whose table remembers them",
			version_print(&plan->version, here), version_print(&since, there), there);
}

void consistency_nodes(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config *c = plan->config;

	if (c->haproxy.discover != NULL)
		check_discovery(plan, f);
	else if (c->haproxy.dns_servers != NULL)
		findings_refuse(f, "--dns-server without --discover: there is no name to ask for; "
				   "give one, or leave --dns-server out");
	else if (c->node_count == 0)
		findings_refuse(f,
				"there is no node to send clients to: name them in the "
				"configuration (haproxy.nodes), with --node NAME=HOST:HTTP-PORT, "
				"or give the DNS name they share with --discover");
	for (size_t i = 0; i < c->node_count; i++) {
		for (size_t j = 0; j < i; j++)
			check_pair(&c->nodes[j], &c->nodes[i], f);
		check_node(&c->nodes[i], f);
	}
	if (c->haproxy.discover == NULL && c->node_count > 0)
		check_racks(plan, f);
}

/* `whose` names the node, or all of them. */
static void check_http_port(const struct haproxy_plan *plan, const char *whose, int http,
			    struct findings *f)
{
	struct haproxy_ports to = consistency_reached(plan);
	struct haproxy_ports one = { http, http };
	int agent = model_agent_port(plan);
	struct haproxy_ports asked = { agent, agent };

	if (http < 1 || http > PORT_HIGHEST)
		findings_refuse(f, "%s: HTTP port %d: a port is a number from 1 to 65535", whose,
				http);
	else if (consistency_overlap(&one, &to) || consistency_overlap(&one, &plan->node_ports))
		findings_refuse(f,
				"%s: HTTP port %d is one of its Kafka ports, where no health check "
				"gets an answer, so HAProxy would take every node for dead: give "
				"the port of the node's HTTP API",
				whose, http);
	if (agent != 0 && agent == http)
		findings_refuse(f,
				"%s: --agent-port %d is its HTTP port, where the agent does not "
				"answer: give the port of gateway.agent_port",
				whose, agent);
	else if (agent != 0 && consistency_overlap(&asked, &plan->node_ports))
		findings_refuse(f,
				"%s: --agent-port %d is one of its Kafka ports: give the port of "
				"gateway.agent_port",
				whose, agent);
}

void consistency_node_ports(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config *c = plan->config;
	struct haproxy_ports to = consistency_reached(plan);
	char whose[80];

	if (to.first < 1 || to.last > PORT_HIGHEST) {
		findings_refuse(f,
				"HAProxy's ports %d-%d lead to the nodes' ports %d-%d, and a port "
				"is a number from 1 to 65535: move port_start or the listen port",
				plan->listen.first, plan->listen.last, to.first, to.last);
		return;
	}
	for (size_t i = 0; i < c->node_count; i++) {
		snprintf(whose, sizeof whose, "node %s", c->nodes[i].name);
		check_http_port(plan, whose, model_http_port(plan, &c->nodes[i]), f);
	}
	if (c->haproxy.discover != NULL)
		check_http_port(plan, "every node", model_http_port(plan, NULL), f);
	if (plan->has_config && c->haproxy.agent_port != 0 &&
	    c->agent_port != c->haproxy.agent_port)
		findings_warn(f,
			      "HAProxy asks the nodes' agent at port %d, but gateway.agent_port is "
			      "%d: an agent that does not answer changes nothing",
			      c->haproxy.agent_port, c->agent_port);
	if (!consistency_within(&to, &plan->node_ports))
		findings_warn(f,
			      "HAProxy's ports %d-%d lead to the nodes' ports %d-%d, but the nodes "
			      "listen on %d-%d: a client on a port without a listener is refused "
			      "by every node",
			      plan->listen.first, plan->listen.last, to.first, to.last,
			      plan->node_ports.first, plan->node_ports.last);
}
