/* budget.h - the node's memory for what must be held.
 *
 * What is to be split, merged or rewritten is held in memory, and all of it
 * comes out of one budget.  It is reserved whole when its size is known, first
 * come first served within its class (small up to 64 KiB, medium up to 4 MiB,
 * large), each class with a share of its own (a quarter, a quarter, half), so
 * that no set of large or slow reservations keeps the small ones waiting.  A
 * reservation that must wait is granted later by a letter to its owner's mailbox.
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

struct budget *budget_new(int64_t bytes);
/* No reservation may be left. Fine with NULL. */
void budget_free(struct budget *b);

/* From any thread; what is held stays, also when it is more than there is now. */
void budget_resize(struct budget *b, int64_t bytes);

/* All bytes of it. */
int64_t budget_size(const struct budget *b);
/* The largest reservation that can ever be granted. */
int64_t budget_largest(const struct budget *b);
/* Bytes granted now, and how many reservations wait: for the metrics. */
void budget_read(struct budget *b, int64_t *used, unsigned *waiting);

/* Asks for n bytes (1 to budget_largest).  *granted tells whether they are
 * there at once; if not, on_grant is called later on the mailbox's loop, never
 * from inside this call.  The caller frees the reservation with budget_release,
 * granted or not; after that no call follows. */
MUST_CHECK struct reservation *budget_reserve(struct budget *b, int64_t n, struct mailbox *mailbox,
					      void (*on_grant)(void *owner), void *owner,
					      bool *granted);
/* Gives back; from the thread of the mailbox given, on_grant included.  Fine with
 * NULL.  All of a mailbox's reservations are released before mailbox_deinit. */
void budget_release(struct reservation *r);

#endif
