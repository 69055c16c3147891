/* rebalances.h - how long the rebalance of each group may take, as its members said.
 *
 * Who joins a group says it; who waits for the group (SyncGroup) does not, and may be at another
 * connection and worker.  So it is the node's: a table of fixed size, by the group's hash, in
 * which groups may push each other out, the shortest time first.  A group that joined at other nodes is
 * not known; a time that is too long costs nothing.
 * Any thread.
 * Tests: tests/unit/session/rebalances_test.c, tests/integration/data/sync_elsewhere.py
 */
#ifndef SESSION_REBALANCES_H
#define SESSION_REBALANCES_H

#include <stdint.h>

struct rebalances;

struct rebalances *rebalances_new(void);
void rebalances_free(struct rebalances *r); /* fine with NULL */

/* A member of the group (hash_bytes of its name) said that a rebalance takes at most so long. */
void rebalances_note(struct rebalances *r, uint64_t group, uint32_t ms);
/* 0: it is not known. */
uint32_t rebalances_of(const struct rebalances *r, uint64_t group);

#endif
