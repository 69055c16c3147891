/* Whether the haproxy.cfg and the gateway's configuration mean the same thing. */
#include "rules/look.h"

#include "config/config.h"
#include "plan/endpoint.h"
#include "rules/kafka_way.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 65536, MINUTE_MS = 60000 };

/* --- what the gateway says --------------------------------------------------- */

/* Each backend once. */
static bool is_first_way_to(const struct look *l, size_t way)
{
	for (size_t i = 0; i < way; i++) {
		if (l->routes[i].backend == l->routes[way].backend &&
		    kafka_way_is(l, &l->routes[i]))
			return false;
	}
	return kafka_way_is(l, &l->routes[way]);
}

static void each_server(struct look *l, void (*look)(struct look *, const struct route *,
						     const struct cfg_server *))
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (!is_first_way_to(l, i))
			continue;
		for (size_t k = 0; k < l->routes[i].backend->server_count; k++)
			look(l, &l->routes[i], &l->routes[i].backend->servers[k]);
	}
}

/* --- K21 -------------------------------------------------------------------- */

static const struct cfg_line *some_tcp_bind(const struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		if (l->proxies[i].is_tcp && l->proxies[i].bind_count > 0)
			return l->proxies[i].binds[0].line;
	}
	return l->proxy_count > 0 ? l->proxies[0].section->header : NULL;
}

static void mark_ports(const struct look *l, bool *bound)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; p->is_tcp && k < p->bind_count; k++) {
			for (int n = p->binds[k].first; n <= p->binds[k].last; n++) {
				if (n > 0 && n < PORTS)
					bound[n] = true;
			}
		}
	}
}

static void look_hosts(struct look *l)
{
	const struct config *g = l->facts->gateway;

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; p->is_tcp && k < p->bind_count; k++) {
			const struct cfg_bind *b = &p->binds[k];

			if (!kafka_way_has_bind(g, b) || b->host[0] == '\0' || b->is_path)
				continue;
			if ((endpoint_is_address(b->host) &&
			     endpoint_is_address(g->listener.advertised_host) &&
			     !endpoint_same_host(b->host, g->listener.advertised_host)) ||
			    (endpoint_is_loopback(b->host) &&
			     !endpoint_is_loopback(g->listener.advertised_host)))
				found_as(
					l, RULE_WARNING, b->line,
					"clients are told %s, HAProxy listens on %s: unless something in "
					"front translates, they do not come here",
					g->listener.advertised_host, b->host);
		}
	}
}

static void look_advertised(struct look *l)
{
	static bool bound[PORTS];
	const struct config *g = l->facts->gateway;
	int first = g->listener.advertised_port, last = first + kafka_way_ports(g) - 1;

	memset(bound, 0, sizeof bound);
	mark_ports(l, bound);
	for (int n = first; n <= last && n < PORTS; n++) {
		int end = n;

		if (bound[n])
			continue;
		while (end < last && end + 1 < PORTS && !bound[end + 1])
			end++;
		if (end == n)
			found(l, some_tcp_bind(l),
			      "clients are told %s:%d, which no frontend in TCP mode binds",
			      g->listener.advertised_host, n);
		else
			found(l, some_tcp_bind(l),
			      "clients are told %s:%d-%d, which no frontend in TCP mode binds",
			      g->listener.advertised_host, n, end);
		n = end;
	}
	look_hosts(l);
}

/* --- K68 -------------------------------------------------------------------- */

static void look_node_ports(struct look *l)
{
	const struct config *g = l->facts->gateway;
	int last_own = g->listener.port_start + g->listener.port_count - 1;

	for (size_t i = 0; g->listener.port_count > 0 && i < l->route_count; i++) {
		const struct route *r = &l->routes[i];
		const struct cfg_server *s;

		if (!kafka_way_is(l, r) || r->backend->server_count == 0)
			continue;
		s = &r->backend->servers[0];
		for (size_t k = 0; k < r->frontend->bind_count; k++) {
			const struct cfg_bind *b = &r->frontend->binds[k];
			int first = s->map == CFG_PORT_FIXED ? s->port : b->first + s->port;
			int last = s->map == CFG_PORT_FIXED ? s->port : b->last + s->port;

			if (b->first > 0 && !s->port_is_variable &&
			    (first < g->listener.port_start || last > last_own))
				found(l, b->line,
				      "ports %d-%d lead to ports %d-%d of the nodes, which listen on %d-%d",
				      b->first, b->last, first, last, g->listener.port_start,
				      last_own);
		}
	}
}

