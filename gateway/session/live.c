#include "session/live.h"

#include "util/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

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
	free(l);
}

/* Where it is, or would be put. */
static size_t place(const struct live *l, uint64_t key)
{
	size_t at = key & (l->size - 1);

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

void live_add(struct live *l, uint64_t key)
{
	struct slot *slot;

	assert(key != 0);
	pthread_mutex_lock(&l->lock);
	if (2 * (l->taken + 1) > l->size)
		grow(l);
	slot = &l->slots[place(l, key)];
	l->taken += slot->key == 0;
	slot->key = key;
	slot->count++;
	pthread_mutex_unlock(&l->lock);
}

/* Those behind the hole that it leaves are put again, up to the next one. */
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
	if (--l->slots[at].count == 0)
		take_out(l, at);
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
