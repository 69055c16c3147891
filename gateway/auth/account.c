#include "auth/account.h"

#include "util/mem.h"

#include <pthread.h>

struct account {
	pthread_mutex_t lock;
	struct credentials *now;
	char *offers, *trouble; /* NULL: none */
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
	free(a->trouble);
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
