#include "auth/identities.h"

#include "util/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct identities {
	pthread_mutex_t lock;
	struct identity *list; /* sorted by name */
	size_t count;
};

struct identities *identities_new(void)
{
	struct identities *i = mem_zalloc(sizeof *i);

	pthread_mutex_init(&i->lock, NULL);
	return i;
}

static void free_list(struct identity *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		account_free(list[i].as);
	}
	free(list);
}

void identities_free(struct identities *i)
{
	if (i == NULL)
		return;
	free_list(i->list, i->count);
	pthread_mutex_destroy(&i->lock);
	free(i);
}

static int by_name(const void *a, const void *b)
{
	const struct identity *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void identities_set(struct identities *i, struct identity *list, size_t count)
{
	struct identity *before;
	size_t many;

	if (count > 0)
		qsort(list, count, sizeof *list, by_name);
	pthread_mutex_lock(&i->lock);
	before = i->list;
	many = i->count;
	i->list = list;
	i->count = count;
	pthread_mutex_unlock(&i->lock);
	free_list(before, many);
}

struct account *identities_get(struct identities *i, const char *name)
{
	const struct identity *found = NULL;
	struct account *as = NULL;
	char *wanted = mem_strdup(name);
	const struct identity key = { .name = wanted };

	pthread_mutex_lock(&i->lock);
	if (i->count > 0)
		found = bsearch(&key, i->list, i->count, sizeof *i->list, by_name);
	if (found != NULL)
		as = account_get(found->as);
	pthread_mutex_unlock(&i->lock);
	free(wanted);
	return as;
}
