#include "config/check.h"

#include "config/jaas.h"
#include "config/host_pattern.h"
#include "config/mistakes.h"
#include "config/principal_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	PORT_MOST = 65535,
	CLIENTS_IDLE_MS = 9 * 60 * 1000,
	TOPIC_NAME_MOST = 249,
	CLUSTER_ID_MOST = 200, /* with room for what is put in front of it */
};

static const struct config_origin *origin(const struct config *c, const char *key)
{
	return &c->origins[option_index(key)];
}

static bool is_usable(const struct config *c, const char *key)
{
	return !origin(c, key)->bad;
}

#define TELL(c, m, key, ...) mistakes_of(m, option_by_key(key), origin(c, key), __VA_ARGS__)

/* The name a mistake tells people to look at: the one they would write where they write. */
static const char *other(const struct mistakes *m, const char *key)
{
	return m->file != NULL ? key : option_by_key(key)->env;
}

static void check_ports(const struct config *c, struct mistakes *m)
{
	if (!is_usable(c, "gateway.port_start") || !is_usable(c, "gateway.port_count"))
		return;
	if (c->port_start + c->port_count - 1 > PORT_MOST)
		TELL(c, m, "gateway.port_count",
		     "%d ports from %d on end beyond 65535; at most %d ports, or a lower %s",
		     c->port_count, c->port_start, PORT_MOST + 1 - c->port_start,
		     other(m, "gateway.port_start"));
}

static void check_advertised_ports(const struct config *c, struct mistakes *m)
{
	if (!is_usable(c, "gateway.advertised_host") || !is_usable(c, "gateway.port_count"))
		return;
	if (origin(c, "gateway.advertised_host")->kind == ORIGIN_DEFAULT ||
	    c->advertised_port == c->port_start || c->advertised_mode != ADVERTISE_PORTS)
		return; /* check_ports says it */
	if (c->advertised_port + c->port_count - 1 > PORT_MOST)
		TELL(c, m, "gateway.advertised_host",
		     "%d ports from %d on end beyond 65535; as many are advertised as the gateway "
		     "listens on",
		     c->port_count, c->advertised_port);
}

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void check_http_port(const struct config *c, struct mistakes *m)
{
	int count = c->port_count > 0 ? c->port_count : 1;

	if (!is_usable(c, "gateway.http_port") || !is_usable(c, "gateway.port_start") ||
	    !is_usable(c, "gateway.port_count"))
		return;
	if (c->http_port < c->port_start || c->http_port >= c->port_start + count)
		return;
	if (strcmp(c->http_host, c->bind_host) != 0 && !is_any(c->http_host) &&
	    !is_any(c->bind_host))
		return; /* two addresses */
	TELL(c, m, "gateway.http_port",
	     "%d is one of the clients' ports, %d to %d; a port outside them", c->http_port,
	     c->port_start, c->port_start + count - 1);
}

static void check_external(const struct config *c, struct mistakes *m)
{
	if (c->internal_load_balancing || !is_usable(c, "gateway.internal_load_balancing") ||
	    !is_usable(c, "gateway.advertised_host"))
		return;
	if (origin(c, "gateway.advertised_host")->kind == ORIGIN_DEFAULT)
		TELL(c, m, "gateway.internal_load_balancing",
		     "false without %s: the nodes would advertise their own host name, and clients "
		     "would go around the load balancer; say the load balancer's host there",
		     m->file != NULL ? "gateway.advertised_listener (or advertised_host)"
				     : "GATEWAY_ADVERTISED_LISTENER (or GATEWAY_ADVERTISED_HOST)");
}

static void check_memory(const struct config *c, struct mistakes *m)
{
	if (!is_usable(c, "gateway.limits.frame") || !is_usable(c, "gateway.limits.memory"))
		return;
	if (c->max_frame_bytes > c->memory_budget_bytes / CONFIG_FRAMES_IN_MEMORY)
		TELL(c, m, "gateway.limits.frame",
		     "%" PRId64 " bytes are more than half of %s (%" PRId64 " bytes): a frame that "
		     "must be held would never fit; the other half is for answers",
		     c->max_frame_bytes, other(m, "gateway.limits.memory"), c->memory_budget_bytes);
}

