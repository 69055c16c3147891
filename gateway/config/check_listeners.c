/* What each listener says, and what several say together. */
#include "config/check_inside.h"
#include "config/host_pattern.h"
#include "config/listeners_inside.h"
#include "config/principal_rules.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void check_ports(const struct config *c, struct mistakes *m)
{
	if (!check_is_usable(c, "gateway.port_start") || !check_is_usable(c, "gateway.port_count"))
		return;
	if (c->listener.port_start + c->listener.port_count - 1 > PORT_MOST)
		TELL(c, m, "gateway.port_count",
		     "%d ports from %d on end beyond 65535; at most %d ports, or a lower %s",
		     c->listener.port_count, c->listener.port_start,
		     PORT_MOST + 1 - c->listener.port_start, check_other(m, "gateway.port_start"));
}

static void check_advertised_ports(const struct config *c, struct mistakes *m)
{
	if (!check_is_usable(c, "gateway.advertised_host") ||
	    !check_is_usable(c, "gateway.port_count"))
		return;
	if (check_origin(c, "gateway.advertised_host")->kind == ORIGIN_DEFAULT ||
	    c->listener.advertised_port == c->listener.port_start ||
	    c->listener.advertised_mode != ADVERTISE_PORTS)
		return; /* check_ports says it */
	if (c->listener.advertised_port + c->listener.port_count - 1 > PORT_MOST)
		TELL(c, m, "gateway.advertised_host",
		     "%d ports from %d on end beyond 65535; as many are advertised as the gateway "
		     "listens on",
		     c->listener.port_count, c->listener.advertised_port);
}

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void check_http_port(const struct config *c, struct mistakes *m)
{
	int count = c->listener.port_count > 0 ? c->listener.port_count : 1;

	if (!check_is_usable(c, "gateway.http_port") || !check_is_usable(c, "gateway.port_start") ||
	    !check_is_usable(c, "gateway.port_count"))
		return;
	if (c->http_port < c->listener.port_start || c->http_port >= c->listener.port_start + count)
		return;
	if (strcmp(c->http_host, c->listener.bind_host) != 0 && !is_any(c->http_host) &&
	    !is_any(c->listener.bind_host))
		return; /* two addresses */
	TELL(c, m, "gateway.http_port",
	     "%d is one of the clients' ports, %d to %d; a port outside them", c->http_port,
	     c->listener.port_start, c->listener.port_start + count - 1);
}

static void check_external(const struct config *c, struct mistakes *m)
{
	if (c->listener.internal_load_balancing ||
	    !check_is_usable(c, "gateway.internal_load_balancing") ||
	    !check_is_usable(c, "gateway.advertised_host"))
		return;
	if (check_origin(c, "gateway.advertised_host")->kind == ORIGIN_DEFAULT)
		TELL(c, m, "gateway.internal_load_balancing",
		     "false without %s: the nodes would advertise their own host name, and clients "
		     "would go around the load balancer; say the load balancer's host there",
		     m->file != NULL ? "gateway.advertised_listener (or advertised_host)"
				     : "GATEWAY_ADVERTISED_LISTENER (or GATEWAY_ADVERTISED_HOST)");
}

static void check_trust(const struct config *c, struct mistakes *m)
{
	if (!check_is_usable(c, "gateway.proxy_protocol") ||
	    !check_is_usable(c, "gateway.proxy_trusted"))
		return;
	if (c->listener.proxy_protocol != PROXY_OFF && c->proxy_trusted_count == 0)
		TELL(c, m, "gateway.proxy_trusted",
		     "no network is trusted, so no PROXY header would ever be believed; say the load "
		     "balancer's, or set %s to off",
		     check_other(m, "gateway.proxy_protocol"));
}

/* One port for all brokers tells none from another. */
static bool has_telling_ports(const struct listener *l)
{
	return l->advertised_mode != ADVERTISE_SINGLE;
}

static void check_port_hint(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.port_is_hint";

	if (c->listener.port_is_hint && check_is_usable(c, key) &&
	    check_is_usable(c, "gateway.advertised_mode") && !has_telling_ports(&c->listener))
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "in %s \"single\" all brokers have one port, which says nothing",
				 check_other(m, "gateway.advertised_mode"));
}

