#include "balance/live.h"

#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024 };

struct slot {
	uint64_t key; /* 0: free */
	uint32_t count;
};

/* Linear probing; at most half of the slots are taken. */
struct live {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t size, taken;
	/* keys that wait for live_take, from index `told` on */
	bool is_watched;
	uint64_t *waiting;
	size_t waiting_size, waiting_count, told;
};

struct live *live_new(void)
{
	struct live *l = mem_zalloc(sizeof *l);

	pthread_mutex_init(&l->lock, NULL);
	l->size = FIRST_SIZE;
	l->slots = mem_zalloc(l->size * sizeof *l->slots);
	return l;
}

void live_free(struct live *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->slots);
	free(l->waiting);
	free(l);
}

/* The slot where a key is, or would be put.  The key is hashed again: somebody who knows how keys
 * are made must not make some that collide here. */
static size_t place(const struct live *l, uint64_t key)
{
	size_t at = hash_bytes(&key, sizeof key) & (l->size - 1);

	while (l->slots[at].key != 0 && l->slots[at].key != key)
		at = (at + 1) & (l->size - 1);
	return at;
}

static void grow(struct live *l)
{
	struct slot *old = l->slots;
	size_t old_size = l->size;

	l->size *= 2;
	l->slots = mem_zalloc(l->size * sizeof *l->slots);
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].key != 0)
			l->slots[place(l, old[i].key)] = old[i];
	}
	free(old);
}

/* --- what is told --- */

static void put(struct live *l, uint64_t key)
{
	if (l->waiting_count == l->waiting_size) {
		l->waiting_size = l->waiting_size > 0 ? 2 * l->waiting_size : FIRST_SIZE;
		l->waiting = mem_realloc(l->waiting, l->waiting_size * sizeof *l->waiting);
	}
	l->waiting[l->waiting_count++] = key;
}

static void put_all(struct live *l)
{
	for (size_t i = 0; i < l->size; i++) {
		if (l->slots[i].key != 0)
			put(l, l->slots[i].key);
	}
}

static bool has_room(const struct live *l)
{
	return l->waiting_count - l->told < LIVE_WAITING + l->taken;
}

static void drop_waiting(struct live *l)
{
	l->waiting_count = l->told = 0;
}

static void note(struct live *l, uint64_t key)
{
	if (!l->is_watched)
		return;
	if (has_room(l)) {
		put(l, key);
		return;
	}
	drop_waiting(l);
	put_all(l);
}

size_t live_take(struct live *l, uint64_t *keys, size_t max)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	if (!l->is_watched)
		put_all(l);
	l->is_watched = true;
	n = l->waiting_count - l->told;
	n = n < max ? n : max;
	if (n > 0)
		memcpy(keys, l->waiting + l->told, n * sizeof *keys);
	l->told += n;
	if (l->told == l->waiting_count)
		drop_waiting(l);
	pthread_mutex_unlock(&l->lock);
	return n;
}

void live_tell_all(struct live *l)
{
	pthread_mutex_lock(&l->lock);
	if (!has_room(l))
		drop_waiting(l);
	if (l->is_watched)
		put_all(l);
	pthread_mutex_unlock(&l->lock);
}

/* --- what is there --- */

void live_add(struct live *l, uint64_t key)
{
	struct slot *slot;

	assert(key & 1);
	pthread_mutex_lock(&l->lock);
	if (2 * (l->taken + 1) > l->size)
		grow(l);
	slot = &l->slots[place(l, key)];
	l->taken += slot->key == 0;
	slot->key = key;
	if (slot->count++ == 0)
		note(l, key);
	pthread_mutex_unlock(&l->lock);
}

/* The slots behind the hole that a key leaves are put again, up to the next hole. */
static void take_out(struct live *l, size_t at)
{
	l->slots[at] = (struct slot){ 0, 0 };
	l->taken--;
	for (at = (at + 1) & (l->size - 1); l->slots[at].key != 0; at = (at + 1) & (l->size - 1)) {
		struct slot moved = l->slots[at];

		l->slots[at] = (struct slot){ 0, 0 };
		l->slots[place(l, moved.key)] = moved;
	}
}

void live_remove(struct live *l, uint64_t key)
{
	size_t at;

	pthread_mutex_lock(&l->lock);
	at = place(l, key);
	assert(l->slots[at].key == key);
	if (--l->slots[at].count == 0) {
		take_out(l, at);
		note(l, key & ~UINT64_C(1));
	}
	pthread_mutex_unlock(&l->lock);
}

unsigned live_count(struct live *l, uint64_t key)
{
	unsigned count;

	pthread_mutex_lock(&l->lock);
	count = l->slots[place(l, key)].count;
	pthread_mutex_unlock(&l->lock);
	return count;
}
