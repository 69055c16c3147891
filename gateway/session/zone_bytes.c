#include "session/zone_bytes.h"

#include "session/inside.h"
#include "session/nearby.h"

#include <string.h>

static void count(struct client *c, const char *zone, enum stats_counter same,
		  enum stats_counter other, uint64_t n)
{
	const char *own = c->worker->config->rack_id;

	if (own != NULL && zone != NULL)
		stats_add(&c->worker->stats, strcmp(own, zone) == 0 ? same : other, n);
}

void zone_bytes_client(struct client *c, uint64_t n)
{
	count(c, nearby_zone(c), STAT_ZONE_CLIENT_SAME, STAT_ZONE_CLIENT_OTHER, n);
}

void zone_bytes_broker(struct client *c, const struct upstream *u, uint64_t n)
{
	const struct broker *b;

	if (n == 0 || c->worker->config->rack_id == NULL)
		return;
	b = snapshot_broker(c->worker->snapshot, u->broker);
	if (b != NULL)
		count(c, b->rack, STAT_ZONE_BROKER_SAME, STAT_ZONE_BROKER_OTHER, n);
}