/* --- K62 -------------------------------------------------------------------- */

static bool believes_own_machine_only(const struct config *g)
{
	for (size_t i = 0; i < g->proxy_trusted_count; i++) {
		const struct in6_addr *a = &g->proxy_trusted[i].addr;

		if (!IN6_IS_ADDR_LOOPBACK(a) && !(IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127))
			return false;
	}
	return true;
}

static void look_header(struct look *l, const struct route *r, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;
	bool sends = server_sends_header(s);

	(void)r;
	if (sends && g->listener.proxy_protocol == PROXY_OFF)
		found(l, s->line,
		      "server %s gets a PROXY header, and gateway.proxy_protocol is \"off\": the node "
		      "takes it for a request of 218762506 bytes",
		      s->name);
	else if (!sends && g->listener.proxy_protocol == PROXY_REQUIRE)
		found(l, s->line,
		      "server %s gets no PROXY header, and gateway.proxy_protocol is \"require\": the "
		      "node closes every connection",
		      s->name);
	else if (!sends && g->listener.proxy_protocol == PROXY_ALLOW)
		found_as(
			l, RULE_WARNING, s->line,
			"server %s gets no PROXY header, and gateway.proxy_protocol is \"allow\": to the "
			"nodes every client has HAProxy's address, and one that writes a header itself is "
			"believed",
			s->name);
	else if (sends && !endpoint_is_loopback(s->host) && believes_own_machine_only(g))
		found_as(l, RULE_WARNING, s->line,
			 "server %s believes PROXY headers from its own machine only "
			 "(gateway.proxy_trusted)",
			 s->name);
}

static void look_headers(struct look *l)
{
	each_server(l, look_header);
}

/* --- K63 -------------------------------------------------------------------- */

static void look_idle_side(struct look *l, const struct proxy *p, const char *name)
{
	const struct config *g = l->facts->gateway;
	const struct cfg_line *line;
	int64_t ms = cfg_timeout(p->section, name, &line), better;
	char text[32];

	if (ms < 0 || ms > g->idle_timeout_ms)
		return;
	better = g->idle_timeout_ms + MINUTE_MS;
	if (better % MINUTE_MS == 0)
		snprintf(text, sizeof text, "%" PRId64 "m", better / MINUTE_MS);
	else
		snprintf(text, sizeof text, "%" PRId64 "s", (better + 999) / 1000);
	found_with(
		l, RULE_WARNING, line, text,
		"`timeout %s %s` is not above gateway.timeouts.idle (%g s): HAProxy closes first, and "
		"without the node's order",
		name, line->words[2], (double)g->idle_timeout_ms / 1000);
}

static void look_idle(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (!kafka_way_is(l, r))
			continue;
		if (!was_found(l, cfg_setting(r->frontend->section, "timeout", "client")))
			look_idle_side(l, r->frontend, "client");
		if (!was_found(l, cfg_setting(r->backend->section, "timeout", "server")))
			look_idle_side(l, r->backend, "server");
	}
}

static bool fix_idle(struct cfg *cfg, const struct finding *f)
{
	return fix_word(cfg, f->line, 2, f->detail);
}

/* --- K64 -------------------------------------------------------------------- */

static const struct config_node *node_at(const struct config *g, const char *host)
{
	for (size_t i = 0; i < g->node_count; i++) {
		if (endpoint_same_host(g->nodes[i].host, host))
			return &g->nodes[i];
	}
	return NULL;
}

/* A node's own when the configuration lists it, else what all have. */
static int http_port_of(const struct config *g, const struct cfg_server *s)
{
	const struct config_node *n = node_at(g, s->host);

	return n != NULL ? n->http_port : g->http_port;
}

