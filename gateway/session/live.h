/* live.h - which clients have a connection to this node for which broker.
 *
 * Shared by all workers, behind a lock: it is asked when nodes are named to a client, not for
 * each request.  Keys are hashes; one that was added n times is there until it was removed n
 * times.
 * Tests: tests/unit/session/live_test.c
 */
#ifndef SESSION_LIVE_H
#define SESSION_LIVE_H

#include <stdint.h>

struct live;

struct live *live_new(void);
void live_free(struct live *l);			/* fine with NULL */
void live_add(struct live *l, uint64_t key);	/* not 0 */
void live_remove(struct live *l, uint64_t key); /* one that was added */
unsigned live_count(struct live *l, uint64_t key);

#endif
