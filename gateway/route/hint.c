#include "route/hint.h"

#include "config/host_pattern.h"
#include "topology/snapshot.h"

struct hint hint_none(void)
{
	return (struct hint){ NO_BROKER, HINT_NONE };
}

static bool keeps_ports(const struct listener *l)
{
	return l->internal_load_balancing || l->port_is_hint;
}

struct hint hint_of_port(const struct listener *l, int port, bool is_proxied)
{
	if (l->advertised_mode != ADVERTISE_PORTS || (!is_proxied && !keeps_ports(l)))
		return hint_none();
	return (struct hint){ l->min_broker_id + port, is_proxied ? HINT_PROXY : HINT_PORT };
}

struct hint hint_of_name(const struct listener *l, const char *name)
{
	int32_t broker = NO_BROKER;

	if (l->advertised_mode == ADVERTISE_HOST && name != NULL)
		broker = host_pattern_id(l->advertised_pattern, name);
	return broker != NO_BROKER ? (struct hint){ broker, HINT_NAME } : hint_none();
}

struct hint hint_of_client(int32_t broker)
{
	return (struct hint){ broker, HINT_CLIENT };
}

const char *hint_word(enum hint_by by)
{
	static const char *const words[] = { NULL, "port", "proxy", "name", "client" };

	return words[by];
}
