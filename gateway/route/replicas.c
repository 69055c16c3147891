#include "route/replicas.h"

#include "kafka/wire.h"
#include "route/nearest.h"
#include "route/targets.h"
#include "util/hash.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	BAR_MS = 5000, /* by then it is known whether the follower is in sync */
	BAR_MOST_MS = 60000,
	BROKERS_BARRED = 4,
	FIRST = 8,
	ALLOCATION = 16, /* what the heap takes beside an allocation */
};

struct known_topic {
	struct layout_topic key; /* its name or id is memory of its own */
	uint64_t hash;
};

/* A partition as the client reads it. */
struct reading {
	uint64_t hash;
	uint32_t topic; /* index */
	int32_t partition;
	int32_t follower; /* that was chosen last; NO_BROKER: the leader was */
	/* of which the offsets are */
	int32_t leader, epoch;
	uint8_t topic_id[WIRE_UUID];
	bool in_session; /* a broker's session with the client reads it */
	int64_t barred_until;
	int64_t told[REPLICAS_OFFSETS]; /* -1: nothing yet */
};

/* Indexes + 1 of an array's elements by their hash, 0: free; open addressing, at most half full. */
struct slots {
	uint32_t *at;
	uint32_t size; /* a power of two, or 0 */
};

struct replicas {
	char *zone;
	struct known_topic *topics;
	struct reading *readings;
	uint32_t topic_count, topic_cap, reading_count, reading_cap;
	size_t names; /* bytes */
	struct slots by_topic, by_reading;
	uint32_t changes;
	struct barred {
		int32_t broker;
		int32_t ms; /* for how long the last time, since when it has not answered */
		int64_t until;
	} barred[BROKERS_BARRED];
};

/* --- what is known --- */

static uint64_t reading_hash(uint32_t topic, int32_t partition)
{
	const uint64_t pair[] = { topic, (uint32_t)partition };

	return hash_bytes(pair, sizeof pair);
}

static const struct known_topic *find_topic(const struct replicas *r, const struct layout_topic *t)
{
	const uint64_t hash = layout_topic_hash(t);

	for (uint64_t h = hash; r->by_topic.size > 0; h++) {
		const uint32_t at = r->by_topic.at[h & (r->by_topic.size - 1)];

		if (at == 0)
			return NULL;
		if (r->topics[at - 1].hash == hash && layout_same_topic(&r->topics[at - 1].key, t))
			return &r->topics[at - 1];
	}
	return NULL;
}

static struct reading *find_reading(const struct replicas *r, const struct layout_topic *t,
				    int32_t partition)
{
	const struct known_topic *topic = find_topic(r, t);
	const uint32_t index = topic != NULL ? (uint32_t)(topic - r->topics) : 0;
	const uint64_t hash = reading_hash(index, partition);

	for (uint64_t h = hash; topic != NULL && r->by_reading.size > 0; h++) {
		const uint32_t at = r->by_reading.at[h & (r->by_reading.size - 1)];
		struct reading *one = at > 0 ? &r->readings[at - 1] : NULL;

		if (one == NULL)
			return NULL;
		if (one->topic == index && one->partition == partition)
			return one;
	}
	return NULL;
}

static void slots_put(struct slots *s, uint64_t hash, uint32_t index)
{
	while (s->at[hash & (s->size - 1)] != 0)
		hash++;
	s->at[hash & (s->size - 1)] = index + 1;
}

/* Empty ones, for an array of that size. */
static void slots_renew(struct slots *s, uint32_t cap)
{
	free(s->at);
	s->size = 2 * cap;
	s->at = mem_zalloc(s->size * sizeof *s->at);
}

static uint32_t cap_for(uint32_t count)
{
	uint32_t cap = FIRST;

	while (cap < count)
		cap *= 2;
	return cap;
}

