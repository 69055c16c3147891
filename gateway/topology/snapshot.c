#include "topology/snapshot.h"

#include "topology/snapshot_build.h"
#include "util/compiler.h"
#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <stdatomic.h>

enum { FIRST_SLOTS = 16 };

/* A topic is in two indexes: it has a key, and its hash, for each. */
enum which { BY_NAME, BY_ID, INDEXES };

struct entry {
	struct topic topic;
	atomic_uint refs; /* snapshots that have it */
	uint64_t hash[INDEXES];
};

/* Open addressing, linear probing, never more than half full. */
struct index {
	struct entry **slots;
	size_t size; /* a power of two, or 0 */
	size_t count;
};

struct full_snapshot {
	struct snapshot s;
	atomic_uint refs;
	struct index index[INDEXES]; /* a reference is counted in BY_NAME */
};

static struct full_snapshot *full(const struct snapshot *s)
{
	return CONTAINER_OF(s, struct full_snapshot, s);
}

static struct entry *entry_of(const struct topic *topic)
{
	return CONTAINER_OF(topic, struct entry, topic);
}

bool topic_has_id(const struct topic *topic)
{
	return !wire_uuid_is_zero(topic->id);
}

static void entry_unref(struct entry *e)
{
	if (atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(e->topic.name);
	free(e->topic.partitions);
	free(e);
}

static bool has_key(const struct entry *e, enum which w, const void *key, size_t len)
{
	if (w == BY_ID)
		return memcmp(e->topic.id, key, WIRE_UUID) == 0;
	return e->topic.name_len == len && memcmp(e->topic.name, key, len) == 0;
}

/* The slot that has the key, or the empty one where it belongs; NULL: the
 * index has no slots yet. */
static struct entry **index_slot(const struct index *x, enum which w, uint64_t hash,
				 const void *key, size_t len)
{
	size_t i = hash & (x->size - 1);

	if (x->size == 0)
		return NULL;
	while (x->slots[i] != NULL &&
	       !(x->slots[i]->hash[w] == hash && has_key(x->slots[i], w, key, len)))
		i = (i + 1) & (x->size - 1);
	return &x->slots[i];
}

static struct entry *index_find(const struct full_snapshot *f, enum which w, const void *key,
				size_t len)
{
	struct entry **slot = index_slot(&f->index[w], w, hash_bytes(key, len), key, len);

	return slot != NULL ? *slot : NULL;
}

static void index_place(struct index *x, enum which w, struct entry *e)
{
	size_t i = e->hash[w] & (x->size - 1);

	while (x->slots[i] != NULL)
		i = (i + 1) & (x->size - 1);
	x->slots[i] = e;
}

static void index_grow(struct index *x, enum which w)
{
	struct entry **old = x->slots;
	size_t old_size = x->size;

	x->size = old_size > 0 ? old_size * 2 : FIRST_SLOTS;
	x->slots = mem_zalloc(x->size * sizeof *x->slots);
	for (size_t i = 0; i < old_size; i++) {
		if (old[i] != NULL)
			index_place(x, w, old[i]);
	}
	free(old);
}

/* No entry with the same key may be there. */
static void index_add(struct index *x, enum which w, struct entry *e)
{
	if ((x->count + 1) * 2 > x->size)
		index_grow(x, w);
	index_place(x, w, e);
	x->count++;
}

/* Closes the gap: what stands behind it moves up unless that would put it in
 * front of its own place. */
static void index_remove(struct index *x, enum which w, struct entry **slot)
{
	size_t mask = x->size - 1, gap = (size_t)(slot - x->slots), i = gap;

	x->count--;
	for (;;) {
		x->slots[gap] = NULL;
		for (;;) {
			size_t home;

			i = (i + 1) & mask;
			if (x->slots[i] == NULL)
				return;
			home = x->slots[i]->hash[w] & mask;
			if (((i - home) & mask) >= ((i - gap) & mask))
				break;
		}
		x->slots[gap] = x->slots[i];
		gap = i;
	}
}

static void index_copy(struct index *to, const struct index *from)
{
	*to = *from;
	if (from->size == 0)
		return;
	to->slots = mem_alloc(from->size * sizeof *to->slots);
	memcpy(to->slots, from->slots, from->size * sizeof *to->slots);
}

static void remove_entry(struct full_snapshot *f, struct entry *e)
{
	const struct topic *t = &e->topic;

	index_remove(
		&f->index[BY_NAME], BY_NAME,
		index_slot(&f->index[BY_NAME], BY_NAME, e->hash[BY_NAME], t->name, t->name_len));
	if (topic_has_id(t))
		index_remove(&f->index[BY_ID], BY_ID,
			     index_slot(&f->index[BY_ID], BY_ID, e->hash[BY_ID], t->id, WIRE_UUID));
	entry_unref(e);
}

/* Takes a reference of the entry. */
static void put_entry(struct full_snapshot *f, struct entry *e)
{
	const struct topic *t = &e->topic;
	struct entry *same = index_find(f, BY_NAME, t->name, t->name_len);

	if (same != NULL)
		remove_entry(f, same);
	index_add(&f->index[BY_NAME], BY_NAME, e);
	if (!topic_has_id(t))
		return;
	same = index_find(f, BY_ID, t->id, WIRE_UUID);
	if (same != NULL)
		remove_entry(f, same);
	index_add(&f->index[BY_ID], BY_ID, e);
}

struct snapshot *snapshot_new(const struct snapshot *topics_of)
{
	struct full_snapshot *f = mem_zalloc(sizeof *f);

	atomic_init(&f->refs, 1);
	f->s.controller = NO_BROKER;
	f->s.features_epoch = -1;
	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		f->s.offers[i] = (struct kversions){ 0, -1 };
	if (topics_of != NULL) {
		const struct topic *t;

		for (size_t at = 0; (t = snapshot_next_topic(topics_of, &at)) != NULL;)
			atomic_fetch_add_explicit(&entry_of(t)->refs, 1, memory_order_relaxed);
		for (int w = 0; w < INDEXES; w++)
			index_copy(&f->index[w], &full(topics_of)->index[w]);
	}
	return &f->s;
}

const struct partition partition_unknown = { .leader = NO_BROKER,
					     .leader_epoch = -1,
					     .sole_replica = NO_BROKER,
					     .in_sync = { NO_BROKER, NO_BROKER, NO_BROKER,
							  NO_BROKER } };

struct topic *snapshot_add_topic(struct snapshot *s, const void *name, size_t len,
				 const uint8_t id[WIRE_UUID], int32_t partition_count)
{
	struct entry *e = mem_zalloc(sizeof *e);
	struct topic *t = &e->topic;

	assert(len <= UINT16_MAX && partition_count >= 0);
	atomic_init(&e->refs, 1);
	t->name = mem_strndup(name, len);
	t->name_len = (uint16_t)len;
	memcpy(t->id, id, WIRE_UUID);
	t->partition_count = partition_count;
	t->partitions = mem_alloc((size_t)partition_count * sizeof *t->partitions + 1);
	for (int32_t i = 0; i < partition_count; i++)
		t->partitions[i] = partition_unknown;
	e->hash[BY_NAME] = hash_bytes(name, len);
	e->hash[BY_ID] = hash_bytes(id, WIRE_UUID);
	put_entry(full(s), e);
	return t;
}

void snapshot_share_topic(struct snapshot *s, const struct topic *topic)
{
	struct entry *e = entry_of(topic);

	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	put_entry(full(s), e);
}

void snapshot_drop_topic(struct snapshot *s, const void *name, size_t len)
{
	struct entry *e = index_find(full(s), BY_NAME, name, len);

	if (e != NULL)
		remove_entry(full(s), e);
}

const struct topic *snapshot_next_topic(const struct snapshot *s, size_t *at)
{
	const struct index *x = &full(s)->index[BY_NAME];

	while (*at < x->size) {
		const struct entry *e = x->slots[(*at)++];

		if (e != NULL)
			return &e->topic;
	}
	return NULL;
}

const struct snapshot *snapshot_ref(const struct snapshot *s)
{
	atomic_fetch_add_explicit(&full(s)->refs, 1, memory_order_relaxed);
	return s;
}

void feature_list_free(struct feature *features, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(features[i].name);
	free(features);
}

void broker_list_free(struct broker *brokers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(brokers[i].host);
		free(brokers[i].rack);
	}
	free(brokers);
}

