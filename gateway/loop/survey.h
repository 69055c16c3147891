/* survey.h - a thread asks loops, and waits for what they say.
 *
 * What is asked and what has been answered are members of the struct that this
 * one is in.  It belongs to who asks and to each loop that has not answered:
 * the last of them frees it, so that the asker may give up at any time.
 * Tests: tests/unit/loop/survey_test.c
 */
#ifndef LOOP_SURVEY_H
#define LOOP_SURVEY_H

#include "loop/mailbox.h"
#include "util/compiler.h"

#include <stdbool.h>

struct survey {
	/* On the loop that is asked; `owner` is its mailbox's.  Releases it, now or later. */
	void (*answer)(struct survey *s, void *owner);
	void (*free)(struct survey *s);
	/* What several loops write, and the asker before all have answered. */
	pthread_mutex_t lock;
	pthread_cond_t has_less;
	int holders;
};

/* The asker makes it, and releases it when it has waited. */
void survey_init(struct survey *s, void (*answer)(struct survey *s, void *owner),
		 void (*free)(struct survey *s));
/* Asks the loop that reads this mailbox. */
void survey_ask(struct survey *s, struct mailbox *loop);
/* True: all that were asked have answered, and everything in it is the asker's. */
MUST_CHECK bool survey_wait(struct survey *s, int seconds);
void survey_release(struct survey *s);

#endif
