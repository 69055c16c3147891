#include "session/salting.h"

#include "auth/judge.h"
#include "loop/mailbox.h"
#include "util/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

struct salting_job {
	struct letter letter;
	TAILQ_ENTRY(salting_job) link; /* while it waits */
	struct mailbox *mailbox;
	struct judge *judge;
	/* the mailbox's thread's; NULL: cancelled */
	void (*done)(void *owner, struct judge *judge);
	void *owner;
	bool is_salted;
	bool waits; /* in the queue; under the lock */
};

struct salting {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t is_work;
	TAILQ_HEAD(, salting_job) queue;
	bool is_over;
};

static void deliver(struct letter *letter, void *owner)
{
	struct salting_job *job = CONTAINER_OF(letter, struct salting_job, letter);

	(void)owner;
	if (job->done != NULL && job->is_salted)
		job->done(job->owner, job->judge);
	else
		judge_free(job->judge);
	free(job);
}

/* The next one; NULL: there will be none. */
static struct salting_job *take(struct salting *s)
{
	struct salting_job *job = NULL;

	pthread_mutex_lock(&s->lock);
	while (!s->is_over && (job = TAILQ_FIRST(&s->queue)) == NULL)
		pthread_cond_wait(&s->is_work, &s->lock);
	if (s->is_over)
		job = NULL;
	if (job != NULL) {
		TAILQ_REMOVE(&s->queue, job, link);
		job->waits = false;
	}
	pthread_mutex_unlock(&s->lock);
	return job;
}

static void *work(void *salting)
{
	for (struct salting_job *job; (job = take(salting)) != NULL;) {
		judge_salt(job->judge);
		job->is_salted = true;
		mailbox_post(job->mailbox, &job->letter);
	}
	return NULL;
}

struct salting *salting_new(void)
{
	struct salting *s = mem_zalloc(sizeof *s);

	TAILQ_INIT(&s->queue);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->is_work, NULL);
	if (pthread_create(&s->thread, NULL, work, s) != 0)
		abort(); /* as a worker's */
	return s;
}

void salting_stop(struct salting *s)
{
	struct salting_job *job;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_over = true;
	pthread_cond_signal(&s->is_work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	while ((job = TAILQ_FIRST(&s->queue)) != NULL) {
		TAILQ_REMOVE(&s->queue, job, link);
		job->waits = false;
		mailbox_post(job->mailbox, &job->letter);
	}
}

void salting_free(struct salting *s)
{
	if (s == NULL)
		return;
	pthread_cond_destroy(&s->is_work);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct salting_job *salting_ask(struct salting *s, struct mailbox *mailbox, struct judge *judge,
				void (*done)(void *owner, struct judge *judge), void *owner)
{
	struct salting_job *job = mem_zalloc(sizeof *job);

	*job = (struct salting_job){ .letter.deliver = deliver,
				     .mailbox = mailbox,
				     .judge = judge,
				     .done = done,
				     .owner = owner,
				     .waits = true };
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->queue, job, link);
	pthread_cond_signal(&s->is_work);
	pthread_mutex_unlock(&s->lock);
	return job;
}

void salting_cancel(struct salting *s, struct salting_job *job)
{
	bool waited;

	pthread_mutex_lock(&s->lock);
	waited = job->waits;
	if (waited)
		TAILQ_REMOVE(&s->queue, job, link);
	pthread_mutex_unlock(&s->lock);
	job->done = NULL; /* it comes yet, from the thread */
	if (waited) {
		judge_free(job->judge);
		free(job);
	}
}
