/* Where clients are told to come: whether somebody listens there, on each of the ports. */
#include "doctor.h"

#include "live/probe.h"
#include "util/mem.h"

#include <stdlib.h>

/* Ports that clients are told: of brokers, where there is one each. */
static size_t told(const struct listener *l, struct probe **list)
{
	bool is_many = l->advertised_mode == ADVERTISE_PORTS && l->port_count > 0;
	size_t count = is_many ? (size_t)l->port_count : 1;

	*list = mem_zalloc(count * sizeof **list);
	for (size_t i = 0; i < count; i++)
		(*list)[i] = (struct probe){ .host = l->advertised_host,
					     .port = l->advertised_port + (int)i };
	return count;
}

static bool is_bad(const struct probe *p)
{
	return p->result == PROBE_REFUSED || p->result == PROBE_SILENT;
}

static size_t count_bad(const struct probe *list, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += is_bad(&list[i]);
	return n;
}

/* Once, however many ports it is. */
static void tell(struct doctor *d, const struct probe *list, size_t count)
{
	size_t bad = count_bad(list, count), first = 0;
	const char *how;

	if (bad == 0)
		return;
	while (!is_bad(&list[first]))
		first++;
	how = list[first].result == PROBE_REFUSED ? "nobody listens" : "nobody answers";
	doctor_find(
		d, DOCTOR_ERROR,
		mem_strdup(
			"start HAProxy there, let it bind these ports, and open the way to them; "
			"`anyportctl verify` then looks at it as clients do"),
		"clients are told %s:%d, and %s there; so it is at %zu of the %zu ports that "
		"they are told",
		list[first].host, list[first].port, how, bad, count);
}

/* Why the listener can't be looked at. */
static void pass(struct doctor *d, const struct listener *l, const char *why)
{
	if (l->name != NULL)
		doctor_pass(d, "listener %s: %s", l->name, why);
	else
		doctor_pass(d, "%s", why);
}

static void pass_unknown(struct doctor *d, const struct listener *l)
{
	char *why = mem_printf("%s does not resolve here", l->advertised_host);

	pass(d, l, why);
	free(why);
}

static void look_listener(struct doctor *d, const struct listener *l)
{
	struct probe *list;
	size_t count;

	if (l->advertised_pattern != NULL || l->internal_load_balancing) {
		pass(d, l, "each client may be told another place: `anyportctl verify` looks");
		return;
	}
	count = told(l, &list);
	probe_all(list, count, d->timeout_ms);
	if (list[0].result == PROBE_NO_ADDRESS)
		pass_unknown(d, l);
	else
		tell(d, list, count);
	free(list);
}

void doctor_front(struct doctor *d)
{
	for (size_t i = 0; i < config_listener_count(d->config); i++)
		look_listener(d, config_listener(d->config, i));
}
