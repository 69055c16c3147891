/* TLS towards clients and nodes: nothing may be plain where encryption was meant. */
#include "plan/consistency_parts.h"

#include "plan/endpoint.h"

#include <string.h>
#include <strings.h>

static const char *mode_name(const struct config_haproxy *want)
{
	static const char *const names[] = { [TLS_NONE] = "none",
					     [TLS_PASSTHROUGH] = "passthrough",
					     [TLS_TERMINATE] = "terminate",
					     [TLS_REENCRYPT] = "reencrypt" };

	return names[want->tls];
}

static void needs_end(const struct config_haproxy *want, const char *flag, struct findings *f)
{
	findings_refuse(f,
			"%s with --tls %s: HAProxy does not end clients' TLS, so it would have no "
			"effect; give --tls terminate or reencrypt, or leave it out",
			flag, mode_name(want));
}

static void check_clients(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (!plan->ends_tls) {
		if (want->tls_certificate != NULL)
			needs_end(want, "--tls-certificate", f);
		if (want->tls_client_ca != NULL)
			needs_end(want, "--tls-client-ca", f);
		if (want->tls_client_auth != CLIENT_AUTH_NONE)
			needs_end(want, "--tls-client-auth", f);
		return;
	}
	if (want->tls_certificate == NULL)
		findings_refuse(
			f,
			"--tls %s needs --tls-certificate: a file with HAProxy's certificate "
			"for clients, what signed it, and its key",
			mode_name(want));
	if (want->tls_client_auth != CLIENT_AUTH_NONE && want->tls_client_ca == NULL)
		findings_refuse(f, "--tls-client-auth needs --tls-client-ca: the authorities whose "
				   "certificates clients may show");
	if (want->tls_client_auth == CLIENT_AUTH_NONE && want->tls_client_ca != NULL)
		findings_refuse(f,
				"--tls-client-ca, but clients are asked for no certificate: give "
				"--tls-client-auth required (or requested), or leave it out");
}

static void needs_reencrypt(const struct config_haproxy *want, const char *flag, struct findings *f)
{
	findings_refuse(f,
			"%s with --tls %s: HAProxy does not speak TLS to the nodes by itself; give "
			"--tls reencrypt, or leave it out",
			flag, mode_name(want));
}

static void check_nodes(const struct config_haproxy *want, struct findings *f)
{
	if (want->tls != TLS_REENCRYPT) {
		if (want->node_tls_ca != NULL)
			needs_reencrypt(want, "--node-tls-ca", f);
		if (want->node_tls_name != NULL)
			needs_reencrypt(want, "--node-tls-name", f);
		if (want->node_tls_certificate != NULL)
			needs_reencrypt(want, "--node-tls-certificate", f);
		if (!want->node_tls_verify)
			needs_reencrypt(want, "--no-node-tls-verify", f);
		return;
	}
	if (!want->node_tls_verify) {
		if (want->node_tls_ca != NULL || want->node_tls_name != NULL)
			findings_refuse(f, "--no-node-tls-verify with --node-tls-ca or "
					   "--node-tls-name: nothing would be compared with them; "
					   "leave one or the other out");
		findings_warn(f,
			      "--no-node-tls-verify: whoever stands between HAProxy and the nodes "
			      "can read everything; give --node-tls-ca and --node-tls-name");
		return;
	}
	if (want->node_tls_ca == NULL)
		findings_refuse(f, "--tls reencrypt needs --node-tls-ca: the authorities that sign "
				   "the nodes' certificates");
	if (want->node_tls_name == NULL)
		findings_warn(f,
			      "--tls reencrypt without --node-tls-name: HAProxy compares a node's "
			      "certificate with the server name that the client asked for, and "
			      "with nothing when it asked for none");
	else if (endpoint_host_mistake(want->node_tls_name) != NULL)
		findings_refuse(f, "--node-tls-name \"%s\": %s", want->node_tls_name,
				endpoint_host_mistake(want->node_tls_name));
}

static void check_routes(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (want->sni_route_count == 0)
		return;
	if (want->tls == TLS_NONE)
		findings_refuse(f,
				"--sni-route without TLS: only TLS has a server name; give --tls, "
				"or tell brokers apart by ports");
	if (plan->single)
		findings_refuse(f,
				"--sni-route with advertised_mode \"%s\": the nodes have one "
				"port, so there is nothing to choose; leave the routes out",
				plan->listener->advertised_mode == ADVERTISE_HOST ? "host"
										  : "single");
	for (size_t i = 0; i < want->sni_route_count; i++) {
		const struct config_route *route = &want->sni_routes[i];
		struct haproxy_ports port = { route->port, route->port };

		if (plan->has_config && !plan->count_is_missing &&
		    !consistency_within(&port, &plan->node_ports))
			findings_refuse(f,
					"--sni-route %s=%d: the nodes listen on %d-%d, and nobody "
					"answers at %d",
					route->name, route->port, plan->node_ports.first,
					plan->node_ports.last, route->port);
		for (size_t j = 0; j < i; j++) {
			if (strcasecmp(want->sni_routes[j].name, route->name) == 0)
				findings_refuse(f,
						"two --sni-route for %s: only the last would count",
						route->name);
		}
	}
}

/* What the nodes speak, against what HAProxy hands on. */
static void check_protocol(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	bool nodes_speak_tls = protocol_has_tls(plan->listener->protocol);
	bool is_handed_on = want->tls == TLS_PASSTHROUGH || want->tls == TLS_REENCRYPT;

	if (plan->has_config && is_handed_on && !nodes_speak_tls)
		findings_warn(f,
			      "--tls %s, but gateway.security_protocol is \"PLAINTEXT\": the nodes "
			      "do not speak TLS, so something that ends it must stand before each",
			      mode_name(want));
	if (plan->has_config && want->tls == TLS_NONE && nodes_speak_tls)
		findings_refuse(f,
				"--tls none, but gateway.security_protocol has TLS: HAProxy would "
				"take nothing but plain Kafka, and the nodes nothing but TLS; give "
				"--tls passthrough, or reencrypt");
	if (plan->has_config && want->tls == TLS_TERMINATE && nodes_speak_tls)
		findings_refuse(f,
				"--tls terminate, but gateway.security_protocol is \"SSL\": the "
				"nodes take nothing but TLS; give --tls reencrypt, or passthrough");
}

/* The nodes take a client for whom HAProxy says that its certificate is. */
static void check_identity(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (!plan->listener->proxy_identity)
		return;
	if (!plan->ends_tls)
		findings_refuse(
			f,
			"--tls %s, but gateway.proxy_identity is true: HAProxy sees no client's "
			"certificate, so all are User:ANONYMOUS; give --tls terminate or reencrypt",
			mode_name(want));
	else if (want->tls_client_auth == CLIENT_AUTH_NONE)
		findings_refuse(
			f,
			"gateway.proxy_identity is true, and clients are asked for no "
			"certificate, so all are User:ANONYMOUS; give --tls-client-auth required "
			"and --tls-client-ca");
	else if (want->tls_client_auth == CLIENT_AUTH_REQUESTED)
		findings_warn(
			f,
			"--tls-client-auth requested, and gateway.proxy_identity is true: a client "
			"without a certificate is User:ANONYMOUS; give --tls-client-auth required");
	if (!plan->sends_proxy_header)
		findings_refuse(
			f,
			"gateway.proxy_identity is true, and nothing tells the nodes who a client "
			"is; leave --proxy-header off out");
}

void consistency_tls(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	check_clients(plan, f);
	check_nodes(want, f);
	check_routes(plan, f);
	check_protocol(plan, f);
	check_identity(plan, f);
}
