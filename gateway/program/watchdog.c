/* The service manager is told that the node is alive for as long as the main loop turns
 * and every worker answers it. */
#include "program/inside.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

struct watchdog {
	struct program *program;
	ev_timer timer;
	int waits_for; /* workers that have not answered yet */
	bool is_late;
};

static void one_answers(struct program *p)
{
	struct watchdog *w = p->watchdog;

	if (--w->waits_for > 0)
		return;
	w->is_late = false;
	notify_alive(&p->notify);
}

static void on_pinged(void *program)
{
	program_post(program, one_answers);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct watchdog *w = timer->data;
	struct program *p = w->program;

	(void)loop;
	(void)events;
	if (w->waits_for > 0) {
		if (!w->is_late)
			log_error("who=main event=stuck workers=%d", w->waits_for);
		w->is_late = true;
		return;
	}
	w->waits_for = p->worker_count;
	for (int i = 0; i < p->worker_count; i++)
		worker_ping(p->workers[i], on_pinged, p);
}

struct watchdog *watchdog_new(struct program *p)
{
	double every = (double)p->notify.watchdog_ms / 1e3 / 2;
	struct watchdog *w;

	if (p->notify.watchdog_ms == 0)
		return NULL;
	w = mem_zalloc(sizeof *w);
	w->program = p;
	ev_timer_init(&w->timer, on_timer, 0., every);
	w->timer.data = w;
	ev_timer_start(p->loop, &w->timer);
	return w;
}

void watchdog_free(struct watchdog *w)
{
	if (w == NULL)
		return;
	ev_timer_stop(w->program->loop, &w->timer);
	free(w);
}