static void check_connections(const struct config *c, struct mistakes *m)
{
	if (!is_usable(c, "gateway.limits.connections") ||
	    !is_usable(c, "gateway.limits.connections_per_address"))
		return;
	if (c->max_connections_per_address > c->max_connections)
		TELL(c, m, "gateway.limits.connections_per_address",
		     "%d is more than %s, %d; at most as many, or 0 for no limit",
		     c->max_connections_per_address, other(m, "gateway.limits.connections"),
		     c->max_connections);
}

static void check_trust(const struct config *c, struct mistakes *m)
{
	if (!is_usable(c, "gateway.proxy_protocol") || !is_usable(c, "gateway.proxy_trusted"))
		return;
	if (c->proxy_protocol != PROXY_OFF && c->proxy_trusted_count == 0)
		TELL(c, m, "gateway.proxy_trusted",
		     "no network is trusted, so no PROXY header would ever be believed; say the load "
		     "balancer's, or set %s to off",
		     other(m, "gateway.proxy_protocol"));
}

/* Clients close what is idle after nine minutes; who closes earlier makes them send into a
 * closed connection. */
static void check_idle(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.timeouts.idle";

	if (is_usable(c, key) && c->idle_timeout_ms <= CLIENTS_IDLE_MS)
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "clients keep idle connections for 9 min; a longer time lets them "
				 "close first");
}

/* One port for all brokers tells none from another. */
static void check_port_hint(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.port_is_hint";

	if (c->port_is_hint && is_usable(c, "gateway.advertised_mode") &&
	    c->advertised_mode == ADVERTISE_SINGLE)
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "in %s \"single\" all brokers have one port, which says nothing",
				 other(m, "gateway.advertised_mode"));
}

static void check_nodes(const struct config *c, struct mistakes *m)
{
	for (size_t i = 0; i < c->node_count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct config_node *a = &c->nodes[i];
			const struct config_node *b = &c->nodes[j];

			if (strcmp(a->host, b->host) == 0 && a->http_port == b->http_port)
				TELL(c, m, "haproxy.nodes",
				     "%s and %s have the same host and HTTP port", b->name,
				     a->name);
		}
	}
}

bool check_is_group_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* Kafka's rule for topics, which the names of members follow too. */
static void check_group_name(const struct config *c, struct mistakes *m, const char *key,
			     const char *name, size_t most)
{
	bool is_good = name == NULL || strlen(name) <= most;

	for (const char *p = name; is_good && p != NULL && *p != '\0'; p++)
		is_good = check_is_group_letter(*p);
	if (!is_good && is_usable(c, key) && origin(c, key)->kind != ORIGIN_DEFAULT)
		TELL(c, m, key,
		     "\"%.100s\" won't do; it must be letters, digits, \".\", \"_\" and \"-\", at "
		     "most %zu",
		     name, most);
}

static void check_cluster(const struct config *c, struct mistakes *m)
{
	const char *heartbeat = "gateway.timeouts.heartbeat";

	check_group_name(c, m, "gateway.cluster_id", c->cluster_id, CLUSTER_ID_MOST);
	check_group_name(c, m, "gateway.group_id", c->group_id, TOPIC_NAME_MOST);
	check_group_name(c, m, "gateway.node_id", c->node_id, TOPIC_NAME_MOST);
	if (is_usable(c, heartbeat) && is_usable(c, "gateway.timeouts.session") &&
	    c->heartbeat_interval_ms > c->session_timeout_ms / 3)
		TELL(c, m, heartbeat,
		     "%d ms are more than a third of %s, %d ms: one late answer would end a "
		     "membership",
		     c->heartbeat_interval_ms, other(m, "gateway.timeouts.session"),
		     c->session_timeout_ms);
}

