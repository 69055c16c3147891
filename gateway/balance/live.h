/* live.h - which clients have a connection to this node for which broker.
 *
 * One table for all workers, behind a lock: looked into when nodes are named to a client, not for
 * each request.  Keys are odd hashes; a key that was added n times is there until it was
 * removed n times.  Keys that have come and gone can be had in that order, to tell other nodes.
 * Tests: tests/unit/balance/live_test.c
 */
#ifndef BALANCE_LIVE_H
#define BALANCE_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct live;

struct live *live_new(void);
void live_free(struct live *l); /* fine with NULL */
void live_add(struct live *l, uint64_t key);
void live_remove(struct live *l, uint64_t key); /* a key that was added */
unsigned live_count(struct live *l, uint64_t key);

/* Takes the next keys that came, or that went: those without their lowest bit; at most `max`
 * of them.  Nothing is kept for this before its first call.  Where more waits to be taken than
 * LIVE_WAITING and what is there, all that is there comes anew, and what went is lost. */
enum { LIVE_WAITING = 65536 };
size_t live_take(struct live *l, uint64_t *keys, size_t max);
/* All keys that are there are to come once more. */
void live_tell_all(struct live *l);

#endif
