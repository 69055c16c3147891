#include "simulate/sticktable.h"

#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 256, NOWHERE = -1 };

struct entry {
	uint8_t *key;
	size_t n;
	uint64_t hash;
	int64_t until_ms;
	int server;
	int next;	  /* in its bucket, or of the free ones */
	int older, newer; /* by when they were last used: the order in which they expire */
};

struct sticktable {
	size_t size, thrown_out;
	int64_t expire_ms;
	struct entry *entries;
	size_t room, used, most_used, evicted;
	int *buckets; /* as many as a power of two */
	size_t bucket_count;
	int oldest, newest, free;
};

struct sticktable *sticktable_new(size_t size, int64_t expire_ms, size_t thrown_out)
{
	struct sticktable *t = mem_zalloc(sizeof *t);

	assert(size > 0 && thrown_out > 0 && thrown_out <= size);
	t->size = size;
	t->thrown_out = thrown_out;
	t->expire_ms = expire_ms;
	t->bucket_count = FIRST_BUCKETS;
	t->buckets = mem_alloc(FIRST_BUCKETS * sizeof *t->buckets);
	for (size_t i = 0; i < FIRST_BUCKETS; i++)
		t->buckets[i] = NOWHERE;
	t->oldest = t->newest = t->free = NOWHERE;
	return t;
}

void sticktable_free(struct sticktable *t)
{
	if (t == NULL)
		return;
	for (int i = t->oldest; i != NOWHERE; i = t->entries[i].newer)
		free(t->entries[i].key);
	free(t->entries);
	free(t->buckets);
	free(t);
}

static void *copied(const void *from, size_t size)
{
	void *copy = mem_alloc(size + 1);

	return size == 0 ? copy : memcpy(copy, from, size);
}

struct sticktable *sticktable_copy(const struct sticktable *t)
{
	struct sticktable *copy = copied(t, sizeof *t);

	copy->entries = copied(t->entries, t->room * sizeof *t->entries);
	copy->buckets = copied(t->buckets, t->bucket_count * sizeof *t->buckets);
	for (int i = t->oldest; i != NOWHERE; i = t->entries[i].newer)
		copy->entries[i].key = copied(t->entries[i].key, t->entries[i].n);
	return copy;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const uint8_t *key, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ key[i]) * UINT64_C(0x100000001b3);
	return h;
}

static int *bucket_of(const struct sticktable *t, uint64_t hash)
{
	return &t->buckets[hash & (t->bucket_count - 1)];
}

static void unlink_age(struct sticktable *t, int i)
{
	struct entry *e = &t->entries[i];

	*(e->older == NOWHERE ? &t->oldest : &t->entries[e->older].newer) = e->newer;
	*(e->newer == NOWHERE ? &t->newest : &t->entries[e->newer].older) = e->older;
}

static void touch(struct sticktable *t, int i, int64_t now_ms)
{
	struct entry *e = &t->entries[i];

	e->until_ms = now_ms + t->expire_ms;
	e->older = t->newest;
	e->newer = NOWHERE;
	*(t->newest == NOWHERE ? &t->oldest : &t->entries[t->newest].newer) = i;
	t->newest = i;
}

static void remove_oldest(struct sticktable *t)
{
	int i = t->oldest, *at;

	for (at = bucket_of(t, t->entries[i].hash); *at != i;)
		at = &t->entries[*at].next;
	*at = t->entries[i].next;
	unlink_age(t, i);
	free(t->entries[i].key);
	t->entries[i].next = t->free;
	t->free = i;
	t->used--;
}

static void remove_expired(struct sticktable *t, int64_t now_ms)
{
	while (t->expire_ms > 0 && t->oldest != NOWHERE && t->entries[t->oldest].until_ms <= now_ms)
		remove_oldest(t);
}

static int find(const struct sticktable *t, const void *key, size_t n, uint64_t hash)
{
	int i = *bucket_of(t, hash);

	while (i != NOWHERE && (t->entries[i].hash != hash || t->entries[i].n != n ||
				memcmp(t->entries[i].key, key, n) != 0))
		i = t->entries[i].next;
	return i;
}

int sticktable_match(struct sticktable *t, const void *key, size_t n, int64_t now_ms)
{
	int i;

	remove_expired(t, now_ms);
	i = find(t, key, n, hash_of(key, n));
	if (i == NOWHERE)
		return STICKTABLE_NONE;
	unlink_age(t, i);
	touch(t, i, now_ms);
	return t->entries[i].server;
}

static void make_room(struct sticktable *t)
{
	for (size_t n = t->thrown_out; n > 0 && t->oldest != NOWHERE; n--) {
		remove_oldest(t);
		t->evicted++;
	}
}

static void grow_buckets(struct sticktable *t)
{
	free(t->buckets);
	t->bucket_count *= 2;
	t->buckets = mem_alloc(t->bucket_count * sizeof *t->buckets);
	for (size_t i = 0; i < t->bucket_count; i++)
		t->buckets[i] = NOWHERE;
	for (int i = t->oldest; i != NOWHERE; i = t->entries[i].newer) {
		int *bucket = bucket_of(t, t->entries[i].hash);

		t->entries[i].next = *bucket;
		*bucket = i;
	}
}

static int take_entry(struct sticktable *t)
{
	int i = t->free;

	if (i != NOWHERE) {
		t->free = t->entries[i].next;
		return i;
	}
	if (t->used == t->room) {
		t->room = t->room == 0 ? FIRST_BUCKETS : 2 * t->room;
		t->entries = mem_realloc(t->entries, t->room * sizeof *t->entries);
	}
	return (int)t->used;
}

void sticktable_store(struct sticktable *t, const void *key, size_t n, int server, int64_t now_ms)
{
	uint64_t hash = hash_of(key, n);
	int i, *bucket;

	remove_expired(t, now_ms);
	i = find(t, key, n, hash);
	if (i != NOWHERE) {
		t->entries[i].server = server;
		unlink_age(t, i);
		touch(t, i, now_ms);
		return;
	}
	if (t->used >= t->size)
		make_room(t);
	if (t->used >= t->bucket_count)
		grow_buckets(t);
	i = take_entry(t);
	bucket = bucket_of(t, hash);
	t->entries[i] = (struct entry){
		.key = copied(key, n), .n = n, .hash = hash, .server = server, .next = *bucket
	};
	*bucket = i;
	touch(t, i, now_ms);
	if (++t->used > t->most_used)
		t->most_used = t->used;
}

size_t sticktable_used(const struct sticktable *t)
{
	return t->used;
}

size_t sticktable_most_used(const struct sticktable *t)
{
	return t->most_used;
}

size_t sticktable_evicted(const struct sticktable *t)
{
	return t->evicted;
}

/* 184 bytes with a key of up to 16, then 32 more for each 32 begun; and malloc's part. */