/* Nothing mends it: whose certificates the checks are to trust is not known. */
static void look_check_tls(struct look *l, const struct cfg_server *s)
{
	bool by_tls = l->facts->gateway->http_ssl_certificate != NULL;
	bool asks_by_tls = cfg_has_option(&s->options, "check-ssl");

	if (by_tls && !asks_by_tls)
		found(l, s->line,
		      "server %s is asked in plaintext (no `check-ssl`), its HTTP API is by TLS",
		      s->name);
	if (!by_tls && asks_by_tls)
		found(l, s->line,
		      "server %s is asked by TLS (`check-ssl`), its HTTP API is without", s->name);
}

static void look_ports_asked(struct look *l, const struct route *r, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;
	const struct cfg_option *port = cfg_option(&s->options, "port");
	const struct cfg_option *agent = cfg_option(&s->options, "agent-port");
	int http = http_port_of(g, s);
	char text[16];

	snprintf(text, sizeof text, "%d", http);
	if (port != NULL && cfg_has(r->backend->section, "httpchk") &&
	    strtol(port->value, NULL, 10) != http)
		found_with(l, RULE_ERROR, port->line, text,
			   "server %s is asked on port %s, its HTTP API is on %d", s->name,
			   port->value, http);
	if (port != NULL && cfg_has(r->backend->section, "httpchk"))
		look_check_tls(l, s);
	snprintf(text, sizeof text, "%d", g->agent_port);
	if (agent == NULL || !cfg_has_option(&s->options, "agent-check"))
		return;
	if (g->agent_port == 0)
		found_with(
			l, RULE_ERROR, agent->line, "",
			"server %s has an agent-check, and gateway.agent_port is 0: nobody answers",
			s->name);
	else if (strtol(agent->value, NULL, 10) != g->agent_port)
		found_with(l, RULE_ERROR, agent->line, text,
			   "server %s has its agent on port %d, not on %s", s->name, g->agent_port,
			   agent->value);
}

static void look_asked(struct look *l)
{
	each_server(l, look_ports_asked);
}

static bool fix_asked(struct cfg *cfg, const struct finding *f)
{
	bool is_agent = strstr(f->what, "agent") != NULL;

	return f->detail[0] != '\0' &&
	       fix_value(cfg, f->line, is_agent ? "agent-port" : "port", f->detail);
}

/* --- K65, K66 --------------------------------------------------------------- */

static void look_internal(struct look *l)
{
	if (!l->facts->gateway->listener.internal_load_balancing)
		return;
	for (size_t i = 0; i < l->route_count; i++) {
		if (kafka_way_is(l, &l->routes[i])) {
			found(l, l->routes[i].frontend->section->header,
			      "gateway.internal_load_balancing is true: the nodes tell clients to come to "
			      "them, past %s",
			      l->routes[i].frontend->section->name);
			return;
		}
	}
}

static void look_single(struct look *l)
{
	const struct config *g = l->facts->gateway;

	for (size_t i = 0; g->listener.advertised_mode == ADVERTISE_SINGLE && i < l->route_count;
	     i++) {
		const struct route *r = &l->routes[i];

		for (size_t k = 0; kafka_way_is(l, r) && k < r->frontend->bind_count; k++) {
			const struct cfg_bind *b = &r->frontend->binds[k];

			if (b->last > b->first && kafka_way_has_bind(g, b) &&
			    !was_found(l, b->line))
				found(l, b->line,
				      "clients are told port %d alone (gateway.advertised_mode is "
				      "\"single\"): nobody comes to the others",
				      g->listener.advertised_port);
		}
	}
}

/* --- K67 -------------------------------------------------------------------- */

static void look_address_limit(struct look *l, const struct route *r, const struct cfg_server *s)
{
	int most = l->facts->gateway->max_connections_per_address;

	(void)r;
	if (most > 0 && !server_sends_header(s))
		found(l, s->line,
		      "gateway.limits.connections_per_address is %d and server %s gets no PROXY header: "
		      "all clients count as one address",
		      most, s->name);
}