/* In mode host all brokers are at one port, and their names tell them apart. */
static void check_pattern(const struct config *c, struct mistakes *m)
{
	const char *mode = "gateway.advertised_mode", *key = "gateway.advertised_host_pattern";
	const char *pattern = c->listener.advertised_pattern;

	if (!check_is_usable(c, mode) || !check_is_usable(c, key))
		return;
	if (pattern != NULL && !host_pattern_is_good(pattern))
		TELL(c, m, key,
		     "\"%.100s\" won't do; it must be a host name with {id} once, such as "
		     "b{id}.kafka.example.com",
		     pattern);
	else if (c->listener.advertised_mode == ADVERTISE_HOST && pattern == NULL)
		TELL(c, m, mode, "\"host\" tells brokers by their names; say %s too",
		     check_other(m, key));
	else if (c->listener.advertised_mode == ADVERTISE_HOST && strchr(pattern, '.') == NULL)
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "Java asks servers for no name without a dot (SNI)");
}

/* What TLS to clients can't do without. */
static void check_clients(const struct config *c, struct mistakes *m)
{
	const char *protocol = "gateway.security_protocol", *auth = "gateway.ssl_client_auth";
	const char *certificate = "gateway.ssl_certificate_location";

	if (!protocol_has_tls(c->listener.protocol) || !check_is_usable(c, protocol))
		return;
	if (c->listener.ssl_certificate == NULL && check_is_usable(c, certificate))
		TELL(c, m, protocol, "TLS needs a certificate; say %s too",
		     check_other(m, certificate));
	if (c->listener.ssl_client_auth != CLIENT_AUTH_NONE && c->listener.ssl_ca == NULL &&
	    check_is_usable(c, auth) && check_is_usable(c, "gateway.ssl_ca_location"))
		TELL(c, m, auth, "nobody signs clients' certificates; say %s too",
		     check_other(m, "gateway.ssl_ca_location"));
}

static bool speaks_tls(const struct listener *l)
{
	return protocol_has_tls(l->protocol);
}

/* Certificates say who clients are only where clients are asked for one, and by nothing else. */
static bool knows_by_certificate(const struct listener *l)
{
	return l->protocol == OVER_SSL && l->ssl_client_auth != CLIENT_AUTH_NONE;
}

static void check_principal_rules(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.ssl_principal_mapping_rules";
	char why[PRINCIPAL_RULES_WHY_MAX] = "";
	struct principal_rules *rules;

	if (c->listener.ssl_principal_rules == NULL || !check_is_usable(c, key))
		return;
	rules = principal_rules_read(c->listener.ssl_principal_rules, why);
	if (rules == NULL)
		TELL(c, m, key, "%s", why);
	principal_rules_free(rules);
	if (!knows_by_certificate(&c->listener))
		mistakes_warn_of(
			m, option_by_key(key), check_origin(c, key),
			"nobody looks at it: it is for %s SSL and %s requested or required",
			check_other(m, "gateway.security_protocol"),
			check_other(m, "gateway.ssl_client_auth"));
}

/* What one listener says, of those options that say it of the only one. */
void check_listener(const struct config *c, struct mistakes *m)
{
	const struct tls_side clients = {
		.protocol_key = "gateway.security_protocol",
		.protocol = c->listener.protocol,
		.certificate = { "gateway.ssl_certificate_location", c->listener.ssl_certificate },
		.private_key = { "gateway.ssl_key_location", c->listener.ssl_key },
		.ca = { "gateway.ssl_ca_location", c->listener.ssl_ca },
	};

	check_ports(c, m);
	check_advertised_ports(c, m);
	check_http_port(c, m);
	check_external(c, m);
	check_trust(c, m);
	check_port_hint(c, m);
	check_side(c, m, &clients);
	check_clients(c, m);
	check_principal_rules(c, m);
	check_pattern(c, m);
	check_who_acts(c, m);
	check_proxy_identity(c, m);
}

/* Where the listener says what the row says of the only one. */
static void take_origins(struct config_origin *to, const struct config_named *n)
{
	for (size_t i = 0; i < config_option_count; i++) {
		int at = listener_option_of(config_options[i].key);

		if (at < 0)
			continue;
		if (n->origins[at].kind != ORIGIN_DEFAULT) {
			to[i] = n->origins[at];
		} else if (!listener_options[at].is_common) {
			to[i] = n->begins;
			to[i].kind = ORIGIN_DEFAULT;
			to[i].name = n->called;
		}
	}
}

/* What is said of all listeners, and which of them look at it. */
static const struct {
	const char *key;
	bool (*is_looked_at)(const struct listener *l);
} of_some[] = {
	{ "gateway.ssl_certificate_location", speaks_tls },
	{ "gateway.ssl_key_location", speaks_tls },
	{ "gateway.ssl_ca_location", speaks_tls },
	{ "gateway.ssl_principal_mapping_rules", knows_by_certificate },
	{ "gateway.port_is_hint", has_telling_ports },
};

