#include "plan/render.h"

#include "plan/cfgtext.h"
#include "plan/model.h"
#include "plan/sizing.h"
#include "plan/stickiness.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	/* Clients close what is idle for connections.max.idle.ms; Java's is the longest. */
	CLIENTS_IDLE = 9 * MINUTE,
};

#define WHY(...) cfgtext_why(out, __VA_ARGS__)
#define LINE(...) cfgtext_line(out, __VA_ARGS__)

static void write_host(FILE *out, const char *host)
{
	fprintf(out, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

static void write_ports(FILE *out, const struct haproxy_ports *ports)
{
	if (ports->first == ports->last)
		fprintf(out, "%d", ports->first);
	else
		fprintf(out, "%d-%d", ports->first, ports->last);
}

/* HAProxy takes a number without a unit for milliseconds: always write one. */
static void write_time(FILE *out, int ms)
{
	if (ms % MINUTE == 0)
		fprintf(out, "%dm", ms / MINUTE);
	else if (ms % SECOND == 0)
		fprintf(out, "%ds", ms / SECOND);
	else
		fprintf(out, "%dms", ms);
}

static void write_head(const struct haproxy_plan *plan, FILE *out)
{
	cfgtext_head(out,
		     "Made by `anyportctl haproxy generate`: do not edit, change the gateway's "
		     "configuration or the command's flags and make it anew.");
	fputs("#\n# Kafka clients -> HAProxy ", out);
	write_host(out, plan->listen_host);
	fputc(':', out);
	write_ports(out, &plan->listen);
	fprintf(out, " -> %zu gateway node%s, ", plan->node_count,
		plan->node_count == 1 ? "" : "s");
	switch (plan->port_map) {
	case PORT_MAP_SAME:
		fputs("on the port that the client used\n", out);
		break;
	case PORT_MAP_OFFSET:
		fprintf(out, "on the port that the client used %+d\n", plan->port_offset);
		break;
	case PORT_MAP_FIXED:
		fprintf(out, "on port %d\n", plan->node_ports.first);
		break;
	}
	cfgtext_head(out, "Any node answers any request on any port, so every connection may go to "
			  "any node.");
	fputs("#\n", out);
	cfgtext_head(out, "Before it is used: haproxy -c -dW -f FILE");
}

static void write_sizes(const struct haproxy_plan *plan, FILE *out)
{
	struct sizing s = model_sizing(plan);
	int nodes_take = model_connections_of_nodes(plan);
	int all = s.connections + s.spare;

	if (plan->maxconn > 0)
		WHY("%d clients, as asked for with --maxconn.", s.connections);
	else if (s.is_capped && nodes_take > 0)
		WHY("%d clients: the nodes take %d together (gateway.limits.connections), but more do not "
		    "fit into --fd-limit.",
		    s.connections, nodes_take);
	else if (s.is_capped)
		WHY("%d clients: as many as fit into --fd-limit.", s.connections);
	else if (nodes_take > 0)
		WHY("%d clients: what the nodes take together (gateway.limits.connections).",
		    s.connections);
	else
		WHY("%d clients: --maxconn says another number.", s.connections);
	if (plan->splice)
		WHY("At most %d descriptors: 2 x (%d clients + %d to spare), 2 x %d pipes, %d for "
		    "listeners, checks and threads. HAProxy must be allowed that many (ulimit "
		    "-n; here up to %d, --fd-limit) or it does not start.",
		    s.descriptors, s.connections, s.spare, s.pipes,
		    s.descriptors - 2 * all - 2 * s.pipes, plan->fd_limit);
	else
		WHY("At most %d descriptors: 2 x (%d clients + %d to spare), %d for listeners, "
		    "checks and threads. HAProxy must be allowed that many (ulimit -n; here up "
		    "to %d, --fd-limit) or it does not start.",
		    s.descriptors, s.connections, s.spare, s.descriptors - 2 * all, plan->fd_limit);
	LINE("maxconn %d", all);
	if (!plan->splice)
		return;
	WHY("For splice: one for four connections, as only those that move bytes need one; at "
	    "most 1024, as Linux gives no more at full size to an ordinary user "
	    "(fs.pipe-user-pages-soft). Without a pipe the bytes are copied.");
	LINE("maxpipes %d", s.pipes);
}

static void write_global(const struct haproxy_plan *plan, FILE *out)
{
	fputs("\nglobal\n", out);
	write_sizes(plan, out);
	WHY("After a reload the old process serves its connections on, and Kafka's live for "
	    "hours: close the last of them then. Clients reconnect by themselves.");
	LINE("hard-stop-after 30m");
	WHY("Under systemd this is the journal.");
	LINE("log stdout format raw local0 info");
	if (plan->user != NULL) {
		LINE("user %s", plan->user);
		LINE("group %s", plan->group);
	}
	if (plan->stats_socket != NULL) {
		LINE("stats socket %s mode 600 level admin expose-fd listeners",
		     plan->stats_socket);
		LINE("stats timeout 30s");
	}
}

/* Both sides alike: when one is shorter, it ends the connection for both. */
static void write_timeouts(const struct haproxy_plan *plan, FILE *out)
{
	bool clients_are_longer = plan->idle_timeout_ms < CLIENTS_IDLE;
	int base = clients_are_longer ? CLIENTS_IDLE : plan->idle_timeout_ms;

	WHY("A minute more than %s, so that HAProxy never is the one that closes: a consumer that "
	    "waits for its group to form is silent for minutes. No `timeout tunnel`, which would "
	    "take the place of both.",
	    clients_are_longer ? "clients keep idle connections (connections.max.idle.ms)"
			       : "the nodes keep idle connections (gateway.timeouts.idle)");
	fputs("    timeout client ", out);
	write_time(out, base + MINUTE);
	fputs("\n    timeout server ", out);
	write_time(out, base + MINUTE);
	fputc('\n', out);
	WHY("What a node that swallows packets costs each try.");
	LINE("timeout connect 3s");
	LINE("timeout check 2s");
	LINE("timeout queue 5s");
}

static void write_keepalive(FILE *out)
{
	WHY("A peer that vanished without a word is noticed after 60 + 6 x 10 seconds.");
	LINE("option clitcpka");
	LINE("clitcpka-idle 60s");
	LINE("clitcpka-intvl 10s");
	LINE("clitcpka-cnt 6");
	LINE("option srvtcpka");
	LINE("srvtcpka-idle 60s");
	LINE("srvtcpka-intvl 10s");
	LINE("srvtcpka-cnt 6");
}

static void write_defaults(const struct haproxy_plan *plan, FILE *out)
{
	fputs("\ndefaults kafka\n", out);
	LINE("mode tcp");
	LINE("log global");
	WHY("A line is written when a connection ends, and none for port probes.");
	LINE("option tcplog");
	LINE("option dontlognull");
	write_timeouts(plan, out);
	WHY("Try another node at once when one refuses. The 1 is for connections that stick to a "
	    "node: without it only their last try, seconds later, goes elsewhere.");
	LINE("option redispatch 1");
	LINE("retries 3");
	write_keepalive(out);
	if (!plan->splice)
		return;
	WHY("Move bytes inside the kernel: half of HAProxy's CPU time with Kafka's large batches. "
	    "Not splice-auto, which never does it here.");
	LINE("option splice-request");
	LINE("option splice-response");
}

static void write_frontend(const struct haproxy_plan *plan, FILE *out)
{
	struct sizing s = model_sizing(plan);

	fputs("\nfrontend " RENDER_FRONTEND " from kafka\n    bind ", out);
	write_host(out, plan->listen_host);
	fputc(':', out);
	write_ports(out, &plan->listen);
	fputc('\n', out);
	WHY("Refuse at once what could not be served: above maxconn a client would hang, unlogged, "
	    "until its own timeout, and without a node it would be accepted and then closed.");
	LINE("tcp-request connection reject if { fe_conn gt %d }", s.connections);
	LINE("tcp-request connection reject if { nbsrv(" RENDER_BACKEND ") lt 1 }");
	stickiness_write_inspection(plan->stickiness, out);
	LINE("default_backend " RENDER_BACKEND);
}

static void write_balance(const struct haproxy_plan *plan, FILE *out)
{
	switch (plan->balance) {
	case BALANCE_LEASTCONN:
		WHY("Connections live for hours: give the next one to the node that has the "
		    "fewest. Always written, as HAProxy 3.3 changed what it does without.");
		break;
	case BALANCE_ROUNDROBIN:
		WHY("Each node in turn, whatever it still has open.");
		break;
	case BALANCE_RANDOM:
		WHY("The less busy of two nodes drawn at random: for several HAProxies side by "
		    "side, none of which sees the connections of the others.");
		break;
	case BALANCE_SOURCE:
		WHY("A client address always goes to the same node; all clients behind one NAT "
		    "go to one node.");
		break;
	}
	LINE("balance %s", model_balance_name(plan->balance));
	if (plan->balance != BALANCE_SOURCE)
		return;
	WHY("When a node goes only its clients move; and slowstart works, which the default hash "
	    "ignores.");
	LINE("hash-type consistent");
}

static void write_check(const struct haproxy_plan *plan, FILE *out)
{
	WHY("A node is asked whether it is ready at its HTTP port: it says no until the cluster has "
	    "answered it, and from when it is told to stop.");
	if (plan->sends_proxy_header)
		WHY("No check-send-proxy: the HTTP port takes no PROXY header.");
	LINE("option httpchk");
	LINE("http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host anyport");
	LINE("http-check expect status 200");
}

static void write_default_server(const struct haproxy_plan *plan, FILE *out)
{
	WHY("slowstart: a node that comes back gets its share step by step, not every new "
	    "connection; it needs a weight to grow through.");
	WHY("No `on-marked-down shutdown-sessions`: a node that is stopping still finishes the "
	    "requests it has, and a node that died has lost its connections anyway.");
	LINE("default-server inter 2s fastinter 500ms downinter 1s fall 3 rise 2 weight 100 "
	     "slowstart 30s");
	if (plan->sends_proxy_header)
		WHY("send-proxy-v2: the nodes learn the client's address and the port it asked "
		    "for (%s).",
		    plan->node_requires_proxy_header
			    ? "proxy_protocol is \"require\": they take nothing without"
			    : "proxy_protocol is \"allow\"");
}

static void write_server(const struct haproxy_plan *plan, size_t index, FILE *out)
{
	const struct haproxy_node *node = &plan->nodes[index];

	fprintf(out, "    server %s ", node->name);
	write_host(out, node->host);
	if (plan->port_map == PORT_MAP_FIXED)
		fprintf(out, ":%d", plan->node_ports.first);
	else if (plan->port_map == PORT_MAP_OFFSET)
		fprintf(out, ":%+d", plan->port_offset);
	fprintf(out, " id %zu check port %d%s\n", index + 1, node->http_port,
		plan->sends_proxy_header ? " send-proxy-v2" : "");
}

static void write_backend(const struct haproxy_plan *plan, FILE *out)
{
	fputs("\nbackend " RENDER_BACKEND " from kafka\n", out);
	write_balance(plan, out);
	stickiness_write_table(plan->stickiness, out);
	write_check(plan, out);
	write_default_server(plan, out);
	if (plan->port_map == PORT_MAP_SAME)
		WHY("No port: the one that the client used.");
	else if (plan->port_map == PORT_MAP_OFFSET)
		WHY("%+d: added to the port that the client used.", plan->port_offset);
	WHY("id: keep a node's number, and add nodes at the end, so that hashes and runtime "
	    "commands mean the same node in the next file and on the next HAProxy.");
	for (size_t i = 0; i < plan->node_count; i++)
		write_server(plan, i, out);
}

static void write_stats_page(const struct haproxy_plan *plan, FILE *out)
{
	fputs("\ndefaults pages\n", out);
	LINE("mode http");
	LINE("timeout connect 3s");
	LINE("timeout client 30s");
	LINE("timeout server 30s");
	LINE("timeout http-request 5s");
	fputs("\nfrontend stats_page from pages\n    bind ", out);
	write_host(out, plan->stats_host);
	fprintf(out, ":%d\n", plan->stats_port);
	WHY("Out of what maxconn has to spare: the page answers when Kafka's part is full.");
	LINE("maxconn 20");
	LINE("stats enable");
	LINE("stats uri /");
	LINE("stats refresh 5s");
}

void render_plan(const struct haproxy_plan *plan, FILE *out)
{
	write_head(plan, out);
	write_global(plan, out);
	write_defaults(plan, out);
	write_frontend(plan, out);
	write_backend(plan, out);
	if (plan->stats_host != NULL)
		write_stats_page(plan, out);
}
