/* The nodes: who gets a client, how they are asked whether they live, where they are. */
#include "plan/render_parts.h"
#include "plan/stickiness.h"

#include <string.h>

static void write_hash(const struct haproxy_plan *plan, FILE *out)
{
	int factor = plan->config->haproxy.hash_balance_factor;

	stickiness_write_hash(plan, out);
	WHY("When a node goes only its clients move; and slowstart works, which the default hash "
	    "ignores.");
	LINE("hash-type consistent");
	if (model_hashes_by_address(plan)) {
		WHY("hash-key addr: a node is known by its address, not by its id, which HAProxy "
		    "3.0 to 3.2 hashed otherwise in some of their releases.");
		LINE("default-server hash-key addr");
	}
	if (factor == 0)
		return;
	WHY("No node takes more than %d %% of the mean; what is above goes to the next one.",
	    factor);
	LINE("hash-balance-factor %d", factor);
}

static void write_balance(const struct haproxy_plan *plan, FILE *out)
{
	switch (plan->config->haproxy.balance) {
	case BALANCE_LEASTCONN:
		WHY("Connections live for hours: give the next one to the node that has the "
		    "fewest. Always written, as HAProxy 3.3 changed what it does without.");
		LINE("balance leastconn");
		break;
	case BALANCE_ROUNDROBIN:
		WHY("Each node in turn, whatever it still has open.");
		LINE("balance roundrobin");
		break;
	case BALANCE_RANDOM:
		WHY("The less busy of two nodes drawn at random: for several HAProxies side by "
		    "side, none of which sees the connections of the others.");
		LINE("balance random");
		break;
	case BALANCE_HASH:
		write_hash(plan, out);
		break;
	}
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

static void write_health(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	bool shuts = want->on_marked_down == MARKED_DOWN_SHUTDOWN;
	char time[CFGTEXT_TIME_MAX];

	if (want->slowstart_ms > 0)
		WHY("slowstart: a node that comes back gets its share step by step, not every new "
		    "connection; it needs a weight to grow through.");
	if (shuts)
		WHY("on-marked-down: connections of a node whose checks fail are closed, also "
		    "those with a request in flight, and when it is set to maint.");
	else
		WHY("No `on-marked-down shutdown-sessions`: a node that is stopping still finishes "
		    "the requests it has, and a node that died has lost its connections anyway.");
	fputs("    default-server inter 2s fastinter 500ms downinter 1s fall 3 rise 2 weight 100",
	      out);
	if (want->slowstart_ms > 0)
		fprintf(out, " slowstart %s", cfgtext_time(time, want->slowstart_ms));
	fprintf(out, "%s\n", shuts ? " on-marked-down shutdown-sessions" : "");
	if (model_agent_port(plan) == 0)
		return;
	WHY("The nodes say how much they want, in percent of the weight: with HAProxy's own weight 1 "
	    "all below 100 %% would be nothing. An agent that does not answer changes nothing.");
	LINE("default-server agent-check agent-port %d agent-inter 5s", model_agent_port(plan));
}

/* What the checks of the HTTP port, which is by TLS, compare certificates with. */
static void write_check_tls(const struct haproxy_plan *plan, FILE *out)
{
	const char *ca = plan->config->http_ssl_ca;

	if (plan->config->http_ssl_certificate == NULL ||
	    plan->config->haproxy.tls == TLS_REENCRYPT)
		return;
	WHY("The HTTP port is by TLS, so the checks are; what clients send is not touched.");
	if (ca != NULL) {
		LINE("default-server check-ssl verify required ca-file %s", ca);
		return;
	}
	WHY("verify none: nothing tells who signs the nodes' HTTP certificates "
	    "(gateway.http_ssl_ca_location).");
	LINE("default-server check-ssl verify none");
}

/* The name a node is asked for is the name its certificate is compared with. */
static void write_node_tls(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	const char *name = want->node_tls_name;
	bool checks_too = plan->config->http_ssl_certificate != NULL;

	if (want->tls != TLS_REENCRYPT)
		return;
	WHY("TLS to the nodes, which are asked for %s%s. The checks of the HTTP port %s.",
	    name != NULL ? "one name, that their certificates must have"
			 : "the server name that the client asked for",
	    want->node_tls_certificate != NULL ? "; crt is what HAProxy shows them" : "",
	    checks_too ? "are by TLS too" : "stay plain");
	fputs("    default-server ssl", out);
	if (want->node_tls_verify)
		fprintf(out, " verify required ca-file %s", want->node_tls_ca);
	else
		fputs(" verify none", out);
	if (name != NULL)
		fprintf(out, " verifyhost %s sni str(%s)", name, name);
	else
		fputs(" sni ssl_fc_sni", out);
	if (want->node_tls_certificate != NULL)
		fprintf(out, " crt %s", want->node_tls_certificate);
	fputs(checks_too ? " check-ssl\n" : " no-check-ssl\n", out);
}

/* What of TLS goes along, "" when HAProxy does not end it. */
static const char *write_what_tls_told(const struct haproxy_plan *plan, FILE *out)
{
	if (!plan->ends_tls)
		return "";
	if (plan->config->haproxy.tls_client_auth == CLIENT_AUTH_NONE) {
		WHY("And that TLS was spoken, and the server name that was asked for.");
		return "ssl,authority";
	}
	WHY("And the server name that was asked for, and who the client is: cert-cn, the name in its "
	    "certificate; ssl, that it was verified. A node must believe that from here alone "
	    "(gateway.proxy_trusted), and it goes in the clear: over a network of your own.");
	return "ssl,cert-cn,authority,crc32c";
}

/* In the TLV that net/proxy.h of the gateway reads. */
static void write_zone(const struct haproxy_plan *plan, FILE *out)
{
	const char *rack = plan->config->haproxy.rack, *zone = plan->listener->zone;

	if (rack == NULL)
		return;
	if (model_tells_zone(plan)) {
		WHY("And that clients which do not say their rack are in this one: they read from "
		    "followers there (gateway.follower_reads).");
		LINE("default-server set-proxy-v2-tlv-fmt(0xE1) %s", rack);
	} else if (zone != NULL) {
		WHY("Nothing here tells the nodes in which rack HAProxy is: they take who comes by "
		    "these ports of theirs for a client in zone %s (the listener's), who reads from "
		    "followers there.",
		    zone);
	} else if (plan->sends_proxy_header) {
		WHY("HAProxy before 2.9 can't tell the nodes in which rack it is: where clients are to "
		    "read from followers there, give the nodes a listener for each rack, with its "
		    "zone and ports of its own (--listener), or gateway.zones.");
	}
}

static void write_proxy_header(const struct haproxy_plan *plan, FILE *out)
{
	const struct config *c = plan->config;
	const char *why = c->haproxy.proxy_header == PROXY_HEADER_V2 ? "--proxy-header v2"
			  : plan->listener->proxy_protocol == PROXY_REQUIRE
				  ? "proxy_protocol is \"require\": they take nothing without"
				  : "proxy_protocol is \"allow\"";
	const char *options;

	if (!plan->sends_proxy_header) {
		write_zone(plan, out);
		return;
	}
	WHY("send-proxy-v2: the nodes learn the client's address and the port it asked for (%s).",
	    why);
	options = write_what_tls_told(plan, out);
	LINE("default-server send-proxy-v2%s%s", options[0] != '\0' ? " proxy-v2-options " : "",
	     options);
	write_zone(plan, out);
}

static void write_port_map(const struct haproxy_plan *plan, FILE *out)
{
	if (plan->port_map == PORT_MAP_SAME)
		WHY("No port: the one that the client used.");
	else if (plan->port_map == PORT_MAP_OFFSET)
		WHY("%+d: added to the port that the client used.", plan->port_offset);
	if (model_port_is_the_hint(plan))
		WHY("By it a node knows which broker was dialled (gateway.port_is_hint = true), and who "
		    "asks each broker for its groups, as exporters do, gets that one's.");
}

/* --- who they are ---------------------------------------------------------- */

static void write_port(const struct haproxy_plan *plan, FILE *out)
{
	if (plan->port_map == PORT_MAP_FIXED)
		fprintf(out, ":%d", plan->node_ports.first);
	else if (plan->port_map == PORT_MAP_OFFSET)
		fprintf(out, ":%+d", plan->port_offset);
}

static void write_server(const struct haproxy_plan *plan, size_t index, FILE *out)
{
	const struct config_node *node = &plan->config->nodes[index];

	fprintf(out, "    server %s ", node->name);
	cfgtext_host(out, node->host);
	write_port(plan, out);
	fprintf(out, " id %zu check port %d%s\n", index + 1, model_http_port(plan, node),
		model_is_backup(plan, node) ? " backup" : "");
}

static void write_servers(const struct haproxy_plan *plan, FILE *out)
{
	const struct config *c = plan->config;

	if (c->haproxy.rack != NULL) {
		WHY("Nodes of rack %s first; when none is left, all of the others (without allbackups "
		    "only the first of them).",
		    c->haproxy.rack);
		LINE("option allbackups");
	}
	WHY("id: keep a node's number, and add nodes at the end, so that hashes and runtime "
	    "commands mean the same node in the next file and on the next HAProxy.");
	for (size_t i = 0; i < c->node_count; i++)
		write_server(plan, i, out);
}

static void write_slots(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	WHY("A slot for each address that the DNS has for this name; those to spare count as down. "
	    "init-addr none: HAProxy starts before the first node does.");
	if (model_waits_for_check(plan))
		WHY("init-state down: an address that is new gets clients once its first check is good, "
		    "not before. Nodes by name are better off without: a reload would refuse clients "
		    "until the first check.");
	LINE("default-server init-addr none resolvers " RENDER_RESOLVERS " resolve-prefer ipv4%s",
	     model_waits_for_check(plan) ? " init-state down" : "");
	fprintf(out, "    server-template node %d %s", want->discover_slots, want->discover);
	write_port(plan, out);
	fprintf(out, " check port %d\n", model_http_port(plan, NULL));
}

void render_backend(const struct haproxy_plan *plan, FILE *out)
{
	char name[RENDER_NAME_MAX];

	fprintf(out, "\nbackend %s from kafka\n", render_name(plan, RENDER_BACKEND, name));
	write_balance(plan, out);
	stickiness_write_table(plan, out);
	write_check(plan, out);
	write_health(plan, out);
	write_check_tls(plan, out);
	write_node_tls(plan, out);
	write_proxy_header(plan, out);
	write_port_map(plan, out);
	if (plan->config->haproxy.discover != NULL)
		write_slots(plan, out);
	else
		write_servers(plan, out);
}

/* --- where they are asked for ---------------------------------------------- */

static void write_nameservers(const char *servers, FILE *out)
{
	int number = 1;

	while (*servers != '\0') {
		size_t n = strcspn(servers, ",");

		LINE("nameserver dns%d %.*s", number++, (int)n, servers);
		servers += n + (servers[n] == ',');
	}
}

void render_resolvers(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (want->discover == NULL)
		return;
	fputs("\nresolvers " RENDER_RESOLVERS "\n", out);
	if (want->dns_servers != NULL)
		write_nameservers(want->dns_servers, out);
	else
		LINE("parse-resolv-conf");
	LINE("resolve_retries 3");
	LINE("timeout resolve 1s");
	LINE("timeout retry 1s");
	WHY("A node that is gone from the answers goes after 5 s.");
	LINE("hold valid 2s");
	LINE("hold obsolete 5s");
	LINE("hold nx 30s");
	WHY("Name servers that fail tell nothing about the nodes: by default half a minute of it takes "
	    "all of them down.");
	LINE("hold refused 1h");
	LINE("hold timeout 1h");
	LINE("hold other 1h");
	WHY("Many addresses do not fit into 512 bytes.");
	LINE("accepted_payload_size 8192");
}

/* --- tables that only count ------------------------------------------------ */

static void write_counters(const char *name, const char *type, int most, int rate, FILE *out)
{
	if (most == 0 && rate == 0)
		return;
	fprintf(out, "\nbackend %s from kafka\n", name);
	WHY("Counts for the limit above; each HAProxy counts its own.");
	LINE("stick-table type %s size 100k expire 10m store %s%s%s", type,
	     most > 0 ? "conn_cur" : "", most > 0 && rate > 0 ? "," : "",
	     rate > 0 ? "conn_rate(10s)" : "");
}

void render_limits(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	write_counters(RENDER_LIMIT_SOURCE, "ipv6", want->limit_source, want->limit_source_rate,
		       out);
	write_counters(RENDER_LIMIT_CLIENT_ID, "string len 64", want->limit_client_id,
		       want->limit_client_id_rate, out);
}
