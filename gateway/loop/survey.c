#include "loop/survey.h"

#include "util/mem.h"

#include <stddef.h>
#include <time.h>

struct question {
	struct letter letter;
	struct survey *survey;
};

void survey_init(struct survey *s, void (*answer)(struct survey *s, void *owner),
		 void (*free)(struct survey *s))
{
	*s = (struct survey){ .answer = answer, .free = free, .holders = 1 };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->has_less, NULL);
}

static void deliver_question(struct letter *letter, void *owner)
{
	struct question *q = CONTAINER_OF(letter, struct question, letter);
	struct survey *s = q->survey;

	free(q);
	s->answer(s, owner);
}

void survey_ask(struct survey *s, struct mailbox *loop)
{
	struct question *q = mem_alloc(sizeof *q);

	*q = (struct question){ .letter.deliver = deliver_question, .survey = s };
	pthread_mutex_lock(&s->lock);
	s->holders++;
	pthread_mutex_unlock(&s->lock);
	mailbox_post(loop, &q->letter);
}

bool survey_wait(struct survey *s, int seconds)
{
	struct timespec until;
	bool all;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&s->lock);
	while (s->holders > 1 &&
	       pthread_cond_clockwait(&s->has_less, &s->lock, CLOCK_MONOTONIC, &until) == 0)
		;
	all = s->holders == 1;
	pthread_mutex_unlock(&s->lock);
	return all;
}

void survey_release(struct survey *s)
{
	bool is_last;

	pthread_mutex_lock(&s->lock);
	is_last = --s->holders == 0;
	pthread_cond_signal(&s->has_less);
	pthread_mutex_unlock(&s->lock);
	if (!is_last)
		return;
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->has_less);
	s->free(s);
}
