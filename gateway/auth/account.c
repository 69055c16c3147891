#include "auth/account.h"

#include "util/mem.h"

#include <pthread.h>

struct account {
	pthread_mutex_t lock;
	struct credentials *now;
	char *offers;
};

struct account *account_new(struct credentials *first)
{
	struct account *a = mem_zalloc(sizeof *a);

	pthread_mutex_init(&a->lock, NULL);
	a->now = first;
	return a;
}

void account_free(struct account *a)
{
	if (a == NULL)
		return;
	credentials_put(a->now);
	pthread_mutex_destroy(&a->lock);
	free(a->offers);
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

void account_note_offers(struct account *a, const char *mechanisms)
{
	char *offers = mem_strdup(mechanisms);

	pthread_mutex_lock(&a->lock);
	free(a->offers);
	a->offers = offers;
	pthread_mutex_unlock(&a->lock);
}

char *account_offers(struct account *a)
{
	char *offers;

	pthread_mutex_lock(&a->lock);
	offers = a->offers != NULL ? mem_strdup(a->offers) : NULL;
	pthread_mutex_unlock(&a->lock);
	return offers;
}
