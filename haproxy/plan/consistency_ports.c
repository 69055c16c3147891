/* What the parts of consistency.c ask about ports and words. */
#include "plan/consistency_parts.h"
#include "plan/endpoint.h"

#include <ctype.h>
#include <string.h>

bool consistency_same_place(const char *a, const char *b)
{
	return endpoint_same_host(a, b) || endpoint_is_every_address(a) ||
	       endpoint_is_every_address(b);
}

bool consistency_overlap(const struct haproxy_ports *a, const struct haproxy_ports *b)
{
	return a->first <= b->last && b->first <= a->last;
}

bool consistency_within(const struct haproxy_ports *inner, const struct haproxy_ports *outer)
{
	return inner->first >= outer->first && inner->last <= outer->last;
}

bool consistency_is_plain_word(const char *s)
{
	for (const char *p = s; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr("/._-+:@,", *p) == NULL)
			return false;
	}
	return *s != '\0';
}

struct haproxy_ports consistency_reached(const struct haproxy_plan *plan)
{
	if (plan->port_map == PORT_MAP_FIXED)
		return (struct haproxy_ports){ plan->node_ports.first, plan->node_ports.first };
	return (struct haproxy_ports){ plan->listen.first + plan->port_offset,
				       plan->listen.last + plan->port_offset };
}
