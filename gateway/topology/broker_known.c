#include "topology/broker_known.h"

#include <stdlib.h>

static int compare(const void *key, const void *element)
{
	const int32_t id = *(const int32_t *)key;
	const struct broker_known *k = element;

	return (id > k->id) - (id < k->id);
}

const struct broker_known *broker_known_find(const struct broker_known *all, size_t count,
					     int32_t id)
{
	return count > 0 ? bsearch(&id, all, count, sizeof *all, compare) : NULL;
}
