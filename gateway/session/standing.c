#include "session/standing.h"

#include "session/inside.h"

void standing_add(struct client *c, struct standing *s)
{
	s->next = c->standing;
	c->standing = s;
}

void standing_remove(struct client *c, struct standing *s)
{
	struct standing **at = &c->standing;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

void standing_upstream_lost(struct client *c, const struct upstream *u)
{
	for (struct standing *s = c->standing, *next; s != NULL; s = next) {
		next = s->next;
		s->kind->upstream_lost(c, s, u);
	}
}

bool standing_keeps(const struct client *c, const struct upstream *u)
{
	for (const struct standing *s = c->standing; s != NULL; s = s->next) {
		if (s->kind->keeps(s, u))
			return true;
	}
	return false;
}

void standing_free_all(struct client *c)
{
	while (c->standing != NULL) {
		struct standing *s = c->standing;

		standing_remove(c, s);
		s->kind->free(c, s);
	}
}