/* In mode host all brokers are at one port, and their names tell them apart. */
static void check_pattern(const struct config *c, struct mistakes *m)
{
	const char *mode = "gateway.advertised_mode", *key = "gateway.advertised_host_pattern";
	const char *pattern = c->advertised_pattern;

	if (!is_usable(c, mode) || !is_usable(c, key))
		return;
	if (pattern != NULL && !host_pattern_is_good(pattern))
		TELL(c, m, key,
		     "\"%.100s\" won't do; it must be a host name with {id} once, such as "
		     "b{id}.kafka.example.com",
		     pattern);
	else if (c->advertised_mode == ADVERTISE_HOST && pattern == NULL)
		TELL(c, m, mode, "\"host\" tells brokers by their names; say %s too",
		     other(m, key));
	else if (c->advertised_mode == ADVERTISE_HOST && strchr(pattern, '.') == NULL)
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "Java asks servers for no name without a dot (SNI)");
}

/* What is said of TLS on one side. */
struct side {
	const char *protocol_key;
	enum security_protocol protocol;
	struct {
		const char *key, *value;
	} certificate, private_key, ca;
};

static void check_is_used(const struct config *c, struct mistakes *m, const struct side *s,
			  const char *key, const char *value)
{
	if (value != NULL && is_usable(c, key) && is_usable(c, s->protocol_key) &&
	    !protocol_has_tls(s->protocol))
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "nobody looks at it: %s is without TLS",
				 other(m, s->protocol_key));
}

/* Options of TLS on one side, which without it, or by halves, would do nothing. */
static void check_side(const struct config *c, struct mistakes *m, const struct side *s)
{
	check_is_used(c, m, s, s->ca.key, s->ca.value);
	check_is_used(c, m, s, s->certificate.key, s->certificate.value);
	check_is_used(c, m, s, s->private_key.key, s->private_key.value);
	if (s->private_key.value != NULL && s->certificate.value == NULL &&
	    is_usable(c, s->certificate.key))
		TELL(c, m, s->private_key.key, "a key without a certificate; say %s too",
		     other(m, s->certificate.key));
}

/* What TLS to clients can't do without. */
static void check_clients(const struct config *c, struct mistakes *m)
{
	const char *protocol = "gateway.security_protocol", *auth = "gateway.ssl_client_auth";
	const char *certificate = "gateway.ssl_certificate_location";

	if (!protocol_has_tls(c->gateway_protocol) || !is_usable(c, protocol))
		return;
	if (c->ssl_certificate == NULL && is_usable(c, certificate))
		TELL(c, m, protocol, "TLS needs a certificate; say %s too", other(m, certificate));
	if (c->ssl_client_auth != CLIENT_AUTH_NONE && c->ssl_ca == NULL && is_usable(c, auth) &&
	    is_usable(c, "gateway.ssl_ca_location"))
		TELL(c, m, auth, "nobody signs clients' certificates; say %s too",
		     other(m, "gateway.ssl_ca_location"));
}

static void check_http(const struct config *c, struct mistakes *m)
{
	const char *certificate = "gateway.http_ssl_certificate_location";
	const char *key = "gateway.http_ssl_key_location";

	if (c->http_ssl_certificate == NULL && c->http_ssl_key != NULL &&
	    is_usable(c, certificate) && is_usable(c, key))
		TELL(c, m, key, "a key without a certificate; say %s too", other(m, certificate));
}

/* Certificates say who clients are only where clients are asked for one, and by nothing else. */
static void check_principal_rules(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.ssl_principal_mapping_rules";
	char why[PRINCIPAL_RULES_WHY_MAX] = "";
	struct principal_rules *rules;

	if (c->ssl_principal_rules == NULL || !is_usable(c, key))
		return;
	rules = principal_rules_read(c->ssl_principal_rules, why);
	if (rules == NULL)
		TELL(c, m, key, "%s", why);
	principal_rules_free(rules);
	if (c->gateway_protocol != OVER_SSL || c->ssl_client_auth == CLIENT_AUTH_NONE)
		mistakes_warn_of(
			m, option_by_key(key), origin(c, key),
			"nobody looks at it: it is for %s SSL and %s requested or required",
			other(m, "gateway.security_protocol"), other(m, "gateway.ssl_client_auth"));
}

