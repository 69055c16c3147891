/* budget.h - the node's memory for what must be held.
 *
 * What is to be split, merged or rewritten is held in memory, and all of it comes out of one
 * budget.  It is reserved whole when its size is known, first come first served within its kind
 * and class; one that must wait is granted later by a letter to its owner's mailbox.
 *
 * Kinds stand in the order in which a request needs them.  Who holds memory of one kind may wait
 * for memory of a later kind, never for the same or an earlier one; and a kind may only use what
 * the later ones do not need (cap):
 *
 *     0        10/16  12/16 13 14/16  16/16
 *     |frames.....|layouts|answers|polls|replies|     FRAMES may use 10/16, REPLIES all of it
 *
 * So whoever holds memory gets what he waits for: those before him in the order can't take it.
 * SESSIONS, which are held for long and which nobody waits for, have a sixteenth of the budget to
 * themselves; the others share what is left.
 * Within each kind the last 1/16 is not for large reservations (above 4 MiB) and the last 1/32 for
 * small ones alone (up to 64 KiB).
 *
 * A client's address has at most a share of a kind while it holds any of it; it then waits alone,
 * the others pass.  When somebody waits for long, the slowest of those who hold memory and move
 * bytes of their own (budget_pace) is asked to give up (budget_press).
 * Thread-safe.  Tests: tests/unit/loop/budget_test.c
 */
#ifndef LOOP_BUDGET_H
#define LOOP_BUDGET_H

#include "loop/mailbox.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct budget;
struct reservation;

enum budget_kind {
	BUDGET_FRAMES,	 /* requests' bytes, until the last one has left */
	BUDGET_LAYOUTS,	 /* what is known of a request that is under way */
	BUDGET_ANSWERS,	 /* answers' bytes */
	BUDGET_POLLS,	 /* the same, of those who poll while they hold what was answered before */
	BUDGET_REPLIES,	 /* what is made of answers */
	BUDGET_SESSIONS, /* fetch sessions: for as long as clients read */
	BUDGET_KINDS,
};

/* share: percent of a kind's memory that one address has at most. */
struct budget *budget_new(int64_t bytes, int share);
/* No reservation may be left. Fine with NULL. */
void budget_free(struct budget *b);

/* From any thread; what is held stays, also when it is more than there is now. */
void budget_resize(struct budget *b, int64_t bytes, int share);

/* So many bytes are taken for good by what is always there, a 64th of all at most: no reservation
 * gets them.  Once, before the first one. */
void budget_set_aside(struct budget *b, int64_t bytes);
/* The most that can be set aside. */
int64_t budget_aside_most(int64_t bytes);

/* All bytes of it. */
int64_t budget_size(const struct budget *b);
/* The largest reservation that can be granted in a budget of so many bytes. */
int64_t budget_largest_of(int64_t bytes, enum budget_kind kind);
int64_t budget_largest(const struct budget *b, enum budget_kind kind);
/* Bytes granted now, and how many reservations wait: for the metrics. */
void budget_read(struct budget *b, int64_t *used, unsigned *waiting);

struct budget_asked {
	enum budget_kind kind;
	int64_t bytes;	  /* 1 to budget_largest */
	uint32_t address; /* a number that is alike for a client's address; 0: nobody's */
	struct mailbox *mailbox;
	/* Called later on the mailbox's loop when the memory was not there at once. */
	void (*on_grant)(void *owner);
	/* Others wait, and this is the slowest; NULL: it is not asked to give up. */
	void (*on_press)(void *owner);
	void *owner;
};

/* *granted tells whether the bytes are there at once; on_grant is never called from inside of
 * this call.  The caller frees the reservation with budget_release, granted or not; after that no
 * call follows. */
MUST_CHECK struct reservation *budget_reserve(struct budget *b, const struct budget_asked *asked,
					      bool *granted);
/* Of a granted one: so many bytes are needed on (at least one), no more than it has. */
void budget_shrink(struct reservation *r, int64_t bytes);
/* Of a granted one: so many of its bytes, not all, become a reservation of their own, for `owner`. */
MUST_CHECK struct reservation *budget_split(struct reservation *r, int64_t bytes, void *owner);
/* It is another owner's from now on, at the same mailbox; fine with NULL. */
void budget_own(struct reservation *r, void *owner);
/* Of a granted one: its owner's pace counts from now on, in bytes that budget_moved tells of, and
 * until budget_rest. */
void budget_pace(struct reservation *r);
void budget_moved(struct reservation *r, uint64_t bytes); /* fine with NULL */
void budget_rest(struct reservation *r);
/* Of one that waits: the slowest of those who hold memory is asked to give up, if there is one
 * that has had BUDGET_LEAST_MS and moved less than BUDGET_FAST bytes a second since. */
void budget_press(struct reservation *r);
/* Gives back; from the thread of the mailbox given, on_grant and on_press included.  Fine with
 * NULL.  All of a mailbox's reservations are released before mailbox_deinit. */
void budget_release(struct reservation *r);

enum { BUDGET_LEAST_MS = 2000, BUDGET_FAST = 1024 * 1024 };

#endif
