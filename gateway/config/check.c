#include "config/check_inside.h"

#include <inttypes.h>
#include <string.h>

enum {
	CLIENTS_IDLE_MS = 9 * 60 * 1000,
	REAUTH_LEAST_MS = 3000,
	TOPIC_NAME_MOST = 249,
	CLUSTER_ID_MOST = 200, /* with room for what is put in front of it */
};

static void check_memory(const struct config *c, struct mistakes *m)
{
	if (!check_is_usable(c, "gateway.limits.frame") ||
	    !check_is_usable(c, "gateway.limits.memory"))
		return;
	if (c->max_frame_bytes > c->memory_budget_bytes / CONFIG_FRAMES_IN_MEMORY)
		TELL(c, m, "gateway.limits.frame",
		     "%" PRId64 " bytes are more than half of %s (%" PRId64 " bytes): a frame that "
		     "must be held would never fit; the other half is for answers",
		     c->max_frame_bytes, check_other(m, "gateway.limits.memory"),
		     c->memory_budget_bytes);
}

static void check_connections(const struct config *c, struct mistakes *m)
{
	if (!check_is_usable(c, "gateway.limits.connections") ||
	    !check_is_usable(c, "gateway.limits.connections_per_address"))
		return;
	if (c->max_connections_per_address > c->max_connections)
		TELL(c, m, "gateway.limits.connections_per_address",
		     "%d is more than %s, %d; at most as many, or 0 for no limit",
		     c->max_connections_per_address, check_other(m, "gateway.limits.connections"),
		     c->max_connections);
}

/* Clients close what is idle after nine minutes; who closes earlier makes them send into a
 * closed connection. */
static void check_idle(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.timeouts.idle";

	if (check_is_usable(c, key) && c->idle_timeout_ms <= CLIENTS_IDLE_MS)
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "clients keep idle connections for 9 min; a longer time lets them "
				 "close first");
}

/* Clients log in anew in the last fifth of what they are told, which is a tenth less, and no more than once a second. */
static void check_reauth(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.connections_max_reauth";

	if (check_is_usable(c, key) && c->max_reauth_ms > 0 && c->max_reauth_ms < REAUTH_LEAST_MS)
		TELL(c, m, key,
		     "%d ms are over before clients have logged in anew, which they do once a second "
		     "at most; at least 3 s, or 0 for no end",
		     c->max_reauth_ms);
}

/* Nodes may differ in it, and a client comes to several. */
static void check_zone(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.zone";

	if (check_is_usable(c, key) && c->named_count == 0 && c->listener.zone != NULL &&
	    c->listener.internal_load_balancing)
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "under internal load balancing a client would be told nodes by "
				 "the zone of the one that it has reached; say gateway.zones, "
				 "alike at all of them, instead");
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
	if (!is_good && check_is_usable(c, key) && check_origin(c, key)->kind != ORIGIN_DEFAULT)
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
	if (check_is_usable(c, heartbeat) && check_is_usable(c, "gateway.timeouts.session") &&
	    c->heartbeat_interval_ms > c->session_timeout_ms / 3)
		TELL(c, m, heartbeat,
		     "%d ms are more than a third of %s, %d ms: one late answer would end a "
		     "membership",
		     c->heartbeat_interval_ms, check_other(m, "gateway.timeouts.session"),
		     c->session_timeout_ms);
}

static void check_metrics(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.secured_metrics", *token = "gateway.metrics_token";

	if (!check_is_usable(c, key) || !check_is_usable(c, token) ||
	    !check_is_usable(c, "gateway.http_token") ||
	    !check_is_usable(c, "gateway.http_read_token"))
		return;
	if (c->secured_metrics && c->metrics_token == NULL && c->http_token == NULL &&
	    c->http_read_token == NULL)
		TELL(c, m, key, "no token opens them; say %s too", check_other(m, token));
	if (!c->secured_metrics && c->metrics_token != NULL &&
	    check_origin(c, key)->kind != ORIGIN_DEFAULT)
		TELL(c, m, key, "false, and %s secures them; one of them", check_other(m, token));
}

void check_all(const struct config *c, struct mistakes *m)
{
	check_memory(c, m);
	check_connections(c, m);
	check_idle(c, m);
	check_reauth(c, m);
	check_metrics(c, m);
	check_zone(c, m);
	check_nodes(c, m);
	check_cluster(c, m);
	check_tls(c, m);
	if (c->named_count > 0)
		check_listeners(c, m);
	else
		check_listener(c, m);
	check_fronts(c, m);
	check_sasl(c, m);
}
