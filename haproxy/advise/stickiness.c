/* Which kind of stickiness. */
#include "advise/inside.h"

#include "util/mem.h"

#include <string.h>

#define MATTER "stickiness"

static const double even = 1.25; /* a skew that is not worth a change */
static const double gain = 0.9;	 /* what another kind must reach, of the skew that is */
enum { SESSIONS_A_NODE = 10 };	 /* fewer tell nothing */

static char *name_of(const struct kind_found *kind)
{
	return kind->is_known ? mem_strdup(simulate_key_name(kind->key))
			      : mem_printf("on %s", kind->expression);
}

static void keep(struct advisor *a, char *why)
{
	advise_say(a, MATTER, name_of(&a->file->kind), NULL, false, why);
}

/* The evenest kind that sticks, or SIMULATE_NONE. */
static enum simulate_key evenest(const struct advisor *a)
{
	enum simulate_key best = SIMULATE_NONE;

	for (int key = SIMULATE_NONE + 1; key < SIMULATE_KEYS; key++) {
		if (!a->facts->kinds[key].is_known || (enum simulate_key)key == a->file->kind.key)
			continue;
		if (best == SIMULATE_NONE || a->facts->kinds[key].skew < a->facts->kinds[best].skew)
			best = (enum simulate_key)key;
	}
	return best;
}

static void change(struct advisor *a, enum simulate_key to, char *why)
{
	char *now = name_of(&a->file->kind); /* borrows from the line that changes */
	bool is_edited = kind_change(&a->out->edits, a->file->backend, a->file->frontend,
				     &a->file->kind, to);

	advise_say(a, MATTER, now, mem_strdup(simulate_key_name(to)), is_edited, why);
}

/* Ids that a library gives to every client make one key of many clients. */
static bool shares_an_id(const struct advisor *a)
{
	return a->file->kind.key == SIMULATE_CLIENT_ID && a->facts->shared_id[0] != '\0' &&
	       a->facts->sources > 1;
}

static void judge_uneven(struct advisor *a)
{
	const struct facts *f = a->facts;
	enum simulate_key best = evenest(a);

	if (shares_an_id(a))
		change(a, SIMULATE_SOURCE_CLIENT_ID,
		       mem_printf(
			       "sessions have a skew of %.2f over %zu nodes, and \"%s\" is what a "
			       "library calls every client that has no client.id of its own: with "
			       "the address in the key they part",
			       f->skew, f->nodes, f->shared_id));
	else if (best != SIMULATE_NONE && f->kinds[best].skew < f->skew * gain)
		change(a, best,
		       mem_printf("sessions have a skew of %.2f over %zu nodes; the same clients "
				  "would have one of %.2f by %s (simulated)",
				  f->skew, f->nodes, f->kinds[best].skew, simulate_key_name(best)));
	else
		keep(a,
		     mem_printf("sessions have a skew of %.2f over %zu nodes, and no other kind "
				"would be clearly evener for these clients: `haproxy sticky move` "
				"moves the heaviest ones",
				f->skew, f->nodes));
}

void advise_stickiness(struct advisor *a)
{
	const struct facts *f = a->facts;

	if (a->file->kind.stick == NULL)
		keep(a,
		     mem_printf("nothing needs it, as any node answers any request; sessions have "
				"a skew of %.2f",
				f->skew));
	else if (f->sessions < SESSIONS_A_NODE * f->nodes)
		keep(a, mem_printf("%zu sessions on %zu nodes are too few to judge by", f->sessions,
				   f->nodes));
	else if (f->skew <= even)
		keep(a, mem_printf("sessions have a skew of %.2f over %zu nodes, which is even",
				   f->skew, f->nodes));
	else
		judge_uneven(a);
}
