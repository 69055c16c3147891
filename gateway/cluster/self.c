/* The identity of this node: what it says of itself. */
#include "cluster/view_build.h"

#include "config/kinds.h"
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
		host = c->bind_host;
	if (is_any(host)) {
		if (gethostname(name, sizeof name - 1) != 0 || *name == '\0')
			snprintf(name, sizeof name, "localhost");
		host = name;
	}
	text_host_port_print(both, sizeof both, host, c->http_port);
	return mem_printf("%s%s", c->http_ssl_certificate != NULL ? "https://" : "", both);
}

void self_describe(struct cluster_member *m, const struct config *c, const char *version,
		   int port_count)
{
	*m = (struct cluster_member){
		.node_id = mem_strdup(c->node_id),
		.host = mem_strdup(c->advertised_host),
		.port = c->advertised_port,
		.port_count = port_count,
		.min_broker_id = c->min_broker_id,
		.mode = c->advertised_mode,
		.internal = c->internal_load_balancing,
		.port_hint = c->port_is_hint ? MEMBER_PORT_IS_HINT : MEMBER_NO_HINT,
		.rack = c->rack_id != NULL ? mem_strdup(c->rack_id) : NULL,
		.http = http_address(c),
		.version = mem_strdup(version),
		.settings = self_settings(c),
		.incarnation = clock_wall_ms(),
		.is_self = true,
		.load_at = -1,
	};
}

/* An option that is each node's own, or need not be alike. */
static bool may_differ(const struct config *c, const struct config_option *o)
{
	static const char *const keys[] = {
		"kafka.bootstrap_servers", "gateway.bind_host", "gateway.port_start",
		"gateway.node_id",	   "gateway.rack_id",	"gateway.http_host",
		"gateway.http_port",	   "gateway.workers",	"gateway.log_level",
		"gateway.agent_port",
	};

	if (o->at == OPTION_NOWHERE || o->is_secret || strncmp(o->key, "haproxy.", 8) == 0)
		return true;
	if (c->internal_load_balancing && strcmp(o->key, "gateway.advertised_host") == 0)
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
		kind_of(o)->print(c, o, out);
		fputc('\n', out);
	}
	fclose(out);
	hash = hash_keyed(key, text, size);
	free(text);
	return hash;
}
