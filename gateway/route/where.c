#include "route/where.h"

/* --- what any live broker takes --- */

static struct where any(enum where_why why)
{
	return (struct where){ TARGET_ANY, why };
}

static struct where unknown(enum where_why why)
{
	return (struct where){ TARGET_UNKNOWN, why };
}

/* --- what is asked of the broker that was dialled --- */

static bool is_single(const struct where_question *q)
{
	return q->advertising->listener->advertised_mode == ADVERTISE_SINGLE;
}

/* In `single` one id stands for all brokers, and names none. */
bool where_is_dialled(const struct where_question *q)
{
	return q->api->by_dialled && q->hint.by != HINT_NONE && !is_single(q) &&
	       snapshot_broker(q->snapshot, q->hint.broker) != NULL &&
	       advertise_has_own(q->advertising, q->snapshot, q->hint.broker);
}

static struct where at_dialled(const struct where_question *q)
{
	return (struct where){ q->hint.broker, WHERE_DIALLED };
}

/* --- leaders --- */

static struct where at_leader(const struct where_question *q)
{
	const struct partition *p = topic_partition(q->topic, q->partition);

	if (p == NULL)
		return unknown(q->topic == NULL ? WHERE_TOPIC_UNKNOWN : WHERE_PARTITION_UNKNOWN);
	if (p->leader == NO_BROKER || snapshot_broker(q->snapshot, p->leader) == NULL)
		return unknown(WHERE_NO_LEADER);
	return (struct where){ p->leader, WHERE_LEADER };
}

/* A broker without a port of its own is dialled as another one, and has its answers there. */
static struct where at_leader_dialled(const struct where_question *q)
{
	const struct where leads = at_leader(q);

	if (!where_is_dialled(q))
		return leads;
	if (leads.why == WHERE_LEADER &&
	    advertise_id(q->advertising, q->snapshot, leads.target) == q->hint.broker)
		return leads;
	return at_dialled(q);
}

/* --- replicas --- */

/* What is asked of a broker about its own replica, and is no business of another broker's.  In
 * `single` the one broker that there is leads everything: the leader's replica is its own. */
static struct where at_replica(const struct where_question *q)
{
	const struct where leads = at_leader(q);
	const struct partition *p = topic_partition(q->topic, q->partition);
	struct where where = { NO_BROKER, WHERE_REPLICA };

	if (p != NULL)
		where.target = p->sole_replica;
	if (snapshot_broker(q->snapshot, where.target) == NULL)
		where.target = NO_BROKER;
	if (where_is_dialled(q) &&
	    (where.target == NO_BROKER ||
	     advertise_id(q->advertising, q->snapshot, where.target) != q->hint.broker))
		return at_dialled(q);
	if (where.target != NO_BROKER)
		return where;
	if (is_single(q) || p == NULL)
		return leads;
	return (struct where){ TARGET_VETTED, WHERE_REPLICAS };
}

/* --- coordinators --- */

bool where_has_coordinator(const struct where_question *q)
{
	/* "" is a group like any other, and has a coordinator */
	return (q->api->route == TO_GROUP || q->api->route == TO_TXN) && q->key != NULL;
}

enum coordinator_type where_coordinator_type(const struct kapi *api)
{
	return api->route == TO_TXN ? COORDINATOR_TXN : COORDINATOR_GROUP;
}

static struct where at_coordinator(const struct where_question *q)
{
	if (!where_has_coordinator(q))
		return any(WHERE_NO_KEY);
	if (q->coordinator == NO_BROKER)
		return unknown(WHERE_COORDINATOR_UNKNOWN);
	return (struct where){ q->coordinator, WHERE_COORDINATOR };
}

/* --- resources --- */

/* A broker's own settings are at that broker; everything else is anywhere. */
static struct where at_resource(const struct where_question *q)
{
	int32_t id = 0;

	if (q->resource_type != RESOURCE_BROKER && q->resource_type != RESOURCE_BROKER_LOGGER)
		return any(WHERE_ANY_RESOURCE);
	if (q->key_len == 0 && where_is_dialled(q))
		return at_dialled(q); /* what it has for all brokers */
	if (q->key_len == 0 || q->key_len > 9)
		return any(WHERE_ANY_RESOURCE);
	for (uint32_t i = 0; i < q->key_len; i++) {
		if (q->key[i] < '0' || q->key[i] > '9')
			return any(WHERE_ANY_RESOURCE);
		id = 10 * id + (q->key[i] - '0');
	}
	if (snapshot_broker(q->snapshot, id) == NULL)
		return any(WHERE_ANY_RESOURCE);
	return (struct where){ id, WHERE_RESOURCE };
}

struct where where_of(const struct where_question *q)
{
	switch (q->api->route) {
	case TO_LEADER:
		return at_leader_dialled(q);
	case TO_REPLICA:
		return at_replica(q);
	case TO_GROUP:
	case TO_TXN:
		return at_coordinator(q);
	case TO_RESOURCE:
		return at_resource(q);
	case TO_ANY:
		return where_is_dialled(q) ? at_dialled(q) : any(WHERE_ANY);
	case TO_CONTROLLER:
	case TO_LOGIN:
		return where_is_dialled(q) ? at_dialled(q) : any(WHERE_CONTROLLER);
	case TO_ALL:
		return where_is_dialled(q) ? at_dialled(q) : any(WHERE_ALL);
	case HERE:
		return any(WHERE_HERE);
	case NOT_FOR_CLIENTS:
		break;
	}
	return any(WHERE_REFUSED);
}
