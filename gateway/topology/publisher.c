#include "topology/publisher.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <stdlib.h>

/* Lives until the publisher is gone and no letter is under way. */
struct subscription {
	struct subscription *next;
	struct letter letter;
	struct mailbox *mailbox;
	void (*on_snapshot)(void *owner, const struct snapshot *s);
	pthread_mutex_t lock; /* of what follows */
	const struct snapshot *waiting; /* to be told of, or NULL */
	bool is_posted; /* the letter is under way */
	bool is_closed; /* the publisher is gone */
};

struct publisher {
	pthread_mutex_t lock; /* of current */
	const struct snapshot *current;
	struct subscription *first;
};

struct publisher *publisher_new(void)
{
	struct publisher *p = mem_zalloc(sizeof *p);

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
	const struct snapshot *snapshot;
	bool is_closed;

	pthread_mutex_lock(&s->lock);
	snapshot = s->waiting;
	s->waiting = NULL;
	s->is_posted = false;
	is_closed = s->is_closed;
	pthread_mutex_unlock(&s->lock);
	if (is_closed)
		subscription_free(s);
	else if (snapshot != NULL)
		s->on_snapshot(owner, snapshot);
}

static void subscription_close(struct subscription *s)
{
	const struct snapshot *waiting;
	bool is_posted;

	pthread_mutex_lock(&s->lock);
	waiting = s->waiting;
	s->waiting = NULL;
	s->is_closed = true;
	is_posted = s->is_posted;
	pthread_mutex_unlock(&s->lock);
	snapshot_unref(waiting);
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
	snapshot_unref(p->current);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void publisher_subscribe(struct publisher *p, struct mailbox *mailbox,
			 void (*on_snapshot)(void *owner, const struct snapshot *s))
{
	struct subscription *s = mem_zalloc(sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	s->letter.deliver = deliver;
	s->mailbox = mailbox;
	s->on_snapshot = on_snapshot;
	s->next = p->first;
	p->first = s;
}

static void tell(struct subscription *s, const struct snapshot *snapshot)
{
	const struct snapshot *older;
	bool was_posted;

	pthread_mutex_lock(&s->lock);
	older = s->waiting;
	s->waiting = snapshot_ref(snapshot);
	was_posted = s->is_posted;
	s->is_posted = true;
	pthread_mutex_unlock(&s->lock);
	snapshot_unref(older);
	if (!was_posted)
		mailbox_post(s->mailbox, &s->letter);
}

void publisher_publish(struct publisher *p, const struct snapshot *s)
{
	const struct snapshot *older;

	pthread_mutex_lock(&p->lock);
	older = p->current;
	p->current = s;
	pthread_mutex_unlock(&p->lock);
	snapshot_unref(older);
	for (struct subscription *to = p->first; to != NULL; to = to->next)
		tell(to, s);
}

const struct snapshot *publisher_current(struct publisher *p)
{
	const struct snapshot *s;

	pthread_mutex_lock(&p->lock);
	s = p->current != NULL ? snapshot_ref(p->current) : NULL;
	pthread_mutex_unlock(&p->lock);
	return s;
}

const struct snapshot *publisher_peek(const struct publisher *p)
{
	return p->current;
}