/* Of those that leave it to the option another one looks at it; or none does, and one before tells. */
static bool is_left_to_another(const struct config *c, size_t i, size_t row)
{
	int at = listener_option_of(of_some[row].key);

	if (c->named[i].origins[at].kind != ORIGIN_DEFAULT ||
	    of_some[row].is_looked_at(&c->listeners[i]))
		return false;
	for (size_t k = 0; k < c->named_count; k++) {
		if (c->named[k].origins[at].kind == ORIGIN_DEFAULT &&
		    (k < i || of_some[row].is_looked_at(&c->listeners[k])))
			return true;
	}
	return false;
}

static void leave_to_others(const struct config *c, size_t i, struct config_origin *to)
{
	for (size_t row = 0; row < ARRAY_LEN(of_some); row++) {
		if (is_left_to_another(c, i, row))
			to[option_index(of_some[row].key)].bad = true; /* nothing to tell here */
	}
}

static void check_named(const struct config *c, size_t i, struct mistakes *m)
{
	size_t size = config_option_count * sizeof *c->origins;
	struct config alone = *c;

	alone.listener = c->listeners[i];
	alone.origins = mem_alloc(size);
	memcpy(alone.origins, c->origins, size);
	take_origins(alone.origins, &c->named[i]);
	leave_to_others(c, i, alone.origins);
	if (c->named[i].said.port_start == 0 &&
	    !alone.origins[option_index("gateway.port_start")].bad)
		TELL(&alone, m, "gateway.port_start", "no ports; say which, as 9092-9095");
	else
		check_listener(&alone, m);
	free(alone.origins);
}

/* As check_ports counts them; what the cluster tells later is one at least. */
static int count_of(const struct listener *l)
{
	return l->port_count > 0 ? l->port_count : 1;
}

static bool share_address(const struct listener *a, const struct listener *b)
{
	return strcmp(a->bind_host, b->bind_host) == 0 || is_any(a->bind_host) ||
	       is_any(b->bind_host);
}

static bool share_ports(const struct listener *a, const struct listener *b)
{
	return port_ranges_overlap((struct port_range){ a->port_start, count_of(a) },
				   (struct port_range){ b->port_start, count_of(b) });
}

/* Two listeners on one port, or told by one. */
static void check_apart(const struct config *c, size_t i, size_t j, struct mistakes *m)
{
	const struct listener *a = &c->listeners[i], *b = &c->listeners[j];
	int count_a = count_of(a), count_b = count_of(b);

	if (a->port_start == 0 || b->port_start == 0)
		return;
	if (share_address(a, b) && share_ports(a, b))
		TELL(c, m, "gateway.listeners", "%s and %s have ports in common, %d-%d and %d-%d",
		     a->name, b->name, a->port_start, a->port_start + count_a - 1, b->port_start,
		     b->port_start + count_b - 1);
	else if (listeners_told_alike(a, count_a, b, count_b))
		TELL(c, m, "gateway.listeners",
		     "clients of %s and %s would be told the same addresses, %s:%d and %s:%d",
		     a->name, b->name, a->advertised_host, a->advertised_port, b->advertised_host,
		     b->advertised_port);
}

/* An option that says of the only listener what each of several must say itself. */
static void check_not_of_one(const struct config *c, struct mistakes *m)
{
	for (size_t i = 0; i < config_option_count; i++) {
		int at = listener_option_of(config_options[i].key);

		if (at >= 0 && !listener_options[at].is_common &&
		    c->origins[i].kind != ORIGIN_DEFAULT)
			mistakes_of(m, &config_options[i], &c->origins[i],
				    "it is for an only listener, and listeners are named (%s); say "
				    "it of each",
				    check_other(m, "gateway.listeners"));
	}
}

/* Where HAProxy is for a listener that there is not, or in two places. */
void check_fronts(const struct config *c, struct mistakes *m)
{
	const struct config_peer *fronts = c->haproxy.fronts;

	for (size_t i = 0; i < c->haproxy.front_count; i++) {
		if (listeners_find(c, fronts[i].name) == NULL)
			TELL(c, m, "haproxy.fronts", "no listener is called %s (%s)",
			     fronts[i].name, check_other(m, "gateway.listeners"));
		for (size_t k = 0; k < i; k++) {
			if (strcasecmp(fronts[k].name, fronts[i].name) == 0)
				TELL(c, m, "haproxy.fronts", "two places for %s", fronts[i].name);
		}
	}
}

void check_listeners(const struct config *c, struct mistakes *m)
{
	check_not_of_one(c, m);
	if (c->named_count > LISTENERS_MAX)
		TELL(c, m, "gateway.listeners", "%zu listeners; at most %d", c->named_count,
		     LISTENERS_MAX);
	for (size_t i = 0; i < c->named_count; i++) {
		check_named(c, i, m);
		for (size_t j = 0; j < i; j++)
			check_apart(c, j, i, m);
	}
}
