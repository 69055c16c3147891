#include "loop/mailbox.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <stddef.h>
#include <stdlib.h>

static struct letter *take_all(struct mailbox *m)
{
	struct letter *first;

	pthread_mutex_lock(&m->lock);
	first = m->first;
	m->first = NULL;
	m->last = &m->first;
	pthread_mutex_unlock(&m->lock);
	return first;
}

static void deliver(struct mailbox *m, struct letter *first)
{
	struct letter *next;

	for (struct letter *l = first; l != NULL; l = next) {
		next = l->next;
		l->deliver(l, m->owner);
	}
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct mailbox *m = CONTAINER_OF(wake, struct mailbox, wake);

	(void)loop;
	(void)events;
	deliver(m, take_all(m));
}

void mailbox_init(struct mailbox *m, struct ev_loop *loop, void *owner)
{
	*m = (struct mailbox){ .loop = loop, .owner = owner };
	m->last = &m->first;
	pthread_mutex_init(&m->lock, NULL);
	ev_async_init(&m->wake, on_wake);
	ev_async_start(loop, &m->wake);
}

void mailbox_deinit(struct mailbox *m)
{
	struct letter *first;

	while ((first = take_all(m)) != NULL) /* a delivery may have posted */
		deliver(m, first);
	ev_async_stop(m->loop, &m->wake);
	pthread_mutex_destroy(&m->lock);
}

void mailbox_post(struct mailbox *m, struct letter *letter)
{
	letter->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->last = letter;
	m->last = &letter->next;
	pthread_mutex_unlock(&m->lock);
	ev_async_send(m->loop, &m->wake);
}

struct call_letter {
	struct letter letter;
	void (*call)(void *owner);
};

static void deliver_call(struct letter *letter, void *owner)
{
	struct call_letter *l = CONTAINER_OF(letter, struct call_letter, letter);
	void (*call)(void *owner) = l->call;

	free(l);
	call(owner);
}

void mailbox_call(struct mailbox *m, void (*call)(void *owner))
{
	struct call_letter *l = mem_alloc(sizeof *l);

	*l = (struct call_letter){ .letter.deliver = deliver_call, .call = call };
	mailbox_post(m, &l->letter);
}