static void look_node_limits(struct look *l)
{
	const struct cfg_line *line = cfg_global(l->cfg, "maxconn", NULL);
	int64_t most = line != NULL && line->word_count > 1 ? atoll(line->words[1]) : 0;

	each_server(l, look_address_limit);
	for (size_t i = 0; i < l->route_count; i++) {
		int64_t nodes = 0, take;

		if (!is_first_way_to(l, i))
			continue;
		for (size_t k = 0; k < l->routes[i].backend->server_count; k++)
			nodes += l->routes[i].backend->servers[k].copies;
		take = nodes * l->facts->gateway->max_connections;
		if (nodes > 0 && most > take)
			found_as(l, RULE_WARNING, line,
				 "HAProxy takes %" PRId64 " connections, the nodes of %s together "
				 "%" PRId64 " (gateway.limits.connections): they refuse the rest",
				 most, l->routes[i].backend->section->name, take);
	}
}

/* --- K71 -------------------------------------------------------------------- */

/* What of the bind clients are told; false: nothing. */
static bool told_part(const struct config *g, const struct cfg_bind *b, int *first, int *last)
{
	int end = g->listener.advertised_port + kafka_way_ports(g) - 1;

	*first = b->first > g->listener.advertised_port ? b->first : g->listener.advertised_port;
	*last = g->listener.port_count == 0 || b->last < end ? b->last : end;
	return *first <= *last;
}

/* Where the line has the server's address: `server NAME ADDRESS`, `server-template NAME N ADDRESS`. */
static int place_of_address(const struct cfg_line *line)
{
	return strcmp(line->words[0], "server-template") == 0 ? 3 : 2;
}

/* The address with which it keeps ports; "": a check needs the port that would go. */
static void keeping_address(const struct cfg_server *s, int shift, char *to, size_t size)
{
	const char *word = s->line->words[place_of_address(s->line)];
	const char *colon = strrchr(word, ':');
	int host = colon != NULL ? (int)(colon - word) : (int)strlen(word);

	*to = '\0';
	if (cfg_has_option(&s->options, "check") && !cfg_has_option(&s->options, "port"))
		return;
	if (shift == 0)
		snprintf(to, size, "%.*s", host, word);
	else
		snprintf(to, size, "%.*s:%+d", host, word, shift);
}

/* Each port that clients are told must lead to the port of the same broker. */
static void look_kept_port(struct look *l, const struct cfg_bind *b, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;
	int shift = g->listener.port_start - g->listener.advertised_port, first, last, reached;
	char address[300];

	if (s->port_is_variable ||
	    (g->listener.proxy_protocol != PROXY_OFF && server_sends_header(s)))
		return; /* a header says what was asked for */
	if (!told_part(g, b, &first, &last) || was_found(l, s->line))
		return;
	reached = s->map == CFG_PORT_FIXED ? s->port : first + s->port;
	keeping_address(s, shift, address, sizeof address);
	if (s->map == CFG_PORT_FIXED && last > first)
		found_with(
			l, RULE_ERROR, s->line, address,
			"server %s gets ports %d-%d on its port %d: the node takes all clients for "
			"broker %d's (gateway.port_is_hint)",
			s->name, first, last, reached,
			reached - g->listener.port_start + g->listener.min_broker_id);
	else if (reached != first + shift)
		found_with(
			l, RULE_ERROR, s->line, address,
			"server %s gets port %d, broker %d's, on its port %d: the node takes clients "
			"for broker %d's (gateway.port_is_hint)",
			s->name, first,
			first - g->listener.advertised_port + g->listener.min_broker_id, reached,
			reached - g->listener.port_start + g->listener.min_broker_id);
}

static void look_kept_ports(struct look *l)
{
	const struct config *g = l->facts->gateway;

	if (!g->listener.port_is_hint || g->listener.advertised_mode != ADVERTISE_PORTS ||
	    g->listener.internal_load_balancing)
		return;
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (!kafka_way_is(l, r))
			continue;
		for (size_t s = 0; s < r->backend->server_count; s++) {
			for (size_t k = 0; k < r->frontend->bind_count; k++)
				look_kept_port(l, &r->frontend->binds[k], &r->backend->servers[s]);
		}
	}
}

static bool fix_kept_port(struct cfg *cfg, const struct finding *f)
{
	return f->detail[0] != '\0' && fix_word(cfg, f->line, place_of_address(f->line), f->detail);
}

/* --- K80 -------------------------------------------------------------------- */

enum { V4_BITS = 96, V4_NARROW = 16, V6_NARROW = 48 };

