#include "topology/metadata.h"

#include "kafka/api.h"
#include "kafka/errors.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

enum {
	PARTITIONS_MAX = 200000, /* of one topic: beyond it an index is taken for nonsense */
};

/* Room for one more element at the end of an array that doubles. */
static void *grown(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return mem_realloc(array, (count > 0 ? count * 2 : 1) * size);
}

static void add_broker(struct metadata *m)
{
	m->brokers = grown(m->brokers, m->broker_count, sizeof *m->brokers);
	m->brokers[m->broker_count++] = (struct broker){ 0 };
}

static void add_topic(struct metadata *m)
{
	m->topics = grown(m->topics, m->topic_count, sizeof *m->topics);
	m->topics[m->topic_count++] = (struct metadata_topic){ .first = m->partition_count };
}

static void add_partition(struct metadata *m)
{
	m->partitions = grown(m->partitions, m->partition_count, sizeof *m->partitions);
	m->partitions[m->partition_count++] = (struct metadata_partition){ .leader = NO_BROKER,
									   .leader_epoch = -1,
									   .replicas = -1 };
	m->topics[m->topic_count - 1].count++;
}

/* The level that the walk is inside of: TOPICS, PARTITIONS, BROKERS, or NOTHING. */
static enum kis level_of(enum kis level, const struct walk_event *e)
{
	if (e->is != TOPICS && e->is != PARTITIONS && e->is != BROKERS)
		return level;
	if (e->kind != WALK_ARRAY_END)
		return e->is;
	return e->is == PARTITIONS ? TOPICS : NOTHING;
}

static char *text_of(const struct walk_event *e)
{
	return e->number >= 0 ? mem_strndup((const char *)e->bytes, e->len) : NULL;
}

static void set_text(char **text, const struct walk_event *e)
{
	free(*text);
	*text = text_of(e);
}

static void take_broker_value(struct broker *b, const struct walk_event *e)
{
	if (e->is == NODE_ID)
		b->id = (int32_t)e->number;
	else if (e->is == HOST)
		set_text(&b->host, e);
	else if (e->is == PORT)
		b->port = (int)e->number;
	else if (e->is == RACK)
		set_text(&b->rack, e);
}

static void take_topic_value(struct metadata_topic *t, const struct walk_event *e)
{
	if (e->is == ERROR_CODE) {
		t->error = (int16_t)e->number;
	} else if (e->is == TOPIC_NAME && e->number >= 0) {
		t->name = e->bytes;
		t->name_len = e->len;
	} else if (e->is == TOPIC_ID) {
		memcpy(t->id, e->bytes, WIRE_UUID);
	} else if (e->is == IS_INTERNAL) {
		t->is_internal = e->number != 0;
	}
}

/* The lists of a partition's brokers: all that have it, those in sync, those offline. */
static void take_replicas(struct metadata_partition *p, const struct walk_event *e)
{
	if (p->replicas < 0) {
		p->replicas = (int32_t)(e->len / 4);
		p->replica = e->len > 0 ? (int32_t)wire_get32(e->bytes) : NO_BROKER;
	} else if (p->in_sync == NULL) {
		p->in_sync = e->bytes;
		p->in_sync_count = e->len / 4;
	}
}

static void take_partition_value(struct metadata_partition *p, const struct walk_event *e)
{
	if (e->is == ERROR_CODE)
		p->error = (int16_t)e->number;
	else if (e->is == PARTITION)
		p->index = (int32_t)e->number;
	else if (e->is == LEADER_ID)
		p->leader = (int32_t)e->number;
	else if (e->is == LEADER_EPOCH)
		p->leader_epoch = (int32_t)e->number;
	else if (e->is == NODE_IDS)
		take_replicas(p, e);
}

static void take_own_value(struct metadata *m, const struct walk_event *e)
{
	if (e->is == CLUSTER_ID)
		set_text(&m->cluster_id, e);
	else if (e->is == CONTROLLER_ID)
		m->controller = (int32_t)e->number;
	else if (e->is == ERROR_CODE)
		m->error = (int16_t)e->number;
}

static void take_element(struct metadata *m, enum kis level)
{
	if (level == BROKERS)
		add_broker(m);
	else if (level == TOPICS)
		add_topic(m);
	else if (level == PARTITIONS)
		add_partition(m);
}

static void take_value(struct metadata *m, enum kis level, const struct walk_event *e)
{
	if (level == BROKERS)
		take_broker_value(&m->brokers[m->broker_count - 1], e);
	else if (level == TOPICS)
		take_topic_value(&m->topics[m->topic_count - 1], e);
	else if (level == PARTITIONS)
		take_partition_value(&m->partitions[m->partition_count - 1], e);
	else
		take_own_value(m, e);
}

static int compare_brokers(const void *a, const void *b)
{
	const struct broker *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* The brokers are sorted by id then, each id once, none without a host. */
static void settle_brokers(struct metadata *m)
{
	size_t kept = 0;

	if (m->broker_count > 0)
		qsort(m->brokers, m->broker_count, sizeof *m->brokers, compare_brokers);
	for (size_t i = 0; i < m->broker_count; i++) {
		struct broker *b = &m->brokers[i];

		if (b->host == NULL || b->port <= 0 || b->port > 65535 ||
		    (kept > 0 && m->brokers[kept - 1].id == b->id)) {
			free(b->host);
			free(b->rack);
		} else {
			m->brokers[kept++] = *b;
		}
	}
	m->broker_count = kept;
}

bool metadata_read(struct metadata *m, int version, const uint8_t *body, uint32_t len)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;
	enum kis level = NOTHING;

	*m = (struct metadata){ .controller = NO_BROKER };
	walk_init(&w, api_plan(api_of(KEY_METADATA), version, RESPONSE), len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_ELEMENT)
			take_element(m, e.is);
		else if (e.kind == WALK_VALUE)
			take_value(m, level, &e);
		level = level_of(level, &e);
	}
	settle_brokers(m);
	return got == WALK_DONE;
}

