#include "topology/coordinators.h"

#include "topology/snapshot.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <pthread.h>

enum { SLOTS = COORDINATORS_MAX };

struct entry {
	struct entry *chain;	     /* others of the same slot */
	struct entry *newer, *older; /* by age */
	uint64_t hash;
	int type;
	int32_t broker;
	int64_t put_at;
	size_t len;
	uint8_t key[];
};

struct coordinators {
	pthread_rwlock_t lock;
	struct entry *slots[SLOTS];
	struct entry *newest, *oldest;
	size_t count, bytes; /* of the keys */
};

struct coordinators *coordinators_new(void)
{
	struct coordinators *c = mem_zalloc(sizeof *c);

	pthread_rwlock_init(&c->lock, NULL);
	return c;
}

void coordinators_free(struct coordinators *c)
{
	coordinators_drop_all(c);
	pthread_rwlock_destroy(&c->lock);
	free(c);
}

/* The link that points to the entry, or the last link of its chain. */
static struct entry **find(struct coordinators *c, int type, uint64_t hash, const void *key,
			   size_t len)
{
	struct entry **at = &c->slots[hash % SLOTS];

	while (*at != NULL && !((*at)->hash == hash && (*at)->type == type && (*at)->len == len &&
				memcmp((*at)->key, key, len) == 0))
		at = &(*at)->chain;
	return at;
}

static void remove_at(struct coordinators *c, struct entry **at)
{
	struct entry *e = *at;

	assert(e != NULL);
	*at = e->chain;
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
	c->count--;
	c->bytes -= e->len;
	free(e);
}

static void remove_entry(struct coordinators *c, struct entry *e)
{
	remove_at(c, find(c, e->type, e->hash, e->key, e->len));
}

static void add(struct coordinators *c, struct entry **at, int type, uint64_t hash, const void *key,
		size_t len, int32_t broker)
{
	struct entry *e = mem_alloc(sizeof *e + len);

	*e = (struct entry){ .older = c->newest,
			     .hash = hash,
			     .type = type,
			     .broker = broker,
			     .put_at = clock_ms(),
			     .len = len };
	if (len > 0)
		memcpy(e->key, key, len);
	*at = e;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
	c->count++;
	c->bytes += len;
}

int32_t coordinators_get(struct coordinators *c, int type, const void *key, size_t len)
{
	return coordinators_get_since(c, type, key, len, INT64_MIN);
}

int32_t coordinators_get_since(struct coordinators *c, int type, const void *key, size_t len,
			       int64_t since)
{
	uint64_t hash = hash_bytes(key, len);
	const struct entry *e;
	int32_t broker;

	pthread_rwlock_rdlock(&c->lock);
	e = *find(c, type, hash, key, len);
	broker = e != NULL && e->put_at >= since ? e->broker : NO_BROKER;
	pthread_rwlock_unlock(&c->lock);
	return broker;
}

void coordinators_put(struct coordinators *c, int type, const void *key, size_t len, int32_t broker)
{
	uint64_t hash = hash_bytes(key, len);
	struct entry **at;

	pthread_rwlock_wrlock(&c->lock);
	at = find(c, type, hash, key, len);
	if (*at != NULL)
		remove_at(c, at);
	while (c->count > 0 &&
	       (c->count == COORDINATORS_MAX || c->bytes + len > COORDINATORS_BYTES))
		remove_entry(c, c->oldest);
	add(c, find(c, type, hash, key, len), type, hash, key, len, broker);
	pthread_rwlock_unlock(&c->lock);
}

void coordinators_drop(struct coordinators *c, int type, const void *key, size_t len)
{
	uint64_t hash = hash_bytes(key, len);
	struct entry **at;

	pthread_rwlock_wrlock(&c->lock);
	at = find(c, type, hash, key, len);
	if (*at != NULL)
		remove_at(c, at);
	pthread_rwlock_unlock(&c->lock);
}

static void drop_where(struct coordinators *c, bool all, int32_t broker)
{
	struct entry *older;

	pthread_rwlock_wrlock(&c->lock);
	for (struct entry *e = c->newest; e != NULL; e = older) {
		older = e->older;
		if (all || e->broker == broker)
			remove_entry(c, e);
	}
	pthread_rwlock_unlock(&c->lock);
}

void coordinators_drop_broker(struct coordinators *c, int32_t broker)
{
	drop_where(c, false, broker);
}

void coordinators_drop_all(struct coordinators *c)
{
	drop_where(c, true, NO_BROKER);
}

size_t coordinators_count(struct coordinators *c)
{
	size_t count;

	pthread_rwlock_rdlock(&c->lock);
	count = c->count;
	pthread_rwlock_unlock(&c->lock);
	return count;
}
