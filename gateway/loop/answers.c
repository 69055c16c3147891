#include "loop/answers.h"

#include "util/mem.h"

#include <stddef.h>
#include <time.h>

struct question {
	struct letter letter;
	struct answers *answers;
};

void answers_init(struct answers *a, void (*answer)(struct answers *a, void *owner),
		  void (*free)(struct answers *a))
{
	*a = (struct answers){ .answer = answer, .free = free, .holders = 1 };
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->has_less, NULL);
}

static void deliver_question(struct letter *letter, void *owner)
{
	struct question *q = CONTAINER_OF(letter, struct question, letter);
	struct answers *a = q->answers;

	free(q);
	a->answer(a, owner);
}

void answers_ask(struct answers *a, struct mailbox *loop)
{
	struct question *q = mem_alloc(sizeof *q);

	*q = (struct question){ .letter.deliver = deliver_question, .answers = a };
	pthread_mutex_lock(&a->lock);
	a->holders++;
	pthread_mutex_unlock(&a->lock);
	mailbox_post(loop, &q->letter);
}

bool answers_wait(struct answers *a, int seconds)
{
	struct timespec until;
	bool all;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&a->lock);
	while (a->holders > 1 &&
	       pthread_cond_clockwait(&a->has_less, &a->lock, CLOCK_MONOTONIC, &until) == 0)
		;
	all = a->holders == 1;
	pthread_mutex_unlock(&a->lock);
	return all;
}

void answers_release(struct answers *a)
{
	bool is_last;

	pthread_mutex_lock(&a->lock);
	is_last = --a->holders == 0;
	pthread_cond_signal(&a->has_less);
	pthread_mutex_unlock(&a->lock);
	if (!is_last)
		return;
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->has_less);
	a->free(a);
}
