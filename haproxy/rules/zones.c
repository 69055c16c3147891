/* In which zone the nodes take the clients of this HAProxy to be. */
#include "rules/kafka_way.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

/* The TLV that the gateway reads (net/proxy.h there), as a number of any base. */
enum { ZONE_TLV = 0xe1 };

/* --- K82 -------------------------------------------------------------------- */

/* What the server is told, as it stands there; NULL: nothing. */
static const struct cfg_option *told_zone(const struct cfg_server *s)
{
	static const char word[] = "set-proxy-v2-tlv-fmt(";

	for (size_t i = 0; server_sends_header(s) && i < s->options.count; i++) {
		const struct cfg_option *o = &s->options.list[i];

		if (strncmp(o->name, word, sizeof word - 1) == 0 &&
		    strtol(o->name + sizeof word - 1, NULL, 0) == ZONE_TLV)
			return o;
	}
	return NULL;
}

/* What is worked out for each connection can't be compared. */
static void look_told(struct look *l, const struct cfg_server *s, const struct cfg_option *told)
{
	const char *rack = l->facts->gateway->haproxy.rack;

	if (strchr(told->value, '%') == NULL && strcmp(told->value, rack) != 0)
		found(l, told->line,
		      "server %s is told that clients are in zone %s, and haproxy.rack is %s",
		      s->name, told->value, rack);
}

static void look_server(struct look *l, const struct cfg_server *s)
{
	const struct config *g = l->facts->gateway;
	const struct cfg_option *told = told_zone(s);

	if (told != NULL && !was_found(l, told->line))
		look_told(l, s, told);
	if (told == NULL && g->listener.zone != NULL &&
	    strcmp(g->listener.zone, g->haproxy.rack) != 0)
		found(l, s->line,
		      "server %s takes who comes by this HAProxy for a client in zone %s (the "
		      "listener's), and haproxy.rack is %s",
		      s->name, g->listener.zone, g->haproxy.rack);
}

static void look_zones(struct look *l)
{
	const struct config *g = l->facts->gateway;

	if (g->haproxy.rack == NULL || !g->follower_reads)
		return;
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *backend = l->routes[i].backend;

		if (!kafka_way_is(l, &l->routes[i]))
			continue;
		for (size_t k = 0; k < backend->server_count; k++) {
			if (!was_found(l, backend->servers[k].line))
				look_server(l, &backend->servers[k]);
		}
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K82", "zone-of-another-rack", RULE_WARNING, RULE_GATEWAY, "silent",
	  "Clients that do not say their rack read from followers in the zone that the nodes take them "
	  "to be in: all that they read crosses zones then, which is paid for.",
	  "`set-proxy-v2-tlv-fmt(0xE1) RACK` beside send-proxy-v2, from HAProxy 2.9 on; before, a "
	  "listener of the nodes for each rack, with its zone and ports of its own, and that one's ports "
	  "here.",
	  look_zones },
};

const struct rule_group zone_rules = { rules, ARRAY_LEN(rules) };
