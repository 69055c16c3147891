#include "session/roll.h"

#include "session/inside.h"

void roll_begin(struct worker *w, struct roll *r)
{
	*r = (struct roll){ .next = w->rolls, .at = w->clients };
	w->rolls = r;
}

struct client *roll_call(struct roll *r)
{
	struct client *c = r->at;

	if (c != NULL)
		r->at = c->next;
	return c;
}

void roll_end(struct worker *w, struct roll *r)
{
	struct roll **at = &w->rolls;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

void rolls_pass_over(struct worker *w, const struct client *c)
{
	for (struct roll *r = w->rolls; r != NULL; r = r->next) {
		if (r->at == c)
			r->at = c->next;
	}
}