void metadata_deinit(struct metadata *m)
{
	broker_list_free(m->brokers, m->broker_count);
	free(m->cluster_id);
	free(m->topics);
	free(m->partitions);
	*m = (struct metadata){ 0 };
}

/* How many partitions the topic has as the answer lists them. */
static int32_t listed_partitions(const struct metadata *m, const struct metadata_topic *t)
{
	int32_t count = 0;

	for (size_t i = t->first; i < t->first + t->count; i++) {
		int32_t index = m->partitions[i].index;

		if (index >= count && index < PARTITIONS_MAX)
			count = index + 1;
	}
	return count;
}

static bool is_same_incarnation(const struct topic *old, const struct metadata_topic *t)
{
	return old != NULL && topic_has_id(old) && memcmp(old->id, t->id, WIRE_UUID) == 0;
}

/* Puts the broker into its place among those that are there; the last one may fall out. */
static void add_in_sync(int32_t all[IN_SYNC_MAX], int32_t broker)
{
	for (int i = 0; i < IN_SYNC_MAX; i++) {
		const int32_t there = all[i];

		if (there == broker)
			return;
		if (there == NO_BROKER || broker < there) {
			all[i] = broker;
			broker = there;
		}
		if (broker == NO_BROKER)
			return;
	}
}

static struct partition heard(const struct metadata_partition *p)
{
	const bool has_leader = p->leader >= 0 && p->error != ERROR_LEADER_NOT_AVAILABLE;
	struct partition now = partition_unknown;

	now.leader = has_leader ? p->leader : NO_BROKER;
	now.leader_epoch = p->leader_epoch;
	now.sole_replica = p->replicas == 1 ? p->replica : NO_BROKER;
	for (uint32_t i = 0; i < p->in_sync_count; i++) {
		const int32_t broker = (int32_t)wire_get32(p->in_sync + 4 * (size_t)i);

		if (broker != p->leader && broker >= 0)
			add_in_sync(now.in_sync, broker);
	}
	return now;
}

static bool is_older(const struct partition *now, const struct partition *known)
{
	return now->leader_epoch >= 0 && now->leader_epoch < known->leader_epoch;
}

/* The topic's partitions as they are after the answer, in *all; how many. */
static void merge_partitions(struct partition *all, int32_t count, const struct topic *kept,
			     const struct metadata *m, const struct metadata_topic *t)
{
	int32_t known = kept != NULL ? kept->partition_count : 0;

	for (int32_t i = 0; i < count; i++)
		all[i] = i < known ? kept->partitions[i] : partition_unknown;
	for (size_t i = t->first; i < t->first + t->count; i++) {
		const struct metadata_partition *p = &m->partitions[i];
		struct partition now = heard(p);

		if (p->index < 0 || p->index >= count)
			continue;
		if (p->index >= known || !is_older(&now, &kept->partitions[p->index]))
			all[p->index] = now;
	}
}

static bool is_unchanged(const struct topic *old, const struct metadata_topic *t,
			 const struct partition *all, int32_t count)
{
	return old != NULL && memcmp(old->id, t->id, WIRE_UUID) == 0 &&
	       old->partition_count == count &&
	       memcmp(old->partitions, all, (size_t)count * sizeof *all) == 0;
}

static void merge_topic(struct snapshot *next, const struct topic *old, const struct metadata *m,
			const struct metadata_topic *t)
{
	const struct topic *kept = is_same_incarnation(old, t) ? old : NULL;
	int32_t count = listed_partitions(m, t);
	struct partition *all;

	if (kept != NULL && kept->partition_count > count)
		count = kept->partition_count;
	all = mem_alloc((size_t)count * sizeof *all + 1);
	merge_partitions(all, count, kept, m, t);
	if (is_unchanged(old, t, all, count)) {
		snapshot_share_topic(next, old);
	} else {
		struct topic *made = snapshot_add_topic(next, t->name, t->name_len, t->id, count);

		memcpy(made->partitions, all, (size_t)count * sizeof *all);
	}
	free(all);
}

static bool says_gone(int16_t error)
{
	return error == ERROR_UNKNOWN_TOPIC_OR_PARTITION || error == ERROR_UNKNOWN_TOPIC_ID ||
	       error == ERROR_INCONSISTENT_TOPIC_ID || error == ERROR_INVALID_TOPIC;
}

/* A topic that the answer names by its id alone; NULL: not known. */
static const struct topic *known_topic(const struct snapshot *s, const struct metadata_topic *t)
{
	if (s == NULL)
		return NULL;
	if (t->name != NULL)
		return snapshot_topic(s, t->name, t->name_len);
	return snapshot_topic_by_id(s, t->id);
}

void metadata_merge(struct snapshot *next, const struct snapshot *old, const struct metadata *m,
		    bool is_full)
{
	for (size_t i = 0; i < m->topic_count; i++) {
		const struct metadata_topic *t = &m->topics[i];
		const struct topic *known = known_topic(old, t);

		if (t->error == 0 && t->name != NULL && t->name_len > 0)
			merge_topic(next, known, m, t);
		else if (known != NULL && says_gone(t->error))
			snapshot_drop_topic(next, known->name, known->name_len);
		else if (known != NULL && is_full)
			snapshot_share_topic(next, known);
	}
}
