/* Several listeners in one HAProxy: each must have a place of its own. */
#include "plan/consistency_parts.h"
#include "plan/endpoint.h"

#include <strings.h>

/* Ports that --listen gives can be one listener's only. */
static void check_listen(const struct haproxy_plan *first, struct findings *f)
{
	const struct config *c = first->whole;
	int told = config_listener(c, 0)->advertised_port;

	if (c->haproxy_listen_last != 0 ||
	    (c->haproxy_listen_port != 0 && c->haproxy_listen_port != told))
		findings_refuse(f, "--listen has ports, and each of several listeners has its own: "
				   "give the address alone, or a place to each with --front "
				   "NAME=HOST:PORT, or one listener with --listener NAME");
}

static bool is_named(const struct haproxy_plan *first, const char *name)
{
	for (const struct haproxy_plan *p = first; p != NULL; p = p->next) {
		if (strcasecmp(p->name, name) == 0)
			return true;
	}
	return false;
}

static void check_names(const struct haproxy_plan *first, struct findings *f)
{
	const struct config_haproxy *want = &first->whole->haproxy;

	for (size_t i = 0; i < want->front_count; i++) {
		if (!is_named(first, want->fronts[i].name))
			findings_refuse(f, "--front %s: no listener is called so",
					want->fronts[i].name);
		for (size_t k = 0; k < i; k++) {
			if (strcasecmp(want->fronts[k].name, want->fronts[i].name) == 0)
				findings_refuse(f, "--front: two places for %s",
						want->fronts[i].name);
		}
	}
}

static void check_pair(const struct haproxy_plan *a, const struct haproxy_plan *b,
		       struct findings *f)
{
	if (a->count_is_missing || b->count_is_missing)
		return; /* of each, which is told */
	if (consistency_overlap(&a->listen, &b->listen) &&
	    consistency_same_place(a->listen_host, b->listen_host))
		findings_refuse(f,
				"listeners %s and %s have ports in common at HAProxy, %s:%d-%d and "
				"%s:%d-%d: give each an address of its own with --front "
				"NAME=HOST:PORT",
				a->name, b->name, a->listen_host, a->listen.first, a->listen.last,
				b->listen_host, b->listen.first, b->listen.last);
	consistency_loop(a, b, f);
	consistency_loop(b, a, f);
}

void consistency_fronts(const struct haproxy_plan *first, struct findings *f)
{
	check_listen(first, f);
	check_names(first, f);
	for (const struct haproxy_plan *a = first; a != NULL; a = a->next) {
		for (const struct haproxy_plan *b = a->next; b != NULL; b = b->next)
			check_pair(a, b, f);
	}
}