void snapshot_unref(const struct snapshot *s)
{
	struct full_snapshot *f;
	const struct topic *t;

	if (s == NULL)
		return;
	f = full(s);
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t at = 0; (t = snapshot_next_topic(s, &at)) != NULL;)
		entry_unref(entry_of(t));
	for (int w = 0; w < INDEXES; w++)
		free(f->index[w].slots);
	broker_list_free(f->s.brokers, f->s.broker_count);
	feature_list_free(f->s.supported, f->s.supported_count);
	feature_list_free(f->s.finalized, f->s.finalized_count);
	free(f->s.cluster_id);
	free(f);
}

static const void *ref(const void *value)
{
	return snapshot_ref(value);
}

static void unref(const void *value)
{
	snapshot_unref(value);
}

const struct published snapshot_published = { ref, unref };

const struct broker *snapshot_broker(const struct snapshot *s, int32_t id)
{
	size_t low = 0, high = s->broker_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->brokers[middle].id == id)
			return &s->brokers[middle];
		if (s->brokers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct topic *snapshot_topic(const struct snapshot *s, const void *name, size_t len)
{
	const struct entry *e = index_find(full(s), BY_NAME, name, len);

	return e != NULL ? &e->topic : NULL;
}

const struct topic *snapshot_topic_by_id(const struct snapshot *s, const uint8_t id[WIRE_UUID])
{
	const struct entry *e = index_find(full(s), BY_ID, id, WIRE_UUID);

	return e != NULL ? &e->topic : NULL;
}

size_t snapshot_topic_count(const struct snapshot *s)
{
	return full(s)->index[BY_NAME].count;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_broker(const struct broker *a, const struct broker *b)
{
	return a->id == b->id && a->port == b->port && is_same_text(a->host, b->host) &&
	       is_same_text(a->rack, b->rack) && a->address_len == b->address_len &&
	       memcmp(&a->address, &b->address, a->address_len) == 0;
}

static bool are_same_features(const struct feature *a, size_t n, const struct feature *b, size_t m)
{
	for (size_t i = 0; i < n && n == m; i++) {
		if (!is_same_text(a[i].name, b[i].name) || a[i].min != b[i].min ||
		    a[i].max != b[i].max)
			return false;
	}
	return n == m;
}

static bool have_same_topics(const struct snapshot *a, const struct snapshot *b)
{
	const struct topic *t;

	for (size_t at = 0; (t = snapshot_next_topic(a, &at)) != NULL;) {
		if (snapshot_topic(b, t->name, t->name_len) != t)
			return false;
	}
	return snapshot_topic_count(a) == snapshot_topic_count(b);
}

bool snapshot_is_same(const struct snapshot *a, const struct snapshot *b)
{
	if (!is_same_text(a->cluster_id, b->cluster_id) || a->controller != b->controller ||
	    a->broker_count != b->broker_count ||
	    memcmp(a->offers, b->offers, sizeof a->offers) != 0 ||
	    !are_same_features(a->supported, a->supported_count, b->supported,
			       b->supported_count) ||
	    !are_same_features(a->finalized, a->finalized_count, b->finalized, b->finalized_count))
		return false;
	for (size_t i = 0; i < a->broker_count; i++) {
		if (!is_same_broker(&a->brokers[i], &b->brokers[i]))
			return false;
	}
	return have_same_topics(a, b);
}
