/* What keeps a client on its node, who shares that, and limits by the same keys. */
#include "plan/consistency_parts.h"
#include "plan/endpoint.h"
#include "plan/stickiness.h"

#include <string.h>

enum { FACTOR_LEAST = 101 };

/* Whether a key can be seen at all by what HAProxy gets to read. */
static void check_visible(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	const char *name = stickiness_name(want->stickiness);
	bool passes = want->tls == TLS_PASSTHROUGH;

	if (passes && (want->stickiness == STICKINESS_CLIENT_ID ||
		       want->stickiness == STICKINESS_SOURCE_CLIENT_ID))
		findings_refuse(
			f,
			"--stickiness %s with --tls passthrough: the client.id is inside the "
			"encryption, where HAProxy sees nothing and would balance as if it "
			"were not asked; choose source or sni, or --tls terminate or "
			"reencrypt",
			name);
	if (want->stickiness == STICKINESS_SNI && want->tls == TLS_NONE)
		findings_refuse(f,
				"--stickiness sni without TLS: only TLS has a server name; choose "
				"port or source, or give --tls");
	if (want->stickiness == STICKINESS_CERT && !plan->ends_tls)
		findings_refuse(f,
				"--stickiness cert with --tls %s: HAProxy sees a client's "
				"certificate only where it ends TLS; give --tls terminate or "
				"reencrypt, with --tls-client-auth",
				passes ? "passthrough" : "none");
	else if (want->stickiness == STICKINESS_CERT && want->tls_client_auth == CLIENT_AUTH_NONE)
		findings_refuse(f, "--stickiness cert, but clients are asked for none: give "
				   "--tls-client-auth required (or requested) and --tls-client-ca");
	if (passes && (want->limit_client_id > 0 || want->limit_client_id_rate > 0))
		findings_refuse(f,
				"limits by client.id with --tls passthrough: the client.id is "
				"inside the encryption; limit by address (--limit-source), or give "
				"--tls terminate or reencrypt");
}

static void check_balance(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (want->balance == BALANCE_HASH && want->stickiness == STICKINESS_NONE)
		findings_refuse(f, "--balance hash does not say of what: add --stickiness source, "
				   "client-id, source+client-id, port, sni or cert");
	if (model_has_table(plan) && want->table_expire_ms < model_timeout_ms(plan))
		findings_warn(f,
			      "--table-expire is shorter than a connection may be idle: an entry "
			      "is not kept by an open connection, so a client's next one may go "
			      "to another node; give some hours");
	if (want->hash_balance_factor > 0 && want->balance != BALANCE_HASH)
		findings_refuse(f,
				"--hash-balance-factor %d without --balance hash would do nothing: "
				"add it, or leave the factor out",
				want->hash_balance_factor);
	else if (want->hash_balance_factor > 0 && want->hash_balance_factor < FACTOR_LEAST)
		findings_refuse(f,
				"--hash-balance-factor %d: it is a percentage of the mean and at "
				"least 101, as not every node can be below the mean; 150 is usual",
				want->hash_balance_factor);
}

/* --- peers ---------------------------------------------------------------- */

static void check_peer(const struct config_haproxy *want, size_t index, struct findings *f)
{
	const struct config_peer *peer = &want->peers[index];
	const char *mistake = model_name_mistake(peer->name);

	if (mistake == NULL)
		mistake = endpoint_host_mistake(peer->host);
	if (mistake == NULL && endpoint_is_every_address(peer->host))
		mistake = "its host stands for every address; give the one the others connect to";
	if (mistake != NULL)
		findings_refuse(f, "peer %s: %s", peer->name, mistake);
	for (size_t i = 0; i < index; i++) {
		const struct config_peer *other = &want->peers[i];

		if (strcmp(other->name, peer->name) == 0)
			findings_refuse(
				f,
				"two peers have the name %s: give each HAProxy a name of its "
				"own",
				peer->name);
		if (other->port == peer->port && endpoint_same_host(other->host, peer->host))
			findings_refuse(f,
					"peers %s and %s have the same address %s:%d: give each "
					"HAProxy its own",
					other->name, peer->name, peer->host, peer->port);
	}
}

static bool is_a_peer(const struct config_haproxy *want, const char *name)
{
	for (size_t i = 0; i < want->peer_count; i++) {
		if (strcmp(want->peers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void check_peers(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	for (size_t i = 0; i < want->peer_count; i++)
		check_peer(want, i, f);
	if (want->local_peer != NULL && want->peer_count == 0)
		findings_refuse(f,
				"--local-peer %s without --peers: name all HAProxies with --peers "
				"NAME=HOST:PORT, this one too, or leave it out",
				want->local_peer);
	else if (want->local_peer == NULL && want->peer_count > 0)
		findings_refuse(f,
				"--peers without --local-peer: HAProxy must know which of them it "
				"is, else it drops the section and shares nothing; say it with "
				"--local-peer (in the environment HAPROXY_LOCAL_PEER)");
	else if (want->local_peer != NULL && !is_a_peer(want, want->local_peer))
		findings_refuse(f,
				"--local-peer %s is none of the peers, and HAProxy would drop the "
				"section and share nothing: name it with --peers too",
				want->local_peer);
	if (want->peer_count == 0 || model_has_table(plan))
		return;
	if (want->balance == BALANCE_HASH)
		findings_refuse(f,
				"--peers with --balance hash: there is no table to share, as the "
				"same file gives the same hash on every HAProxy %s; leave --peers "
				"out",
				model_hashes_by_address(plan) ? "from 3.0 on" : "of one version");
	else
		findings_refuse(f, "--peers without --stickiness: there is no table to share; give "
				   "one, or leave --peers out");
}

void consistency_keys(const struct haproxy_plan *plan, struct findings *f)
{
	check_visible(plan, f);
	check_balance(plan, f);
	check_peers(plan, f);
}

/* --- keys that are too few ------------------------------------------------ */

static void check_few(const char *kind, int keys, int nodes, struct findings *f)
{
	if (keys == 1)
		findings_refuse(f,
				"with --stickiness %s and a single %s every client would go to the "
				"same node: choose source or client-id",
				kind, strcmp(kind, "port") == 0 ? "port" : "server name");
	else if (keys < nodes)
		findings_warn(f,
			      "--stickiness %s has %d %ss for %d nodes: at least %d nodes get no "
			      "client",
			      kind, keys, strcmp(kind, "port") == 0 ? "port" : "server name", nodes,
			      nodes - keys);
}

static void check_limits(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	int ports = model_port_count(&plan->listen);
	int least = 3 * ports;

	if (want->limit_source > 0 && want->limit_source < least)
		findings_warn(f,
			      "--limit-source %d: a client opens a connection to each of %d ports "
			      "and one or two more, so less than %d is soon too little for an "
			      "address with a few clients",
			      want->limit_source, ports, least);
	if (want->limit_client_id > 0 && want->limit_client_id < ports + 2)
		findings_warn(f,
			      "--limit-client-id %d: one client opens a connection to each of %d "
			      "ports and one or two more, so it needs %d",
			      want->limit_client_id, ports, ports + 2);
}

void consistency_keys_ports(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	int nodes = model_node_count(plan);

	if (want->stickiness == STICKINESS_PORT && nodes > 1)
		check_few("port", model_port_count(&plan->listen), nodes, f);
	if (want->stickiness == STICKINESS_SNI && want->sni_route_count > 0 && nodes > 1)
		check_few("sni", (int)want->sni_route_count, nodes, f);
	check_limits(plan, f);
}
