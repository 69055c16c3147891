#include "route/targets.h"

enum { RESOURCE_BROKER = 4, RESOURCE_BROKER_LOGGER = 8 };

const struct topic *target_topic(const struct snapshot *s, const struct layout_topic *t)
{
	if (t->name != NULL)
		return snapshot_topic(s, t->name, t->name_len);
	return t->id != NULL ? snapshot_topic_by_id(s, t->id) : NULL;
}

static int32_t leader_in(const struct topic *topic, const struct snapshot *s, int32_t partition)
{
	int32_t leader;

	if (topic == NULL || partition < 0 || partition >= topic->partition_count)
		return TARGET_UNKNOWN;
	leader = topic->partitions[partition].leader;
	return leader != NO_BROKER && snapshot_broker(s, leader) != NULL ? leader : TARGET_UNKNOWN;
}

/* A broker's own settings are at that broker; everything else is anywhere. */
static int32_t target_of_resource(const struct layout_item *item, const struct snapshot *s)
{
	int32_t id = 0;

	if (item->resource_type != RESOURCE_BROKER && item->resource_type != RESOURCE_BROKER_LOGGER)
		return TARGET_ANY;
	if (item->key_len == 0 || item->key_len > 9)
		return TARGET_ANY;
	for (uint32_t i = 0; i < item->key_len; i++) {
		if (item->key[i] < '0' || item->key[i] > '9')
			return TARGET_ANY;
		id = 10 * id + (item->key[i] - '0');
	}
	return snapshot_broker(s, id) != NULL ? id : TARGET_ANY;
}

uint32_t targets_set(const struct kapi *api, struct layout *l, const struct snapshot *s)
{
	const struct topic *topic = NULL;
	uint32_t unknown = 0, last = UINT32_MAX;

	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (api->route == TO_RESOURCE) {
			i->target = target_of_resource(i, s);
			continue;
		}
		if (i->topic != last) {
			last = i->topic;
			topic = target_topic(s, &l->topics[last]);
		}
		i->target = leader_in(topic, s, i->partition);
		unknown += i->target == TARGET_UNKNOWN;
	}
	return unknown;
}

void targets_settle(struct layout *l, int32_t any)
{
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (i->target < 0)
			i->target = any;
	}
}

uint32_t targets_distinct(const struct layout *l, int32_t *targets, uint32_t max)
{
	uint32_t n = 0;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		uint32_t k = 0;

		while (k < n && targets[k] != i->target)
			k++;
		if (k == n && n < max)
			targets[n++] = i->target;
	}
	return n;
}
