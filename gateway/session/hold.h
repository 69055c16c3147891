/* hold.h - memory of the budget for one thing of a client's, asked for, waited for, held.
 *
 * A client waits for at most two at a time: for what comes in and for what goes out; both stand in
 * its list `waiting`, and the slowest holder is pressed for them once a second (deadlines.c).
 * Whoever is pressed himself is closed.  A hold must not be moved while it waits.
 *
 *     if (!hold_get(c, &r->hold, BUDGET_ANSWERS, size))
 *             return false;   the client is woken when it is there, or is closing now
 * Tests: tests/unit/session/hold_test.c
 */
#ifndef SESSION_HOLD_H
#define SESSION_HOLD_H

#include "loop/budget.h"

#include <stdbool.h>
#include <stdint.h>

struct client;

struct hold {
	struct client *client;
	struct reservation *reservation; /* NULL: none was asked for */
	int64_t bytes;
	bool is_granted;
	bool is_lasting;   /* a session's: it is not held for the sake of a request */
	struct hold *next; /* that waits too */
	double press_at;   /* the loop's time; it waits: when others are to be pressed for it */
};

/* Asks once: the same hold again only looks.  False: it waits, or the client fails, for so much is
 * never given. */
bool hold_get(struct client *c, struct hold *h, enum budget_kind kind, int64_t bytes);
/* Only so many bytes of it are needed on; 0: none. */
void hold_keep(struct hold *h, int64_t bytes);
/* So many bytes of a granted one, or all of it, become `to`'s, which holds nothing yet. */
void hold_split(struct hold *h, struct hold *to, int64_t bytes);
/* All that it is becomes `to`'s; it must not wait. */
void hold_move(struct hold *h, struct hold *to);
/* The same; `to` is another client's. */
void hold_give(struct hold *h, struct client *c, struct hold *to);
/* Fine when nothing was asked for. */
void hold_release(struct hold *h);

static inline bool hold_waits(const struct hold *h)
{
	return h->reservation != NULL && !h->is_granted;
}

/* The client's own pace decides on how long this is held: from now on it counts, or no more. */
void hold_pace(struct hold *h);
void hold_rest(struct hold *h);
void hold_moved(struct hold *h, uint64_t bytes);

/* When others are to be pressed for what the client waits for; INFINITY: it waits for nothing. */
double hold_press_at(const struct client *c);
void hold_press(struct client *c);

#endif
