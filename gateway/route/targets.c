#include "route/targets.h"

#include "kafka/errors.h"
#include "kafka/wire.h"

const struct topic *target_topic(const struct snapshot *s, const struct layout_topic *t)
{
	if (t->name != NULL)
		return snapshot_topic(s, t->name, t->name_len);
	return t->id != NULL ? snapshot_topic_by_id(s, t->id) : NULL;
}

struct topology_name target_name(const struct layout_topic *t)
{
	if (t->name != NULL)
		return (struct topology_name){ t->name, t->name_len, false };
	return (struct topology_name){ t->id, WIRE_UUID, true };
}

uint32_t targets_set(struct layout *l, const struct where_question *about)
{
	struct where_question q = *about;
	uint32_t unknown = 0, last = UINT32_MAX;

	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (!l->by_key && i->topic != last) {
			last = i->topic;
			q.topic = target_topic(q.snapshot, &l->topics[last]);
		}
		q.partition = i->partition;
		q.key = i->key;
		q.key_len = i->key_len;
		q.resource_type = i->resource_type;
		i->target = where_of(&q).target;
		i->error = ERROR_NONE;
		unknown += i->target == TARGET_UNKNOWN;
	}
	return unknown;
}

uint32_t targets_refused(const struct layout *l)
{
	uint32_t n = 0;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++)
		n += i->target == TARGET_REFUSED;
	return n;
}

void targets_settle(struct layout *l, int32_t any)
{
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (i->target == TARGET_UNKNOWN || i->target == TARGET_ANY)
			i->target = any;
	}
}

uint32_t targets_distinct(const struct layout *l, int32_t *targets, uint32_t max)
{
	uint32_t n = 0;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		uint32_t k = 0;

		if (i->target == TARGET_REFUSED)
			continue;
		while (k < n && targets[k] != i->target)
			k++;
		if (k == n && n < max)
			targets[n++] = i->target;
	}
	return n;
}
