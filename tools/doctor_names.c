/* Whether the names in the configuration resolve on this machine, and how fast. */
#include "doctor.h"

#include "config/host_pattern.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>

enum { SLOW_MS = 1000 };

static void look_name(struct doctor *d, const char *host, enum doctor_severity severity,
		      const char *whose)
{
	char why[KAFKA_WHY_MAX];
	int64_t began = clock_ms(), took;
	struct addrinfo *found = kafka_resolve(host, 1, why);

	took = clock_ms() - began;
	if (found == NULL)
		doctor_find(
			d, severity,
			mem_printf(
				"mend the name, or the name servers in /etc/resolv.conf; `getent "
				"ahosts %s` must tell an address",
				host),
			"%s, %s: %s", host, whose, why);
	else
		freeaddrinfo(found);
	if (found != NULL && took > SLOW_MS)
		doctor_find(d, DOCTOR_WARNING,
			    mem_strdup("look at the name servers in /etc/resolv.conf: the first of "
				       "them may be down"),
			    "%s, %s: it took %lld ms to resolve", host, whose, (long long)took);
}

static void look_servers(struct doctor *d)
{
	const char *rest = d->config->bootstrap_servers;
	char host[TEXT_HOST_MAX], *item;
	int port;

	while ((item = text_next_item(&rest)) != NULL) {
		if (text_host_port(item, host, &port))
			look_name(d, host, DOCTOR_ERROR, "in kafka.bootstrap_servers");
		free(item);
	}
}

/* Clients have name servers of their own, so here it is no more than a sign. */
static void look_told(struct doctor *d, const struct listener *l)
{
	static const char whose[] = "which clients are told";
	char host[TEXT_HOST_MAX];

	if (l->advertised_pattern == NULL) {
		look_name(d, l->advertised_host, DOCTOR_WARNING, whose);
		return;
	}
	host_pattern_print(l->advertised_pattern, l->min_broker_id, host);
	look_name(d, host, DOCTOR_WARNING, whose);
}

void doctor_names(struct doctor *d)
{
	look_servers(d);
	for (size_t i = 0; i < config_listener_count(d->config); i++)
		look_told(d, config_listener(d->config, i));
	for (size_t i = 0; i < d->config->node_count; i++)
		look_name(d, d->config->nodes[i].host, DOCTOR_WARNING,
			  "of a node in haproxy.nodes");
}
