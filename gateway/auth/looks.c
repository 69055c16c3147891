#include "auth/looks.h"

#include "util/hash.h"
#include "util/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Users that look alike. */
struct kind {
	struct look look;
	double count;
};

struct looks {
	struct kind *kinds;
	size_t count, room;
};

struct looks *looks_new(void)
{
	return mem_zalloc(sizeof(struct looks));
}

void looks_free(struct looks *l)
{
	if (l != NULL)
		free(l->kinds);
	free(l);
}

static bool is_same(const struct look *a, const struct look *b)
{
	for (size_t i = 0; i < LOOKS_HASHES; i++) {
		if (a->by[i].iterations != b->by[i].iterations ||
		    a->by[i].salt_len != b->by[i].salt_len)
			return false;
	}
	return true;
}

void looks_add(struct looks *l, const struct look *look)
{
	size_t i = 0;

	while (i < l->count && !is_same(&l->kinds[i].look, look))
		i++;
	if (i == l->room) {
		l->room = l->room > 0 ? 2 * l->room : 8;
		l->kinds = mem_realloc(l->kinds, l->room * sizeof *l->kinds);
	}
	if (i == l->count)
		l->kinds[l->count++] = (struct kind){ .look = *look };
	l->kinds[i].count++;
}

/* More than 0, less than 1: of the name and the kind alone. */
static double lot(const uint64_t chance[2], const struct look *look)
{
	uint64_t said[2 * LOOKS_HASHES];

	for (size_t i = 0; i < LOOKS_HASHES; i++) {
		said[2 * i] = (uint64_t)look->by[i].iterations;
		said[2 * i + 1] = look->by[i].salt_len;
	}
	return ((double)(hash_keyed(chance, said, sizeof said) >> 11) + 0.5) / 9007199254740992.0;
}

/* Weighted rendezvous: the kind that is waited for the shortest, of a stream of each as strong as it has users. */
const struct look *looks_draw(const struct looks *l, const uint64_t chance[2], int hash)
{
	const struct look *best = NULL;
	double soonest = INFINITY;

	for (size_t i = 0; i < l->count; i++) {
		const struct kind *k = &l->kinds[i];
		const double at = -log(lot(chance, &k->look)) / k->count;

		if ((hash == LOOKS_ANY || k->look.by[hash].iterations > 0) && at < soonest) {
			soonest = at;
			best = &k->look;
		}
	}
	return best;
}
