/* publisher.h - the newest snapshot, and who is told of it.
 *
 * A subscriber that is slow is told of the newest one only.  Publishing is the
 * topology's thread's; publisher_current may be called from any thread.
 * Tests: tests/unit/topology/publisher_test.c
 */
#ifndef TOPOLOGY_PUBLISHER_H
#define TOPOLOGY_PUBLISHER_H

#include "loop/mailbox.h"
#include "topology/snapshot.h"

struct publisher;

struct publisher *publisher_new(void);
/* Subscribers hear nothing any more, even if something is on its way. */
void publisher_free(struct publisher *p);
/* Before anything is published. */
void publisher_subscribe(struct publisher *p, struct mailbox *mailbox,
			 void (*on_snapshot)(void *owner, const struct snapshot *s));
/* Takes the reference. */
void publisher_publish(struct publisher *p, const struct snapshot *s);
/* A reference, or NULL. */
const struct snapshot *publisher_current(struct publisher *p);
/* The same without a reference, on the publishing thread. */
const struct snapshot *publisher_peek(const struct publisher *p);

#endif
