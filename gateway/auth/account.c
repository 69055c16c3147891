#include "auth/account.h"

#include "util/mem.h"

#include <pthread.h>
#include <stdatomic.h>

struct account {
	atomic_uint references;
	pthread_mutex_t lock;
	struct credentials *now;
	char *offers, *trouble; /* NULL: none */
	int32_t *doubts;	/* brokers */
	size_t doubt_count;
};

struct account *account_new(struct credentials *first)
{
	struct account *a = mem_zalloc(sizeof *a);

	atomic_init(&a->references, 1);
	pthread_mutex_init(&a->lock, NULL);
	a->now = first;
	return a;
}

struct account *account_get(struct account *a)
{
	atomic_fetch_add(&a->references, 1);
	return a;
}

bool account_is_shared(const struct account *a)
{
	return atomic_load(&a->references) > 1;
}

void account_free(struct account *a)
{
	if (a == NULL || atomic_fetch_sub(&a->references, 1) > 1)
		return;
	credentials_put(a->now);
	pthread_mutex_destroy(&a->lock);
	free(a->offers);
	free(a->trouble);
	free(a->doubts);
	free(a);
}

void account_set(struct account *a, struct credentials *next)
{
	struct credentials *before;

	pthread_mutex_lock(&a->lock);
	before = a->now;
	a->now = next;
	pthread_mutex_unlock(&a->lock);
	credentials_put(before);
}

struct credentials *account_now(struct account *a)
{
	struct credentials *now;

	pthread_mutex_lock(&a->lock);
	now = a->now != NULL ? credentials_get(a->now) : NULL;
	pthread_mutex_unlock(&a->lock);
	return now;
}

static int32_t *copied(const int32_t *brokers, size_t count)
{
	int32_t *all = mem_alloc((count + 1) * sizeof *all);

	for (size_t i = 0; i < count; i++)
		all[i] = brokers[i];
	return all;
}

/* Those from before, to be freed.  Under the lock. */
static int32_t *change_doubts(struct account *a, int32_t *next, size_t count)
{
	int32_t *before = a->doubts;

	a->doubts = next;
	a->doubt_count = count;
	return before;
}

void account_set_doubts(struct account *a, const int32_t *brokers, size_t count)
{
	int32_t *next = copied(brokers, count), *before;

	pthread_mutex_lock(&a->lock);
	before = change_doubts(a, next, count);
	pthread_mutex_unlock(&a->lock);
	free(before);
}

void account_set_doubted(struct account *a, struct credentials *next, const int32_t *brokers,
			 size_t count)
{
	int32_t *doubts = copied(brokers, count), *doubts_before;
	struct credentials *before;

	pthread_mutex_lock(&a->lock);
	doubts_before = change_doubts(a, doubts, count);
	before = a->now;
	a->now = next;
	pthread_mutex_unlock(&a->lock);
	credentials_put(before);
	free(doubts_before);
}

bool account_is_doubted(struct account *a, int32_t broker)
{
	bool is_doubted = false;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < a->doubt_count; i++)
		is_doubted |= a->doubts[i] == broker;
	pthread_mutex_unlock(&a->lock);
	return is_doubted;
}

/* A text that any thread may read. */
static void keep(struct account *a, char **place, const char *text)
{
	char *next = text != NULL ? mem_strdup(text) : NULL, *before;

	pthread_mutex_lock(&a->lock);
	before = *place;
	*place = next;
	pthread_mutex_unlock(&a->lock);
	free(before);
}

static char *copy(struct account *a, char *const *place)
{
	char *text;

	pthread_mutex_lock(&a->lock);
	text = *place != NULL ? mem_strdup(*place) : NULL;
	pthread_mutex_unlock(&a->lock);
	return text;
}

void account_set_trouble(struct account *a, const char *why)
{
	keep(a, &a->trouble, why);
}

char *account_trouble(struct account *a)
{
	return copy(a, &a->trouble);
}

void account_note_offers(struct account *a, const char *mechanisms)
{
	keep(a, &a->offers, mechanisms);
}

char *account_offers(struct account *a)
{
	return copy(a, &a->offers);
}
