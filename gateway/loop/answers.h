/* answers.h - a thread asks loops, and waits for what they answer.
 *
 * What is asked and what has been answered are members of the struct that this
 * one is in.  It belongs to who asks and to each loop that has not answered:
 * the last of them frees it, so that the asker may give up at any time.
 * Tests: tests/unit/loop/answers_test.c
 */
#ifndef LOOP_ANSWERS_H
#define LOOP_ANSWERS_H

#include "loop/mailbox.h"
#include "util/compiler.h"

#include <stdbool.h>

struct answers {
	/* On the loop that is asked; `owner` is its mailbox's.  Releases it, now or later. */
	void (*answer)(struct answers *a, void *owner);
	void (*free)(struct answers *a);
	/* What several loops write, and the asker before all have answered. */
	pthread_mutex_t lock;
	pthread_cond_t has_less;
	int holders;
};

/* The asker's; it releases it. */
void answers_init(struct answers *a, void (*answer)(struct answers *a, void *owner),
		  void (*free)(struct answers *a));
/* Asks the loop that reads this mailbox. */
void answers_ask(struct answers *a, struct mailbox *loop);
/* True: all that were asked have answered, and everything in it is the asker's. */
MUST_CHECK bool answers_wait(struct answers *a, int seconds);
void answers_release(struct answers *a);

#endif
