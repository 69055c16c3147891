#include "loop/publisher.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <stdbool.h>
#include <stdlib.h>

/* Lives until the publisher is gone and no letter is under way. */
struct subscription {
	struct subscription *next;
	struct letter letter;
	struct mailbox *mailbox;
	publisher_heard heard;
	const struct published *how;
	pthread_mutex_t lock; /* of what follows */
	const void *waiting;  /* to be told of, or NULL */
	bool is_posted;	      /* the letter is under way */
	bool is_closed;	      /* the publisher is gone */
};

struct publisher {
	const struct published *how;
	pthread_mutex_t lock; /* of current */
	const void *current;
	struct subscription *first;
};

static void unref(const struct published *how, const void *value)
{
	if (value != NULL)
		how->unref(value);
}

struct publisher *publisher_new(const struct published *how)
{
	struct publisher *p = mem_zalloc(sizeof *p);

	p->how = how;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

static void subscription_free(struct subscription *s)
{
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void deliver(struct letter *letter, void *owner)
{
	struct subscription *s = CONTAINER_OF(letter, struct subscription, letter);
	const void *value;
	bool is_closed;

	pthread_mutex_lock(&s->lock);
	value = s->waiting;
	s->waiting = NULL;
	s->is_posted = false;
	is_closed = s->is_closed;
	pthread_mutex_unlock(&s->lock);
	if (is_closed)
		subscription_free(s);
	else if (value != NULL)
		s->heard(owner, value);
}

static void subscription_close(struct subscription *s)
{
	const void *waiting;
	bool is_posted;

	pthread_mutex_lock(&s->lock);
	waiting = s->waiting;
	s->waiting = NULL;
	s->is_closed = true;
	is_posted = s->is_posted;
	pthread_mutex_unlock(&s->lock);
	unref(s->how, waiting);
	if (!is_posted)
		subscription_free(s);
}

void publisher_free(struct publisher *p)
{
	struct subscription *next;

	for (struct subscription *s = p->first; s != NULL; s = next) {
		next = s->next;
		subscription_close(s);
	}
	unref(p->how, p->current);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void publisher_subscribe(struct publisher *p, struct mailbox *mailbox, publisher_heard heard)
{
	struct subscription *s = mem_zalloc(sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	s->letter.deliver = deliver;
	s->mailbox = mailbox;
	s->heard = heard;
	s->how = p->how;
	s->next = p->first;
	p->first = s;
}

static void tell(struct subscription *s, const void *value)
{
	const void *older;
	bool was_posted;

	pthread_mutex_lock(&s->lock);
	older = s->waiting;
	s->waiting = s->how->ref(value);
	was_posted = s->is_posted;
	s->is_posted = true;
	pthread_mutex_unlock(&s->lock);
	unref(s->how, older);
	if (!was_posted)
		mailbox_post(s->mailbox, &s->letter);
}

void publisher_publish(struct publisher *p, const void *value)
{
	const void *older;

	pthread_mutex_lock(&p->lock);
	older = p->current;
	p->current = value;
	pthread_mutex_unlock(&p->lock);
	unref(p->how, older);
	for (struct subscription *to = p->first; to != NULL; to = to->next)
		tell(to, value);
}

const void *publisher_current(struct publisher *p)
{
	const void *value;

	pthread_mutex_lock(&p->lock);
	value = p->current != NULL ? p->how->ref(p->current) : NULL;
	pthread_mutex_unlock(&p->lock);
	return value;
}

const void *publisher_peek(const struct publisher *p)
{
	return p->current;
}
