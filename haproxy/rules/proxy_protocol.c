/* The PROXY protocol, from load balancers before and to nodes behind. */
#include "rules/look.h"

#include "plan/endpoint.h"

#include <stdlib.h>
#include <string.h>

/* --- K33 -------------------------------------------------------------------- */

/* What it says is known only when some way to it ends TLS. */
static bool ends_tls(const struct look *l, const struct proxy *backend)
{
	bool known = false;

	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend;

		for (size_t k = 0; l->routes[i].backend == backend && k < front->bind_count; k++) {
			if (cfg_has_option(&front->binds[k].options, "ssl"))
				return true;
			known = true;
		}
	}
	return !known;
}

static bool has_unique_id(const struct look *l, const struct proxy *backend)
{
	bool known = false;

	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].backend != backend)
			continue;
		known = true;
		if (sets(l->routes[i].frontend, "unique-id-format", NULL))
			return true;
	}
	return !known;
}

static void look_v2_options(struct look *l, const struct proxy *p, const struct cfg_server *s)
{
	static const char *const of_tls[] = { "ssl",	  "cert-cn",  "ssl-cipher",
					      "cert-sig", "cert-key", "authority" };
	const char *list = cfg_option_value(&s->options, "proxy-v2-options");

	if (list == NULL)
		return;
	if (!cfg_has_option(&s->options, "send-proxy-v2") &&
	    !cfg_has_option(&s->options, "send-proxy-v2-ssl") &&
	    !cfg_has_option(&s->options, "send-proxy-v2-ssl-cn"))
		found(l, s->line,
		      "server %s has proxy-v2-options and no send-proxy-v2: no header is sent",
		      s->name);
	if (list_has(list, "unique-id") && !has_unique_id(l, p))
		found(l, s->line,
		      "server %s is to get a unique-id and no frontend has a "
		      "unique-id-format",
		      s->name);
	for (size_t i = 0; i < ARRAY_LEN(of_tls); i++) {
		if (list_has(list, of_tls[i]) && !ends_tls(l, p)) {
			found(l, s->line, "server %s is to get `%s` of TLS that no frontend ends",
			      s->name, of_tls[i]);
			return;
		}
	}
}

static void look_options(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++)
			look_v2_options(l, &l->proxies[i], &l->proxies[i].servers[k]);
	}
}

/* --- K34, K35 --------------------------------------------------------------- */

static bool is_guarded(const struct proxy *p)
{
	for (size_t i = 0; i < p->section->line_count; i++) {
		const struct cfg_line *line = p->section->lines[i];

		if (cfg_line_is(line, "tcp-request", "connection", "reject", NULL) &&
		    (has_word(line, "src") || line_mentions(line, "src ") || line->word_count > 3))
			return true;
	}
	return false;
}

static bool is_loopback(const struct cfg_bind *b)
{
	return b->is_path || endpoint_is_loopback(b->host);
}

static void look_open(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; k < p->bind_count; k++) {
			if (cfg_has_option(&p->binds[k].options, "accept-proxy") &&
			    !is_loopback(&p->binds[k]) && !is_guarded(p))
				found(l, p->binds[k].line,
				      "whoever reaches %s may claim any client address in a PROXY header",
				      p->section->name);
		}
	}
}

static void look_port_of_header(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend, *back = l->routes[i].backend;

		if (back == NULL || !proxy_takes_header(front))
			continue;
		for (size_t k = 0; k < back->server_count; k++) {
			if (back->servers[k].map == CFG_PORT_FIXED)
				continue;
			found(l, back->servers[k].line,
			      "server %s gets the port of the PROXY header that %s takes, not the one "
			      "that was bound",
			      back->servers[k].name, front->section->name);
			break;
		}
	}
}

/* --- K79 -------------------------------------------------------------------- */

struct ports {
	int first, last;
};

/* Where connections of the n-th bind that leads there arrive; false: there are no more. */
static bool nth_ports(const struct look *l, const struct proxy *p, const struct cfg_server *s,
		      size_t n, struct ports *to)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend;

		for (size_t k = 0; l->routes[i].backend == p && k < front->bind_count; k++) {
			bool is_fixed = s->map == CFG_PORT_FIXED;

			if (n-- > 0)
				continue;
			to->first = s->port + (is_fixed ? 0 : front->binds[k].first);
			to->last = s->port + (is_fixed ? 0 : front->binds[k].last);
			return true;
		}
	}
	return false;
}

static bool meet(const struct look *l, const struct proxy *p, const struct cfg_server *s,
		 const struct proxy *q, const struct cfg_server *t)
{
	struct ports a, b;

	if (s->host[0] == '\0' || strcmp(s->host, t->host) != 0 || s->port_is_variable ||
	    t->port_is_variable)
		return false;
	for (size_t i = 0; nth_ports(l, p, s, i, &a); i++) {
		for (size_t k = 0; nth_ports(l, q, t, k, &b); k++) {
			if (a.first <= b.last && b.first <= a.last)
				return true;
		}
	}
	return false;
}

/* The same node where it gets a header; NULL: nowhere. */
static const struct cfg_server *with_header(const struct look *l, const struct proxy *p,
					    const struct cfg_server *s)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *q = &l->proxies[i];

		for (size_t k = 0; q->is_tcp && k < q->server_count; k++) {
			if (server_sends_header(&q->servers[k]) && meet(l, p, s, q, &q->servers[k]))
				return &q->servers[k];
		}
	}
	return NULL;
}

static void look_without_header(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; p->is_tcp && k < p->server_count; k++) {
			const struct cfg_server *s = &p->servers[k], *other;

			if (server_sends_header(s) || (other = with_header(l, p, s)) == NULL)
				continue;
			found(l, s->line,
			      "server %s gets no PROXY header, and as %s of %s it does: here the node "
			      "takes the one that a client has written itself, or nobody",
			      s->name, other->name, other->section->name);
		}
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K33", "proxy-options-without-effect", RULE_WARNING, RULE_FILE, "silent",
	  "What the nodes are to learn about a client does not reach them.",
	  "`send-proxy-v2` on the server line; unique-id-format in the frontend; TLS facts only where "
	  "the bind ends TLS.",
	  look_options },
	{ "K34", "accept-proxy-from-anyone", RULE_WARNING, RULE_FILE, "silent",
	  "The address in a PROXY header is believed: limits, stickiness and the nodes' own view go "
	  "by it.",
	  "`tcp-request connection expect-proxy layer4 if { src NETWORK }` instead of accept-proxy, or "
	  "`tcp-request connection reject unless { src NETWORK }`.",
	  look_open },
	{ "K35", "port-from-proxy-header", RULE_WARNING, RULE_FILE, "silent",
	  "A server without a port is reached on the port that the client used; behind accept-proxy "
	  "that is the one in the header: bound 9092, header 9097, node 9097.",
	  "Let the load balancer before use the same ports, or give the servers a port.",
	  look_port_of_header },
	{ "K79", "way-without-header", RULE_ERROR, RULE_FILE, "silent",
	  "HAProxy hands on what clients send, and the node believes HAProxy: where no header is put in "
	  "front, a client that sends one is who it says, from where it says, and with which name.",
	  "`send-proxy-v2`, with the same proxy-v2-options, on every server line that leads to the node.",
	  look_without_header },
};

const struct rule_group proxy_protocol_rules = { rules, ARRAY_LEN(rules) };