static void grow_topics(struct replicas *r)
{
	r->topic_cap = cap_for(r->topic_count + 1);
	r->topics = mem_realloc(r->topics, r->topic_cap * sizeof *r->topics);
	slots_renew(&r->by_topic, r->topic_cap);
	for (uint32_t i = 0; i < r->topic_count; i++)
		slots_put(&r->by_topic, r->topics[i].hash, i);
}

static void grow_readings(struct replicas *r)
{
	r->reading_cap = cap_for(r->reading_count + 1);
	r->readings = mem_realloc(r->readings, r->reading_cap * sizeof *r->readings);
	slots_renew(&r->by_reading, r->reading_cap);
	for (uint32_t i = 0; i < r->reading_count; i++)
		slots_put(&r->by_reading, r->readings[i].hash, i);
}

static uint32_t name_len(const struct layout_topic *t)
{
	return t->name != NULL ? t->name_len : WIRE_UUID;
}

static const struct known_topic *add_topic(struct replicas *r, const struct layout_topic *t)
{
	const uint8_t *name = t->name != NULL ? t->name : t->id;
	struct known_topic *to;
	uint8_t *copy;

	if (r->topic_count == r->topic_cap)
		grow_topics(r);
	copy = mem_alloc((size_t)name_len(t) + 1);
	memcpy(copy, name, name_len(t));
	to = &r->topics[r->topic_count];
	*to = (struct known_topic){ .hash = layout_topic_hash(t) };
	to->key.name = t->name != NULL ? copy : NULL;
	to->key.name_len = t->name_len;
	to->key.id = t->name != NULL ? NULL : copy;
	slots_put(&r->by_topic, to->hash, r->topic_count++);
	r->names += name_len(t);
	return to;
}

static void add_reading(struct replicas *r, uint32_t topic, int32_t partition)
{
	if (r->reading_count == r->reading_cap)
		grow_readings(r);
	r->readings[r->reading_count] = (struct reading){ .hash = reading_hash(topic, partition),
							  .topic = topic,
							  .partition = partition,
							  .follower = NO_BROKER,
							  .leader = NO_BROKER,
							  .epoch = -1,
							  .told = { -1, -1 } };
	slots_put(&r->by_reading, r->readings[r->reading_count].hash, r->reading_count);
	r->reading_count++;
	r->changes++;
}

/* The topic as the cluster has it; NULL: it has none such. */
static const struct topic *there(const struct snapshot *s, const struct layout_topic *t)
{
	return t->name != NULL || t->id != NULL ? target_topic(s, t) : NULL;
}

void replicas_add(struct replicas *r, const struct layout *request, const struct snapshot *s)
{
	const struct topic *in_cluster = NULL;
	uint32_t last = UINT32_MAX;

	for (const struct layout_item *i = request->items; i < request->items + request->item_count;
	     i++) {
		const struct layout_topic *t = &request->topics[i->topic];
		const struct known_topic *topic;

		if (i->topic != last) {
			last = i->topic;
			in_cluster = there(s, t);
		}
		if (topic_partition(in_cluster, i->partition) == NULL ||
		    find_reading(r, t, i->partition) != NULL)
			continue;
		topic = find_topic(r, t);
		if (topic == NULL)
			topic = add_topic(r, t);
		add_reading(r, (uint32_t)(topic - r->topics), i->partition);
	}
}

struct replicas_new_ones replicas_count_new(const struct replicas *r, const struct layout *request,
					    const struct snapshot *s)
{
	struct replicas_new_ones n = { 0 };
	const struct topic *in_cluster = NULL;
	uint32_t last = UINT32_MAX;

	for (uint32_t t = 0; t < request->topic_count; t++) {
		const struct layout_topic *topic = &request->topics[t];

		if (there(s, topic) != NULL && find_topic(r, topic) == NULL) {
			n.topics++;
			n.names += name_len(topic);
		}
	}
	for (uint32_t i = 0; i < request->item_count; i++) {
		const struct layout_item *item = &request->items[i];
		const struct layout_topic *topic = &request->topics[item->topic];

		if (item->topic != last) {
			last = item->topic;
			in_cluster = there(s, topic);
		}
		n.partitions += topic_partition(in_cluster, item->partition) != NULL &&
				find_reading(r, topic, item->partition) == NULL;
	}
	return n;
}

