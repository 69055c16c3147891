/* burst.h - memory that a burst has left behind goes back to the system.
 *
 * What is freed stays with the process, so that the next request finds it warm.  When the process
 * has grown by much more than what is held out of the budget, and that does not grow any more, the
 * burst is over: what is free is given back.  So it is once more when nothing is held any more, and when
 * much stays free that could not be given back then, since it was in use: the budget knows nothing of
 * what many handshakes hold at once.
 * Tests: tests/unit/program/burst_test.c, tests/integration/data/hostile_memory.py
 */
#ifndef PROGRAM_BURST_H
#define PROGRAM_BURST_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing has been seen yet. */
struct burst {
	int64_t least; /* resident bytes that are no burst's */
	int64_t held_before;
	int looks;	     /* since then */
	int idle_looks;	     /* in a row at which nothing was held */
	bool was_held;	     /* something was, since memory was given back for good */
	int64_t least_loose; /* resident bytes that nobody used: no burst's */
	int64_t most_used;   /* since memory was given back: what it pinned may be free by now */
	int loose_looks;     /* in a row at which much more was loose */
};

/* To be asked every second: whether a burst is over. */
bool burst_is_over(struct burst *b, int64_t resident, int64_t held);
/* Whether much has stayed free for some seconds; `used`: bytes that malloc has given. */
bool burst_is_loose(struct burst *b, int64_t resident, int64_t used);
/* What is free was given back: so much is resident now. */
void burst_ended(struct burst *b, int64_t resident, int64_t held, int64_t used);

/* The same for this process: looks, and gives back. */
void burst_step(struct burst *b, int64_t held);

#endif
