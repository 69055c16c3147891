#include "route/nearest.h"

#include <string.h>

static bool is_in_zone(const struct broker *b, const char *zone)
{
	return b != NULL && b->address_len > 0 && b->rack != NULL && strcmp(b->rack, zone) == 0;
}

bool nearest_has_brokers(const struct snapshot *s, const char *zone)
{
	for (size_t i = 0; i < s->broker_count; i++) {
		if (is_in_zone(&s->brokers[i], zone))
			return true;
	}
	return false;
}

static bool is_near(const struct nearest_question *q, int32_t broker)
{
	return is_in_zone(snapshot_broker(q->snapshot, broker), q->zone) &&
	       (q->is_barred == NULL || !q->is_barred(q->ctx, broker));
}

static int32_t follower_of(const struct nearest_question *q, const struct partition *p)
{
	int32_t near[IN_SYNC_MAX];
	uint32_t n = 0;

	for (int i = 0; i < IN_SYNC_MAX && p->in_sync[i] != NO_BROKER; i++) {
		if (is_near(q, p->in_sync[i]))
			near[n++] = p->in_sync[i];
	}
	return n > 0 ? near[(uint32_t)q->partition % n] : NO_BROKER;
}

static struct nearest leader_since(enum nearest_why why)
{
	return (struct nearest){ NO_BROKER, why };
}

struct nearest nearest_of(const struct nearest_question *q)
{
	const struct partition *p = topic_partition(q->topic, q->partition);
	int32_t follower;

	if (p == NULL || p->leader == NO_BROKER)
		return leader_since(NEAREST_NO_LEADER);
	if (is_in_zone(snapshot_broker(q->snapshot, p->leader), q->zone))
		return leader_since(NEAREST_LEADER_IS_NEAR);
	follower = follower_of(q, p);
	if (follower == NO_BROKER)
		return leader_since(NEAREST_NONE_IN_SYNC);
	return (struct nearest){ follower, NEAREST_FOLLOWER };
}