size_t replicas_bytes(const struct replicas *r, uint32_t topics, size_t names, uint32_t partitions)
{
	const uint32_t all_topics = cap_for(r->topic_count + topics);
	const uint32_t all_readings = cap_for(r->reading_count + partitions);

	return sizeof *r + strlen(r->zone) + r->names + names +
	       (r->topic_count + topics) * (size_t)ALLOCATION +
	       all_topics * (sizeof *r->topics + 2 * sizeof(uint32_t)) +
	       all_readings * (sizeof *r->readings + 2 * sizeof(uint32_t));
}

struct replicas *replicas_new(const char *zone)
{
	struct replicas *r = mem_zalloc(sizeof *r);

	r->zone = mem_strdup(zone);
	for (int i = 0; i < BROKERS_BARRED; i++)
		r->barred[i].broker = NO_BROKER;
	return r;
}

static void free_known(struct replicas *r)
{
	for (uint32_t i = 0; i < r->topic_count; i++) {
		const struct layout_topic *key = &r->topics[i].key;

		free((void *)(uintptr_t)(key->name != NULL ? key->name : key->id));
	}
	free(r->topics);
	free(r->readings);
	free(r->by_topic.at);
	free(r->by_reading.at);
}

void replicas_free(struct replicas *r)
{
	if (r == NULL)
		return;
	free_known(r);
	free(r->zone);
	free(r);
}

void replicas_forget(struct replicas *r)
{
	free_known(r);
	r->topics = NULL;
	r->readings = NULL;
	r->topic_count = r->topic_cap = r->reading_count = r->reading_cap = 0;
	r->names = 0;
	r->by_topic = r->by_reading = (struct slots){ 0 };
	r->changes++;
}

uint32_t replicas_count(const struct replicas *r)
{
	return r->reading_count;
}

const char *replicas_zone(const struct replicas *r)
{
	return r->zone;
}

uint32_t replicas_changes(const struct replicas *r)
{
	return r->changes;
}

/* --- the choice --- */

static const struct partition *partition_of(const struct replicas_question *q)
{
	return topic_partition(q->topic, q->partition);
}

/* Who is asked, and when. */
struct asking {
	const struct replicas *r;
	int64_t now;
};

static bool is_barred(const void *ctx, int32_t broker)
{
	const struct asking *a = ctx;

	for (int i = 0; i < BROKERS_BARRED; i++) {
		if (a->r->barred[i].broker == broker && a->now < a->r->barred[i].until)
			return true;
	}
	return false;
}

static int32_t choose(const struct replicas *r, const struct replicas_question *q,
		      const struct reading *one)
{
	const struct asking asking = { r, q->now };
	const struct nearest_question nearest = { .snapshot = q->snapshot,
						  .topic = q->topic,
						  .partition = q->partition,
						  .zone = r->zone,
						  .is_barred = is_barred,
						  .ctx = &asking };

	if (one == NULL || q->now < one->barred_until)
		return NO_BROKER;
	return nearest_of(&nearest).follower;
}

int32_t replicas_choose(struct replicas *r, const struct replicas_question *q)
{
	struct reading *one = find_reading(r, q->named, q->partition);
	const int32_t at = choose(r, q, one);

	if (one != NULL)
		one->follower = at;
	return at;
}

static bool is_in_sync(const struct partition *p, int32_t broker)
{
	for (int i = 0; i < IN_SYNC_MAX && p->in_sync[i] != NO_BROKER; i++) {
		if (p->in_sync[i] == broker)
			return true;
	}
	return false;
}

