/* A worker's part of a drain: its clients leave in turns, and its ports are closed. */
#include "session/session.h"

#include "session/client.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { HELD_MOST_S = 3 };
static const ev_tstamp look_every = 0.1;

static void check_drained(struct worker *w)
{
	if (!w->draining || w->told_drained || w->clients != NULL ||
	    w->drained_turns < w->drain_turns)
		return;
	w->told_drained = true;
	ev_timer_stop(w->loop, &w->drain_timer);
	w->on_drained(w->drained_ctx);
}

void worker_client_gone(struct worker *w)
{
	check_drained(w);
}

/* --- clients --- */

void draining_note_port(struct worker *w, int port)
{
	int before = atomic_load_explicit(&w->came_by, memory_order_relaxed);

	if (before != port && before != SEVERAL_PORTS)
		atomic_store(&w->came_by, before == NO_PORT ? port : SEVERAL_PORTS);
}

int client_drain_turn(const struct client *c)
{
	const struct worker *w = c->worker;
	int turns = w->drain_turns - w->drain_lag;

	if (w->drain_by_port)
		return drain_turn_of_port(c->port, turns, w->port_count);
	return (int)(c->id % (uint64_t)turns);
}

static bool is_held(const struct client *c)
{
	ev_tstamp now = client_now(c);

	return now < c->turn_at + leave_notice_s(c->worker) ||
	       (leave_is_held(c) && now < c->turn_at + HELD_MOST_S);
}

static void let_go(struct client *c)
{
	if (c->leaving)
		return;
	c->leaving = true;
	naming_forget(c);
	c->turn_at = client_now(c);
	atomic_fetch_add(&c->worker->leaving, 1);
	if (!is_held(c))
		client_drain(c);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct worker *w = timer->data;

	(void)loop;
	(void)events;
	for (struct client *c = w->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->leaving && !c->draining && !is_held(c))
			client_drain(c);
	}
}

void draining_init(struct worker *w)
{
	w->drain_turns = 1;
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

static void deliver_drain(struct letter *letter, void *owner)
{
	struct drain_letter *l = CONTAINER_OF(letter, struct drain_letter, letter);
	struct worker *w = owner;

	if (!w->draining) {
		w->draining = true;
		w->told_drained = false;
		w->drain_turns = l->turns;
		w->drain_lag = l->lag;
		w->drained_turns = 0;
		w->drain_by_port = l->by_port;
		ev_timer_again(w->loop, &w->drain_timer);
	}
	free(l);
}

void worker_drain(struct worker *w, int turns, int lag, bool by_port)
{
	struct drain_letter *l = mem_zalloc(sizeof *l);

	assert(lag >= 0 && turns > lag);
	l->letter.deliver = deliver_drain;
	l->turns = turns;
	l->lag = lag;
	l->by_port = by_port;
	mailbox_post(&w->mailbox, &l->letter);
}

static void deliver_drain_turn(struct letter *letter, void *owner)
{
	struct worker *w = owner;
	int turn = w->drained_turns;

	free(letter);
	if (!w->draining || turn == w->drain_turns)
		return;
	w->drained_turns++;
	for (int port = 0; port < w->port_count; port++) {
		/* the turns of ports run out before those of clients that share one */
		if (drain_turn_of_port(port, w->drain_turns - w->drain_lag, w->port_count) <=
		    turn - w->drain_lag)
			worker_close_port(w, port);
	}
	for (struct client *c = w->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (client_drain_turn(c) <= turn)
			let_go(c);
	}
	check_drained(w);
}

static void deliver_undrain(struct letter *letter, void *owner)
{
	struct worker *w = owner;

	free(letter);
	if (!w->draining)
		return;
	w->draining = false;
	w->drained_turns = 0;
	ev_timer_stop(w->loop, &w->drain_timer);
	for (struct client *c = w->clients; c != NULL; c = c->next) {
		if (c->leaving && !c->draining) {
			c->leaving = false;
			atomic_fetch_sub(&w->leaving, 1);
		}
	}
	if (!w->told_drained)
		w->on_drained(w->drained_ctx);
}

static void deliver_drain_end(struct letter *letter, void *owner)
{
	struct worker *w = owner;

	free(letter);
	if (!w->draining)
		return;
	w->drained_turns = w->drain_turns;
	for (int port = 0; port < w->port_count; port++)
		worker_close_port(w, port);
	while (w->clients != NULL)
		client_free(w->clients, "the drain took too long");
	check_drained(w);
}

void worker_drain_turn(struct worker *w)
{
	worker_post(w, deliver_drain_turn);
}

void worker_undrain(struct worker *w)
{
	worker_post(w, deliver_undrain);
}

void worker_drain_end(struct worker *w)
{
	worker_post(w, deliver_drain_end);
}

int worker_came_by(const struct worker *w)
{
	return atomic_load(&w->came_by);
}

int worker_leaving(const struct worker *w)
{
	return atomic_load(&w->leaving);
}
