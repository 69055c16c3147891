#include "session/draining.h"

#include "balance/leave.h"
#include "session/arrival.h"
#include "session/client.h"
#include "session/inside.h"
#include "session/ports.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>

static const ev_tstamp look_every = 0.1;

static void check_drained(struct worker *w)
{
	if (!w->turns.has_begun || w->told_drained || w->clients != NULL || w->arrivals != NULL ||
	    w->turns.done < w->turns.count)
		return;
	w->told_drained = true;
	ev_timer_stop(w->loop, &w->drain_timer);
	w->on_drained(w->drained_ctx);
}

/* A client whose turn has come is to stay for a moment. */
static bool must_wait(const struct client *c)
{
	return turns_must_wait(&c->tenure, leave_notice_s(c->came.entrance->mapping),
			       client_now(c));
}

static void let_go(struct client *c)
{
	if (c->tenure.is_leaving)
		return;
	c->tenure.is_leaving = true;
	naming_forget(&c->worker->shared->places, &c->tenure);
	c->tenure.turn_at = client_now(c);
	atomic_fetch_add(&c->worker->leaving, 1);
	if (!must_wait(c))
		client_drain(c);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct worker *w = timer->data;

	(void)loop;
	(void)events;
	for (struct client *c = w->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->tenure.is_leaving && !client_is_draining(c) && !must_wait(c))
			client_drain(c);
	}
}

void draining_init(struct worker *w)
{
	w->turns.count = 1;
	w->on_client_gone = check_drained;
	atomic_init(&w->came_by, NO_PORT);
	ev_timer_init(&w->drain_timer, on_look, look_every, look_every);
	w->drain_timer.data = w;
}

/* --- letters --- */

struct drain_letter {
	struct letter letter;
	int turns, lag;
	bool by_port;
};

static void deliver_begin(struct letter *letter, void *owner)
{
	struct drain_letter *l = CONTAINER_OF(letter, struct drain_letter, letter);
	struct worker *w = owner;

	if (!w->turns.has_begun) {
		w->told_drained = false;
		w->turns = (struct turns){ .has_begun = true,
					   .by_port = l->by_port,
					   .count = l->turns,
					   .lag = l->lag,
					   .port_count = w->port_count };
		ev_timer_again(w->loop, &w->drain_timer);
	}
	free(l);
}

void draining_begin(struct worker *w, int turns, int lag, bool by_port)
{
	struct drain_letter *l = mem_zalloc(sizeof *l);

	assert(lag >= 0 && turns > lag);
	l->letter.deliver = deliver_begin;
	l->turns = turns;
	l->lag = lag;
	l->by_port = by_port;
	mailbox_post(&w->mailbox, &l->letter);
}

static void begin_turn(void *worker)
{
	struct worker *w = worker;
	int turn = w->turns.done;

	if (!w->turns.has_begun || turn == w->turns.count)
		return;
	w->turns.done++;
	for (int port = 0; port < w->port_count; port++) {
		/* ports have had their turns before clients that share one have had theirs */
		if (turns_of_port(port, w->turns.count - w->turns.lag, w->port_count) <=
		    turn - w->turns.lag)
			ports_close(w, port);
	}
	for (struct client *c = w->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (turns_of_client(&w->turns, &c->tenure) <= turn)
			let_go(c);
	}
	check_drained(w);
}

static void undo(void *worker)
{
	struct worker *w = worker;

	if (!w->turns.has_begun)
		return;
	w->turns.has_begun = false;
	w->turns.done = 0;
	ev_timer_stop(w->loop, &w->drain_timer);
	for (struct client *c = w->clients; c != NULL; c = c->next) {
		if (c->tenure.is_leaving && !client_is_draining(c)) {
			c->tenure.is_leaving = false;
			atomic_fetch_sub(&w->leaving, 1);
		}
	}
	if (!w->told_drained)
		w->on_drained(w->drained_ctx);
}

static void end(void *worker)
{
	struct worker *w = worker;

	if (!w->turns.has_begun)
		return;
	w->turns.done = w->turns.count;
	for (int port = 0; port < w->port_count; port++)
		ports_close(w, port);
	while (w->clients != NULL)
		client_free(w->clients, "the drain took too long");
	arrivals_free(w, "the drain took too long");
	check_drained(w);
}

void draining_turn(struct worker *w)
{
	mailbox_call(&w->mailbox, begin_turn);
}

void draining_undo(struct worker *w)
{
	mailbox_call(&w->mailbox, undo);
}

void draining_end(struct worker *w)
{
	mailbox_call(&w->mailbox, end);
}

int draining_came_by(const struct worker *w)
{
	return atomic_load(&w->came_by);
}

int draining_leaving(const struct worker *w)
{
	return atomic_load(&w->leaving);
}
