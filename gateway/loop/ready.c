#include "loop/ready.h"

#include "util/compiler.h"

#include <assert.h>
#include <stddef.h>

static void append(struct ready_list *l, struct ready *r)
{
	r->next = NULL;
	r->prev = l->last;
	*l->last = r;
	l->last = &r->next;
}

static void take_out(struct ready_list *l, struct ready *r)
{
	*r->prev = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	else
		l->last = r->prev;
	*r = (struct ready){ 0 };
}

/* One round: those that are there when it begins. */
static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct ready_list *l = CONTAINER_OF(prepare, struct ready_list, prepare);
	struct ready *r;

	(void)events;
	if (l->first == NULL)
		return;
	append(l, &l->end);
	while ((r = l->first) != &l->end) {
		take_out(l, r);
		l->step(r);
	}
	take_out(l, &l->end);
	if (l->first == NULL)
		ev_idle_stop(loop, &l->idle);
}

static void on_idle(struct ev_loop *loop, ev_idle *idle, int events)
{
	(void)loop;
	(void)idle;
	(void)events;
}

void ready_init(struct ready_list *l, struct ev_loop *loop, void (*step)(struct ready *r))
{
	*l = (struct ready_list){ .loop = loop, .step = step };
	l->last = &l->first;
	ev_idle_init(&l->idle, on_idle);
	ev_prepare_init(&l->prepare, on_prepare);
	ev_prepare_start(loop, &l->prepare);
	ev_unref(loop); /* a list keeps no loop running, those who are marked do */
}

void ready_deinit(struct ready_list *l)
{
	assert(l->first == NULL);
	ev_ref(l->loop);
	ev_prepare_stop(l->loop, &l->prepare);
	ev_idle_stop(l->loop, &l->idle);
}

bool ready_is_marked(const struct ready *r)
{
	return r->prev != NULL;
}

void ready_mark(struct ready_list *l, struct ready *r)
{
	if (ready_is_marked(r))
		return;
	append(l, r);
	ev_idle_start(l->loop, &l->idle);
}

void ready_forget(struct ready_list *l, struct ready *r)
{
	if (ready_is_marked(r))
		take_out(l, r);
}
