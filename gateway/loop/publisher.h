/* publisher.h - the newest value of something, and who is told of it.
 *
 * Values are immutable and counted by references; `how` says how.  A subscriber
 * that is slow is told of the newest one only.  Publishing is one thread's;
 * publisher_current may be called from any thread.
 * Tests: tests/unit/topology/publisher_test.c
 */
#ifndef LOOP_PUBLISHER_H
#define LOOP_PUBLISHER_H

#include "loop/mailbox.h"

/* How values are counted; unref is never called with NULL. */
struct published {
	const void *(*ref)(const void *value);
	void (*unref)(const void *value);
};

/* On the subscriber's loop; takes the reference. */
typedef void (*publisher_heard)(void *owner, const void *value);

struct publisher;

struct publisher *publisher_new(const struct published *how);
/* Subscribers hear nothing any more, even if something is on its way. */
void publisher_free(struct publisher *p);
/* Before anything is published. */
void publisher_subscribe(struct publisher *p, struct mailbox *mailbox, publisher_heard heard);
/* Takes the reference. */
void publisher_publish(struct publisher *p, const void *value);
/* A reference, or NULL. */
const void *publisher_current(struct publisher *p);
/* The same without a reference, on the publishing thread. */
const void *publisher_peek(const struct publisher *p);

#endif
