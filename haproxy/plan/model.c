#include "plan/model.h"

#include "plan/fronts.h"
#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	DEFAULT_HTTP_PORT = 8888,
	DEFAULT_IDLE_MS = 11 * MINUTE, /* as gateway.timeouts.idle */
	NUMBER_LARGEST = 10000000,
	NAME_LONGEST = 64,
	/* The page, the metrics, the socket. */
	OTHER_LISTENERS = 3,
};

int model_port_count(const struct haproxy_ports *ports)
{
	return ports->last == 0 ? 0 : ports->last - ports->first + 1;
}

int model_http_port(const struct haproxy_plan *plan, const struct config_node *node)
{
	if (node != NULL && node->http_port != 0)
		return node->http_port;
	return plan->config->http_port != 0 ? plan->config->http_port : DEFAULT_HTTP_PORT;
}

int model_agent_port(const struct haproxy_plan *plan)
{
	int own = plan->config->haproxy.agent_port;

	return own != 0 ? own : plan->config->agent_port;
}

bool model_is_backup(const struct haproxy_plan *plan, const struct config_node *node)
{
	const char *rack = plan->config->haproxy.rack;

	return rack != NULL && (node->rack == NULL || strcmp(node->rack, rack) != 0);
}

int model_node_count(const struct haproxy_plan *plan)
{
	if (plan->config->haproxy.discover != NULL)
		return plan->config->haproxy.discover_slots;
	return (int)plan->config->node_count;
}

int model_connections_of_nodes(const struct haproxy_plan *plan)
{
	long long all =
		(long long)plan->config->max_connections * (long long)plan->config->node_count;

	return all < NUMBER_LARGEST ? (int)all : NUMBER_LARGEST;
}

bool model_hashes_by_address(const struct haproxy_plan *plan)
{
	return plan->config->haproxy.balance == BALANCE_HASH &&
	       version_has(&plan->version, VERSION_HASH_KEY);
}

bool model_waits_for_check(const struct haproxy_plan *plan)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	return want->discover != NULL && want->balance != BALANCE_HASH &&
	       version_has(&plan->version, VERSION_INIT_STATE);
}

bool model_tells_zone(const struct haproxy_plan *plan)
{
	return plan->config->haproxy.rack != NULL && plan->sends_proxy_header &&
	       version_has(&plan->version, VERSION_TLV_FMT);
}

static struct version oldest_of(const struct haproxy_plan *plan)
{
	if (model_waits_for_check(plan))
		return version_since(VERSION_INIT_STATE);
	if (model_hashes_by_address(plan))
		return version_since(VERSION_HASH_KEY);
	return model_tells_zone(plan) ? version_since(VERSION_TLV_FMT) : VERSION_OLDEST;
}

struct version model_oldest(const struct haproxy_plan *plan)
{
	struct version oldest = VERSION_OLDEST;

	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		struct version own = oldest_of(p);

		if (version_compare(&own, &oldest) > 0)
			oldest = own;
	}
	return oldest;
}

/* --- of all in the row ----------------------------------------------------- */

int model_front_count(const struct haproxy_plan *plan)
{
	int count = 0;

	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next)
		count++;
	return count;
}

bool model_some_ends_tls(const struct haproxy_plan *plan)
{
	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		if (p->ends_tls)
			return true;
	}
	return false;
}

bool model_each_ends_tls(const struct haproxy_plan *plan)
{
	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		if (!p->ends_tls)
			return false;
	}
	return true;
}

static int ports_of_all(const struct haproxy_plan *plan)
{
	int count = 0;

	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next)
		count += model_port_count(&p->listen);
	return count;
}

struct sizing model_sizing(const struct haproxy_plan *plan)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	struct sizing_input input = { .wanted = want->maxconn,
				      .nodes_take = model_connections_of_nodes(plan),
				      .fd_limit = want->fd_limit,
				      .listeners = ports_of_all(plan) + OTHER_LISTENERS +
						   (want->peer_count > 0 ? 1 : 0),
				      .nodes = model_node_count(plan) * model_front_count(plan),
				      .agents = model_agent_port(plan) != 0,
				      .peers = (int)want->peer_count,
				      .splice = want->splice && !model_each_ends_tls(plan) };

	return sizing_of(&input);
}

bool model_port_is_the_hint(const struct haproxy_plan *plan)
{
	bool tells_nodes = plan->has_config && plan->listener->internal_load_balancing;

	return plan->port_map != PORT_MAP_FIXED && !plan->sends_proxy_header && !tells_nodes &&
	       plan->config->haproxy.sni_route_count == 0; /* then a name says it */
}

bool model_needs_client_id(const struct haproxy_plan *plan)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	return want->stickiness == STICKINESS_CLIENT_ID ||
	       want->stickiness == STICKINESS_SOURCE_CLIENT_ID || want->limit_client_id > 0 ||
	       want->limit_client_id_rate > 0;
}

bool model_needs_sni(const struct haproxy_plan *plan)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	return want->stickiness == STICKINESS_SNI || want->sni_route_count > 0;
}

bool model_has_table(const struct haproxy_plan *plan)
{
	return plan->config->haproxy.stickiness != STICKINESS_NONE &&
	       plan->config->haproxy.balance != BALANCE_HASH;
}

/* --- how long a connection may be silent --------------------------------- */

