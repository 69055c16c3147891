#include "plan/consistency.h"

#include "plan/consistency_parts.h"

enum { PORT_HIGHEST = 65535 };

static void check_count(const struct haproxy_plan *plan, struct findings *f)
{
	if (plan->has_config)
		findings_refuse(f, "gateway.port_count is 0: the nodes ask the cluster how many "
				   "ports they need, which HAProxy can't: give port_count in the "
				   "configuration, or the range with --listen HOST:FIRST-LAST");
	else
		findings_refuse(f, "the number of ports is not known: give the range with --listen "
				   "HOST:FIRST-LAST (FIRST-FIRST for one port), or a "
				   "configuration file with port_count");
}

size_t consistency_check(const struct haproxy_plan *plan, FILE *out)
{
	struct findings f = { .out = out };

	consistency_words(plan, &f);
	consistency_nodes(plan, &f);
	consistency_front(plan, &f);
	consistency_keys(plan, &f);
	consistency_tls(plan, &f);
	consistency_times(plan, &f);
	if (plan->count_is_missing) {
		check_count(plan, &f);
		return f.refused;
	}
	if (plan->listen.last > PORT_HIGHEST) {
		findings_refuse(&f,
				"HAProxy's ports %d-%d go beyond 65535: begin lower or take fewer "
				"ports",
				plan->listen.first, plan->listen.last);
		return f.refused;
	}
	consistency_node_ports(plan, &f);
	consistency_front_ports(plan, &f);
	consistency_keys_ports(plan, &f);
	consistency_sizes_ports(plan, &f);
	return f.refused;
}
