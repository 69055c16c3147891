/* ready.h - who is to be stepped before the loop sleeps.
 *
 * A callback of the loop, a letter, a layer below: each marks what it has found
 * something for and returns.  Before the loop sleeps everyone marked is stepped,
 * once, in the order of the marks, so that what came in one turn of the loop is
 * handled, and written, together.  Who is marked while a round is under way,
 * himself included (he has used up his share of work), is stepped in the next one;
 * until then the loop looks for events and does not sleep.
 *
 * One list a loop, one thread.  Tests: tests/unit/loop/ready_test.c
 */
#ifndef LOOP_READY_H
#define LOOP_READY_H

#include <ev.h>
#include <stdbool.h>

/* Embedded in what is stepped; zeroed: not marked. */
struct ready {
	struct ready *next, **prev;
};

struct ready_list {
	struct ev_loop *loop;
	ev_prepare prepare;
	ev_idle idle; /* runs while somebody is marked: the loop does not sleep */
	struct ready *first, **last;
	struct ready end; /* stands behind those that a round steps */
	void (*step)(struct ready *r);
};

/* `step` may mark and forget anybody, and free what it was called for. */
void ready_init(struct ready_list *l, struct ev_loop *loop, void (*step)(struct ready *r));
/* Nobody may be marked any more. */
void ready_deinit(struct ready_list *l);
/* To the end of the list; nothing when it is marked already. */
void ready_mark(struct ready_list *l, struct ready *r);
bool ready_is_marked(const struct ready *r);
/* Before it is freed; fine when it is not marked. */
void ready_forget(struct ready_list *l, struct ready *r);

#endif