/* How many bits of its own family a network fixes, and how many it should. */
static bool is_wide(const struct config_net *net)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&net->addr) && net->bits >= V4_BITS;

	if (v4 && net->addr.s6_addr[12] == 127)
		return false;
	return v4 ? net->bits - V4_BITS < V4_NARROW : net->bits < V6_NARROW;
}

static bool is_everybody(const struct config_net *net)
{
	return net->bits == 0 || (IN6_IS_ADDR_V4MAPPED(&net->addr) && net->bits == V4_BITS);
}

static void look_believed(struct look *l, const struct route *r, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;

	(void)r;
	if (!server_sends_header(s) || g->listener.proxy_protocol == PROXY_OFF)
		return;
	for (size_t i = 0; i < g->proxy_trusted_count; i++) {
		if (is_everybody(&g->proxy_trusted[i]))
			found(l, s->line,
			      "server %s believes PROXY headers of everybody (gateway.proxy_trusted)",
			      s->name);
		else if (is_wide(&g->proxy_trusted[i]))
			found_as(
				l, RULE_WARNING, s->line,
				"server %s believes PROXY headers of a whole network, and of every "
				"client in it (gateway.proxy_trusted)",
				s->name);
		if (was_found(l, s->line))
			return;
	}
}

static void look_trusted(struct look *l)
{
	each_server(l, look_believed);
}

/* --- K83 -------------------------------------------------------------------- */

static const struct config_node *node_named(const struct config *g, const char *name)
{
	for (size_t i = 0; i < g->node_count; i++) {
		if (strcmp(g->nodes[i].name, name) == 0)
			return &g->nodes[i];
	}
	return NULL;
}

static bool is_known_later(const struct cfg_server *s)
{
	return s->is_template || strchr(s->host, '$') != NULL;
}

/* One machine may have many names, and the address that somebody has noted: not two addresses. */
static bool may_be_one(const char *a, const char *b)
{
	return !endpoint_is_address(a) || !endpoint_is_address(b);
}

static bool may_be_some(const struct config *g, const char *host)
{
	for (size_t i = 0; i < g->node_count; i++) {
		if (may_be_one(g->nodes[i].host, host))
			return true;
	}
	return false;
}

static void look_place(struct look *l, const struct route *r, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;
	const struct config_node *n = node_named(g, s->name);

	(void)r;
	if (is_known_later(s))
		return;
	if (n != NULL && !endpoint_same_host(n->host, s->host))
		found_as(l, may_be_one(n->host, s->host) ? RULE_ADVICE : RULE_WARNING, s->line,
			 "server %s goes to %s, and haproxy.nodes has it at %s", s->name, s->host,
			 n->host);
	else if (n == NULL && node_at(g, s->host) == NULL && !may_be_some(g, s->host))
		found(l, s->line, "server %s at %s is none of haproxy.nodes", s->name, s->host);
}

/* A server that goes by the name or the host of another node is not meant for this one. */
static bool may_serve(const struct config *g, const struct cfg_server *s,
		      const struct config_node *n)
{
	if (is_known_later(s) || strcmp(s->name, n->name) == 0 ||
	    endpoint_same_host(s->host, n->host))
		return true;
	return node_named(g, s->name) == NULL && node_at(g, s->host) == NULL &&
	       may_be_one(s->host, n->host);
}

/* Each rack, or each kind of client, may have a backend of its own. */
static bool may_be_led_to(const struct look *l, const struct config_node *n)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (kafka_way_is_open(l, r))
			return true;
		for (size_t k = 0; kafka_way_is(l, r) && k < r->backend->server_count; k++) {
			if (may_serve(l->facts->gateway, &r->backend->servers[k], n))
				return true;
		}
	}
	return false;
}

static const struct proxy *first_backend(const struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (kafka_way_is(l, &l->routes[i]))
			return l->routes[i].backend;
	}
	return NULL;
}

static void look_left_out(struct look *l)
{
	const struct config *g = l->facts->gateway;
	const struct proxy *backend = first_backend(l);

	for (size_t i = 0; backend != NULL && i < g->node_count; i++) {
		if (!may_be_led_to(l, &g->nodes[i]))
			found(l, backend->section->header,
			      "clients are led to no server line for node %s of haproxy.nodes, at %s",
			      g->nodes[i].name, g->nodes[i].host);
	}
}