/* Who was chosen may have fallen out of sync since, and the leader may have gone. */
bool replicas_is_follower(const struct replicas *r, const struct replicas_question *q,
			  int32_t broker)
{
	const struct partition *p = partition_of(q);
	const struct reading *one = r != NULL ? find_reading(r, q->named, q->partition) : NULL;

	if (p == NULL || broker == NO_BROKER || p->leader == broker)
		return false;
	return (one != NULL && one->follower == broker) ||
	       (snapshot_broker(q->snapshot, p->leader) != NULL && is_in_sync(p, broker));
}

void replicas_bar(struct replicas *r, const struct replicas_question *q)
{
	struct reading *one = find_reading(r, q->named, q->partition);

	if (one == NULL)
		return;
	one->barred_until = q->now + BAR_MS;
	r->changes++;
}

/* Twice as long each time; several losses at once are one.  The one whose time ends first makes
 * room. */
void replicas_bar_broker(struct replicas *r, int32_t broker, int64_t now)
{
	struct barred *slot = &r->barred[0];

	for (struct barred *b = r->barred; b < r->barred + BROKERS_BARRED; b++) {
		if (b->broker == broker || b->until < slot->until)
			slot = b;
		if (b->broker == broker)
			break;
	}
	if (slot->broker == broker && now < slot->until)
		return;
	if (slot->broker != broker || slot->ms == 0)
		*slot = (struct barred){ broker, BAR_MS, 0 };
	else
		slot->ms = slot->ms < BAR_MOST_MS / 2 ? 2 * slot->ms : BAR_MOST_MS;
	slot->until = now + slot->ms;
	r->changes++;
}

void replicas_answered(struct replicas *r, int32_t broker)
{
	for (int i = 0; i < BROKERS_BARRED; i++) {
		if (r->barred[i].broker == broker)
			r->barred[i].ms = 0;
	}
}

/* --- offsets --- */

/* What was told is of the same log, and of the same leader's. */
static bool is_of(const struct reading *one, const struct partition *p, const uint8_t id[WIRE_UUID])
{
	return one->epoch == p->leader_epoch && memcmp(one->topic_id, id, WIRE_UUID) == 0 &&
	       (p->leader_epoch >= 0 || one->leader == p->leader);
}

static void tell_nothing(struct reading *one, const struct partition *p,
			 const uint8_t id[WIRE_UUID])
{
	one->leader = p->leader;
	one->epoch = p->leader_epoch;
	memcpy(one->topic_id, id, WIRE_UUID);
	for (int i = 0; i < REPLICAS_OFFSETS; i++)
		one->told[i] = -1;
}

int64_t replicas_tell(struct replicas *r, const struct replicas_question *q,
		      enum replicas_offset which, int64_t offset)
{
	const struct partition *p = partition_of(q);
	struct reading *one = find_reading(r, q->named, q->partition);

	if (one == NULL || p == NULL)
		return offset;
	if (!is_of(one, p, q->topic->id))
		tell_nothing(one, p, q->topic->id);
	if (offset > one->told[which])
		one->told[which] = offset;
	return one->told[which];
}

/* --- a broker's session --- */

void replicas_session_begins(struct replicas *r)
{
	for (uint32_t i = 0; i < r->reading_count; i++)
		r->readings[i].in_session = false;
}

void replicas_session_reads(struct replicas *r, const struct replicas_question *q)
{
	struct reading *one = find_reading(r, q->named, q->partition);

	if (one != NULL)
		one->in_session = true;
}

bool replicas_session_must_end(struct replicas *r, const struct snapshot *s, int32_t broker,
			       int64_t now)
{
	struct replicas_question q = { .snapshot = s, .now = now };

	for (uint32_t i = 0; i < r->reading_count; i++) {
		const struct reading *one = &r->readings[i];
		int32_t at;

		if (!one->in_session)
			continue;
		q.named = &r->topics[one->topic].key;
		q.topic = target_topic(s, q.named);
		q.partition = one->partition;
		at = choose(r, &q, one);
		if (at == NO_BROKER && partition_of(&q) != NULL)
			at = partition_of(&q)->leader;
		if (at != NO_BROKER && at != broker)
			return true;
	}
	return false;
}