static void check_tls(const struct config *c, struct mistakes *m)
{
	const struct side brokers = {
		.protocol_key = "kafka.security_protocol",
		.protocol = c->kafka_protocol,
		.certificate = { "kafka.ssl_certificate_location", c->kafka_ssl_certificate },
		.private_key = { "kafka.ssl_key_location", c->kafka_ssl_key },
		.ca = { "kafka.ssl_ca_location", c->kafka_ssl_ca },
	};
	const struct side clients = {
		.protocol_key = "gateway.security_protocol",
		.protocol = c->gateway_protocol,
		.certificate = { "gateway.ssl_certificate_location", c->ssl_certificate },
		.private_key = { "gateway.ssl_key_location", c->ssl_key },
		.ca = { "gateway.ssl_ca_location", c->ssl_ca },
	};

	check_side(c, m, &brokers);
	check_side(c, m, &clients);
	check_clients(c, m);
	check_http(c, m);
	check_principal_rules(c, m);
}

/* --- who the gateway is to the brokers --- */

static void check_is_missing(const struct config *c, struct mistakes *m, const char *key,
			     const char *value, const char *what)
{
	if (value == NULL && is_usable(c, key))
		TELL(c, m, key, "missing; %s", what);
}

static void check_jaas(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.sasl_jaas_config";
	char why[JAAS_WHY_MAX];
	struct jaas jaas;

	if (c->sasl_username != NULL || c->sasl_password != NULL)
		TELL(c, m, key, "%s and %s say it too; this one or those",
		     other(m, "kafka.sasl_username"), other(m, "kafka.sasl_password"));
	if (!jaas_read(&jaas, c->sasl_jaas_config, why)) {
		TELL(c, m, key, "not understood: %s", why);
		return;
	}
	if ((jaas.module == JAAS_PLAIN) != (strcmp(c->sasl_mechanism, "PLAIN") == 0))
		TELL(c, m, key, "its login module is not that of %s, which %s says",
		     c->sasl_mechanism, other(m, "kafka.sasl_mechanism"));
	jaas_deinit(&jaas);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void check_token(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.sasl_oauthbearer_token_endpoint_url";

	check_is_missing(c, m, key, c->oauth_url,
			 "https://... of a token endpoint, or file:///... of a token's file");
	if (c->oauth_url == NULL || begins(c->oauth_url, "file:///"))
		return;
	if (!begins(c->oauth_url, "https://") && !begins(c->oauth_url, "http://")) {
		TELL(c, m, key, "\"%.100s\" won't do; it must be https://... or file:///...",
		     c->oauth_url);
		return;
	}
	if (begins(c->oauth_url, "http://"))
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "without TLS the secret and the token can be read on their way");
	check_is_missing(c, m, "kafka.sasl_oauthbearer_client_id", c->oauth_client_id,
			 "who asks the token endpoint");
	check_is_missing(c, m, "kafka.sasl_oauthbearer_client_secret", c->oauth_client_secret,
			 "what the token endpoint is shown");
}

static void check_account(const struct config *c, struct mistakes *m)
{
	check_is_missing(
		c, m, "kafka.sasl_mechanism", c->sasl_mechanism,
		"PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, as the brokers have it");
	if (c->sasl_mechanism == NULL)
		return;
	if (strcmp(c->sasl_mechanism, "OAUTHBEARER") == 0) {
		check_token(c, m);
	} else if (c->sasl_jaas_config != NULL) {
		check_jaas(c, m);
	} else {
		check_is_missing(c, m, "kafka.sasl_username", c->sasl_username,
				 "the gateway's own account at the brokers");
		check_is_missing(c, m, "kafka.sasl_password", c->sasl_password,
				 "that account's password");
	}
}

/* Clients say who they are, and brokers judge it. */
static void check_clients_of_sasl(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.security_protocol";

	if (!protocol_has_sasl(c->kafka_protocol))
		TELL(c, m, key,
		     "clients would say who they are, and no broker would judge it: %s is without SASL",
		     other(m, "kafka.security_protocol"));
	if (c->clients_act_as_gateway)
		TELL(c, m, "gateway.clients_act_as_gateway",
		     "clients say by SASL who they are (%s), so they are not the gateway",
		     other(m, key));
}

static bool has_certificates(const struct config *c)
{
	return c->proxy_identity ||
	       (c->gateway_protocol == OVER_SSL && c->ssl_client_auth != CLIENT_AUTH_NONE);
}