static void look_nodes(struct look *l)
{
	if (l->facts->gateway->node_count == 0)
		return;
	each_server(l, look_place);
	look_left_out(l);
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K21", "advertised-not-covered", RULE_ERROR, RULE_GATEWAY, "silent",
	  "A client that gets a port without a listener in its metadata can't reach that broker's "
	  "partitions: everything else works, which makes it hard to see.",
	  "`bind` every port from gateway.advertised_listener on, gateway.port_count of them.",
	  look_advertised },
	{ "K62", "proxy-header-one-sided", RULE_ERROR, RULE_GATEWAY, "silent",
	  "The header is part of the bytes: a node that does not expect it, or misses it, closes the "
	  "connection.",
	  "`send-proxy-v2` on every server line and gateway.proxy_protocol \"require\", with HAProxy's "
	  "address in gateway.proxy_trusted; or neither.",
	  look_headers },
	{ "K63", "closes-before-the-node", RULE_WARNING, RULE_GATEWAY, "silent",
	  "The node closes idle connections between requests, in an order that clients take well; "
	  "HAProxy cuts them whatever is under way.",
	  "HAProxy's timeouts a minute above gateway.timeouts.idle.", look_idle, fix_idle },
	{ "K64", "asks-the-wrong-port", RULE_ERROR, RULE_GATEWAY, "silent",
	  "A check on a port where nothing answers takes every node for down; an agent that is not "
	  "there changes nothing.",
	  "`check port` as gateway.http_port, `check-ssl` where that is by TLS, `agent-port` as "
	  "gateway.agent_port.",
	  look_asked, fix_asked },
	{ "K65", "clients-go-past", RULE_WARNING, RULE_GATEWAY, "silent",
	  "Under internal load balancing metadata names the nodes themselves: only the first "
	  "connection of a client comes through HAProxy.",
	  "gateway.internal_load_balancing = false when HAProxy is to balance.", look_internal },
	{ "K66", "single-with-many-ports", RULE_ADVICE, RULE_GATEWAY, "silent",
	  "In single mode all brokers have one port.", "Bind that one port.", look_single },
	{ "K67", "limits-do-not-fit", RULE_ERROR, RULE_GATEWAY, "silent",
	  "What HAProxy accepts and a node refuses a client sees as a broker that closes at once.",
	  "maxconn no larger than all nodes take; PROXY headers when the nodes limit by address.",
	  look_node_limits },
	{ "K68", "ranges-differ", RULE_WARNING, RULE_GATEWAY, "silent",
	  "Every node refuses what comes in on such a port; with checks on the HTTP port all of them "
	  "look well.",
	  "The same number of ports on both sides (gateway.port_start, gateway.port_count).",
	  look_node_ports },
	{ "K71", "port-not-kept", RULE_ERROR, RULE_GATEWAY, "silent",
	  "By gateway.port_is_hint a node takes the port that a client comes by for the broker that "
	  "it has dialled, and lets that broker alone say which groups, transactions and producers it "
	  "has: by a wrong port an exporter is told another broker's, or the same ones again and again.",
	  "Servers without a port, or with the offset between gateway.advertised_listener and "
	  "gateway.port_start; or PROXY headers, which say it too.",
	  look_kept_ports, fix_kept_port },
	{ "K80", "header-of-anyone", RULE_ERROR, RULE_GATEWAY, "silent",
	  "Whoever gets past HAProxy to a node, from an address that the node believes, writes the header "
	  "itself: the address, the server name and the name in a certificate.",
	  "gateway.proxy_trusted with the addresses of HAProxy and nothing else, `10.0.0.9/32`; the "
	  "nodes' ports closed to all others.",
	  look_trusted },
	{ "K83", "servers-are-not-the-nodes", RULE_WARNING, RULE_GATEWAY, "silent",
	  "Clients, or some of them, are sent where no node is meant to be, or never to one that is: a "
	  "node that was moved, or one that the file was not made anew for.",
	  "The addresses of haproxy.nodes on the server lines, one line a node: `anyportctl haproxy "
	  "generate` writes them, `haproxy diff` shows what changes.",
	  look_nodes },
};

const struct rule_group gateway_rules = { rules, ARRAY_LEN(rules) };
