#include "route/advertise.h"

#include "config/host_pattern.h"
#include "kafka/wire.h"

/* Room to grow without a restart of the load balancer. */
enum { SPARE_PORTS = 2 };

/* A share session is at one broker, and in `single` there is no telling at which. */
bool advertise_serves(const struct listener *listener, const struct kapi *api)
{
	return api->course != COURSE_SHARE || listener->advertised_mode != ADVERTISE_SINGLE;
}

static bool has_port(const struct advertising *a, int32_t id)
{
	if (a->mapping != NULL)
		return mapping_has_port(a->mapping, id);
	return id >= a->listener->min_broker_id && id < a->listener->min_broker_id + a->port_count;
}

/* The broker with a port that stands for this one; NULL: none has one. */
static const struct broker *representative(const struct advertising *a, const struct snapshot *s,
					   int32_t id)
{
	size_t with_port = 0, wanted;

	for (size_t i = 0; i < s->broker_count; i++)
		with_port += has_port(a, s->brokers[i].id);
	if (with_port == 0)
		return NULL;
	wanted = (size_t)(uint32_t)id % with_port;
	for (size_t i = 0; i < s->broker_count; i++) {
		if (has_port(a, s->brokers[i].id) && wanted-- == 0)
			return &s->brokers[i];
	}
	return NULL;
}

int32_t advertise_id(const struct advertising *a, const struct snapshot *s, int32_t broker)
{
	const struct broker *other;

	if (a->listener->advertised_mode == ADVERTISE_SINGLE)
		return a->listener->min_broker_id;
	if (a->listener->advertised_mode == ADVERTISE_HOST)
		return broker;
	if (has_port(a, broker))
		return broker;
	other = representative(a, s, broker);
	return other != NULL ? other->id : NO_BROKER;
}

void advertise_ids(const struct advertising *a, const struct snapshot *s, uint8_t *ids,
		   size_t count)
{
	for (uint8_t *at = ids; at < ids + 4 * count; at += 4) {
		int32_t id = (int32_t)wire_get32(at);

		if (id >= 0)
			wire_put32(at, (uint32_t)advertise_id(a, s, id));
	}
}

bool advertise_has_own(const struct advertising *a, const struct snapshot *s, int32_t broker)
{
	if (a->listener->advertised_mode == ADVERTISE_SINGLE)
		return s->broker_count > 0 && s->brokers[0].id == broker;
	return advertise_id(a, s, broker) == broker;
}

static const struct mapping_node *node_of(const struct advertising *a, const struct snapshot *s,
					  int32_t id)
{
	const struct mapping_node *at = a->stays != NULL ? a->stays(a->stays_ctx, id) : NULL;
	const struct broker *b = snapshot_broker(s, id);
	const char *rack = b != NULL ? b->rack : NULL;

	if (at != NULL)
		return at;
	return mapping_choose(a->mapping, a->key, id, mapping_near(a->mapping, id, rack, a->zone));
}

bool advertise_broker(const struct advertising *a, const struct snapshot *s, int32_t broker,
		      struct advertised *out)
{
	const struct listener *l = a->listener;
	int32_t id = advertise_id(a, s, broker);

	if (id == NO_BROKER)
		return false;
	out->id = id;
	out->host = l->advertised_host;
	out->port = l->advertised_port;
	if (l->advertised_mode == ADVERTISE_HOST) {
		host_pattern_print(l->advertised_pattern, id, out->made);
		out->host = out->made;
	} else if (l->advertised_mode == ADVERTISE_PORTS && a->mapping != NULL) {
		const struct mapping_node *n = node_of(a, s, id);

		out->host = n->host;
		out->port = n->port + (id - n->min_broker_id);
	} else if (l->advertised_mode == ADVERTISE_PORTS) {
		out->port += id - l->min_broker_id;
	}
	return true;
}

int advertise_ports_needed(const struct listener *listener, const struct snapshot *s)
{
	int32_t max = listener->min_broker_id;

	if (listener->advertised_mode != ADVERTISE_PORTS)
		return 1;
	for (size_t i = 0; i < s->broker_count; i++) {
		if (s->brokers[i].id > max)
			max = s->brokers[i].id;
	}
	return max - listener->min_broker_id + 1 + SPARE_PORTS;
}
