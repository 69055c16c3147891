/* mailbox.h - letters from any thread to one loop.
 *
 * A letter is delivered on the loop's thread, in the order in which letters
 * were posted.  The poster allocates it; deliver owns it from then on.
 * Tests: tests/unit/loop/mailbox_test.c
 */
#ifndef LOOP_MAILBOX_H
#define LOOP_MAILBOX_H

#include <ev.h>
#include <pthread.h>

struct letter {
	struct letter *next;
	/* `owner` is the mailbox's.  Frees the letter. */
	void (*deliver)(struct letter *letter, void *owner);
};

struct mailbox {
	struct ev_loop *loop;
	void *owner;
	ev_async wake;
	pthread_mutex_t lock;
	struct letter *first, **last;
};

void mailbox_init(struct mailbox *m, struct ev_loop *loop, void *owner);
/* Letters that wait, and those that their delivery posts, are delivered now, so
 * that each is freed; nothing is afterwards.  No other thread may post any longer. */
void mailbox_deinit(struct mailbox *m);
/* From any thread. */
void mailbox_post(struct mailbox *m, struct letter *letter);
/* From any thread: `call` is called as a letter's turn would be, with the mailbox's owner. */
void mailbox_call(struct mailbox *m, void (*call)(void *owner));

#endif
