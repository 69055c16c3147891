/* The identity of this node: what it says of itself. */
#include "cluster/view_build.h"

#include "config/kinds.h"
#include "config/option_value.h"
#include "config/listeners.h"
#include "config/options.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <unistd.h>

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* Where others reach its HTTP API: an address that it is bound to, else its name. */
static char *http_address(const struct config *c)
{
	char name[TEXT_HOST_MAX] = "", both[TEXT_HOST_MAX + 16];
	const char *host = c->http_host;

	if (is_any(host))
		host = config_listener(c, 0)->bind_host;
	if (is_any(host)) {
		if (gethostname(name, sizeof name - 1) != 0 || *name == '\0')
			snprintf(name, sizeof name, "localhost");
		host = name;
	}
	text_host_port_print(both, sizeof both, host, c->http_port);
	return mem_printf("%s%s", c->http_ssl_certificate != NULL ? "https://" : "", both);
}

static enum member_hint hint_of(const struct listener *l)
{
	return l->port_is_hint ? MEMBER_PORT_IS_HINT : MEMBER_NO_HINT;
}

static void describe_places(struct told_places *t, const struct config *c)
{
	for (size_t i = 0; i < c->named_count; i++) {
		const struct listener *l = config_listener(c, i);

		told_add(t, &(struct told_place){ .name = c->named[i].name,
						  .host = l->advertised_host,
						  .port = l->advertised_port,
						  .port_count = l->port_count,
						  .min_broker_id = l->min_broker_id,
						  .mode = l->advertised_mode,
						  .port_hint = hint_of(l) });
	}
}

void self_count_ports(struct cluster_member *m, const int counts[])
{
	m->port_count = counts[0];
	for (size_t i = 0; i < m->places.count; i++)
		m->places.all[i].port_count = counts[i];
}

void self_describe(struct cluster_member *m, const struct config *c, const char *version)
{
	const struct listener *l = config_listener(c, 0);

	*m = (struct cluster_member){
		.node_id = mem_strdup(c->node_id),
		.host = mem_strdup(l->advertised_host),
		.port = l->advertised_port,
		.port_count = l->port_count,
		.min_broker_id = l->min_broker_id,
		.mode = l->advertised_mode,
		.internal = l->internal_load_balancing,
		.port_hint = hint_of(l),
		.rack = c->rack_id != NULL ? mem_strdup(c->rack_id) : NULL,
		.http = http_address(c),
		.version = mem_strdup(version),
		.settings = self_settings(c),
		.incarnation = clock_wall_ms(),
		.is_self = true,
		.load_at = -1,
	};
	describe_places(&m->places, c);
}

/* An option that is each node's own, or need not be alike. */
static bool may_differ(const struct config *c, const struct config_option *o)
{
	static const char *const keys[] = {
		"kafka.bootstrap_servers", "gateway.bind_host", "gateway.port_start",
		"gateway.node_id",	   "gateway.rack_id",	"gateway.http_host",
		"gateway.http_port",	   "gateway.workers",	"gateway.log_level",
		"gateway.agent_port",	   "gateway.listeners", "gateway.zone",
		"gateway.log_format",	   "gateway.audit_log",
	};

	if (o->is_secret || strncmp(o->key, "haproxy.", 8) == 0)
		return true;
	if (c->listener.internal_load_balancing && strcmp(o->key, "gateway.advertised_host") == 0)
		return true;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strcmp(o->key, keys[i]) == 0)
			return true;
	}
	return false;
}

uint64_t self_settings(const struct config *c)
{
	static const uint64_t key[2] = { 0x616e79706f7274, 1 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	uint64_t hash;

	if (out == NULL)
		abort(); /* no memory */
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		if (may_differ(c, o))
			continue;
		fprintf(out, "%s=", o->key);
		option_print(c, o, out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < c->named_count; i++)
		listeners_print_common(&c->listeners[i], out);
	fclose(out);
	hash = hash_keyed(key, text, size);
	free(text);
	return hash;
}