struct model_silence model_silence(const struct haproxy_plan *plan)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	const struct model_silence all[] = {
		{ plan->idle_timeout_ms,
		  "the nodes keep idle connections (gateway.timeouts.idle)" },
		{ want->client_max_idle_ms,
		  "clients keep idle connections (connections.max.idle.ms)" },
		{ (int64_t)want->client_max_poll_interval_ms + 5 * SECOND,
		  "a group may take to form (max.poll.interval.ms and 5 s)" },
		{ (int64_t)want->client_session_timeout_ms + 5 * SECOND,
		  "a member may be silent (session.timeout.ms and 5 s)" },
		{ (int64_t)want->client_fetch_max_wait_ms + want->client_request_timeout_ms,
		  "a fetch may wait (fetch.max.wait.ms and request.timeout.ms)" },
	};
	struct model_silence longest = all[0];

	for (size_t i = 1; i < ARRAY_LEN(all); i++) {
		if (all[i].ms > longest.ms)
			longest = all[i];
	}
	return longest;
}

int64_t model_timeout_ms(const struct haproxy_plan *plan)
{
	return model_silence(plan).ms + MINUTE;
}

const char *model_name_mistake(const char *name)
{
	size_t length = strlen(name);

	if (length == 0)
		return "the name is missing";
	if (length > NAME_LONGEST)
		return "a name has at most 64 characters";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!isalnum(c) && c != '.' && c != '-' && c != '_')
			return "a name is made of letters, digits, '.', '-' and '_'";
	}
	return NULL;
}

/* --- ports ---------------------------------------------------------------- */

static struct haproxy_ports ports_from(int first, int count)
{
	return (struct haproxy_ports){ first, count > 0 && first > 0 ? first + count - 1 : 0 };
}

/* How many ports the nodes have; 0: nothing tells. */
static int node_port_count(const struct haproxy_plan *plan)
{
	const struct config *c = plan->config;

	if (plan->single)
		return 1;
	if (plan->listener->port_count > 0)
		return plan->listener->port_count;
	if (c->haproxy_listen_last != 0)
		return c->haproxy_listen_last - c->haproxy_listen_port + 1;
	return 0;
}

static void settle_ports(struct haproxy_plan *plan)
{
	const struct config *c = plan->config;
	int count = node_port_count(plan);
	int first = c->haproxy_listen_port != 0 ? c->haproxy_listen_port
						: plan->listener->advertised_port;

	plan->listen = ports_from(first, count);
	if (c->haproxy_listen_last != 0)
		plan->listen.last = c->haproxy_listen_last;
	else if (c->haproxy.sni_route_count > 0)
		plan->listen.last = first; /* names tell brokers apart, not ports */
	plan->node_ports = plan->has_config ? ports_from(plan->listener->port_start, count)
					    : plan->listen;
	plan->advertised = ports_from(plan->listener->advertised_port, count);
	plan->count_is_missing = count == 0 || first == 0;
}

/* The first advertised port is the nodes' first one: the rest follows. */
static void settle_map(struct haproxy_plan *plan)
{
	int from = plan->listen.first;

	if (plan->single) {
		plan->port_map = PORT_MAP_FIXED;
		return;
	}
	if (plan->has_config && plan->advertised.first >= plan->listen.first &&
	    plan->advertised.first <= plan->listen.last)
		from = plan->advertised.first;
	plan->port_offset = plan->node_ports.first - from;
	plan->port_map = plan->port_offset == 0 ? PORT_MAP_SAME : PORT_MAP_OFFSET;
}

static struct haproxy_plan *plan_new(const struct config *config, const struct version *version)
{
	struct haproxy_plan *plan = mem_zalloc(sizeof *plan);
	const struct config_haproxy *want = &config->haproxy;

	plan->config = plan->whole = config;
	plan->first = plan;
	plan->listener = config_listener(config, 0);
	plan->version = *version;
	plan->has_config = config->bootstrap_servers != NULL;
	plan->listen_host = config->haproxy_listen_host;
	plan->single = plan->has_config && plan->listener->advertised_mode != ADVERTISE_PORTS;
	plan->sends_proxy_header = want->proxy_header == PROXY_HEADER_V2 ||
				   (want->proxy_header == PROXY_HEADER_AUTO &&
				    plan->listener->proxy_protocol != PROXY_OFF);
	plan->ends_tls = want->tls == TLS_TERMINATE || want->tls == TLS_REENCRYPT;
	plan->splices = want->splice && !plan->ends_tls;
	plan->idle_timeout_ms = plan->has_config ? config->idle_timeout_ms : DEFAULT_IDLE_MS;
	settle_ports(plan);
	if (!plan->count_is_missing)
		settle_map(plan);
	return plan;
}

static struct haproxy_plan *plans_new(const struct config *config, const struct version *version)
{
	struct haproxy_plan *first = NULL, **end = &first;

	for (size_t i = 0; i < config_listener_count(config); i++) {
		struct haproxy_plan *plan = plan_new(fronts_config(config, i), version);

		*end = plan;
		end = &plan->next;
		plan->first = first;
		plan->whole = config;
		plan->name = plan->listener->name;
	}
	return first;
}

struct haproxy_plan *model_new(const struct config *config, const struct version *version)
{
	return fronts_are_named(config) ? plans_new(config, version) : plan_new(config, version);
}

void model_free(struct haproxy_plan *plan)
{
	while (plan != NULL) {
		struct haproxy_plan *next = plan->next;

		if (plan->config != plan->whole)
			fronts_config_free((struct config *)plan->config);
		free(plan);
		plan = next;
	}
}