/* A file that says whom clients are at the brokers. */
static void check_identity_map(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.identity_map", *protocol = "gateway.security_protocol";

	if (!protocol_has_sasl(c->kafka_protocol))
		TELL(c, m, key, "no broker asks who one is: %s is without SASL",
		     other(m, "kafka.security_protocol"));
	if (c->clients_act_as_gateway)
		TELL(c, m, key, "%s says that all clients are the gateway; one of them",
		     other(m, "gateway.clients_act_as_gateway"));
	if (protocol_has_sasl(c->gateway_protocol))
		TELL(c, m, key, "clients say by SASL who they are (%s), and brokers judge it",
		     other(m, protocol));
	else if (!has_certificates(c))
		mistakes_warn_of(m, option_by_key(key), origin(c, key),
				 "clients show no certificate, so all of them are User:ANONYMOUS");
}

/* PROXY headers that say who clients are. */
static void check_proxy_identity(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.proxy_identity";

	if (!c->proxy_identity || !is_usable(c, key))
		return;
	if (c->proxy_protocol == PROXY_OFF && is_usable(c, "gateway.proxy_protocol"))
		TELL(c, m, key, "no header is read; say %s require too",
		     other(m, "gateway.proxy_protocol"));
	if (protocol_has_sasl(c->gateway_protocol) && is_usable(c, "gateway.security_protocol"))
		TELL(c, m, key, "clients say by SASL who they are (%s)",
		     other(m, "gateway.security_protocol"));
}

/* Nobody may come to act as the gateway because nobody has thought of it. */
static void check_who_acts(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.security_protocol", *flag = "gateway.clients_act_as_gateway";
	bool by_certificate = c->kafka_protocol == OVER_SSL && c->kafka_ssl_certificate != NULL;
	bool has_account = protocol_has_sasl(c->kafka_protocol) || by_certificate;

	if (!is_usable(c, key) || !is_usable(c, flag) || !is_usable(c, "gateway.security_protocol"))
		return;
	if (c->identity_map != NULL && is_usable(c, "gateway.identity_map"))
		check_identity_map(c, m);
	if (protocol_has_sasl(c->gateway_protocol)) {
		check_clients_of_sasl(c, m);
		return;
	}
	if (has_account && !c->clients_act_as_gateway && c->identity_map == NULL)
		TELL(c, m, key,
		     "the brokers ask who one is, and clients do not say it to the gateway (%s); "
		     "only if every client may do all that the gateway's own account may, say %s true",
		     other(m, "gateway.security_protocol"), other(m, flag));
	else if (!has_account && c->clients_act_as_gateway)
		mistakes_warn_of(
			m, option_by_key(flag), origin(c, flag),
			"the gateway has no account at the brokers: clients are anonymous");
}

static void check_sasl(const struct config *c, struct mistakes *m)
{
	const struct {
		const char *key, *value;
	} said[] = {
		{ "kafka.sasl_mechanism", c->sasl_mechanism },
		{ "kafka.sasl_username", c->sasl_username },
		{ "kafka.sasl_password", c->sasl_password },
		{ "kafka.sasl_jaas_config", c->sasl_jaas_config },
		{ "kafka.sasl_oauthbearer_token_endpoint_url", c->oauth_url },
	};

	check_who_acts(c, m);
	check_proxy_identity(c, m);
	if (!is_usable(c, "kafka.security_protocol") || !is_usable(c, "kafka.sasl_mechanism"))
		return;
	if (protocol_has_sasl(c->kafka_protocol)) {
		check_account(c, m);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (said[i].value != NULL && is_usable(c, said[i].key))
			mistakes_warn_of(m, option_by_key(said[i].key), origin(c, said[i].key),
					 "nobody looks at it: %s is without SASL",
					 other(m, "kafka.security_protocol"));
	}
}

void check_all(const struct config *c, struct mistakes *m)
{
	check_ports(c, m);
	check_advertised_ports(c, m);
	check_http_port(c, m);
	check_external(c, m);
	check_memory(c, m);
	check_connections(c, m);
	check_trust(c, m);
	check_idle(c, m);
	check_port_hint(c, m);
	check_nodes(c, m);
	check_cluster(c, m);
	check_tls(c, m);
	check_pattern(c, m);
	check_sasl(c, m);
}
