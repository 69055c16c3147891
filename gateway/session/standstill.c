#include "session/standstill.h"

#include "session/inside.h"
#include "session/life.h"
#include "util/clock.h"
#include "util/log.h"

enum { LOOK_EVERY_S = 1 };

static int let_go(struct worker *w)
{
	int gone = 0;

	for (struct client *c = w->clients; c != NULL; c = c->next) {
		if (client_is_closing(c) || !conn_end_is_near(&c->conn))
			continue;
		client_fail(c, "closed by the client while the node stood still");
		client_wake(c);
		gone++;
	}
	return gone;
}

void standstill_look(struct worker *w, int64_t now)
{
	const int64_t stood = now - w->standstill.looked;

	if (stood < STANDSTILL_MS)
		return;
	w->standstill.looked = now;
	log_warn("worker=%d event=stood_still for_s=%.1f clients_gone=%d", w->index,
		 (double)stood / 1e3, let_go(w));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct worker *w = timer->data;
	const int64_t now = clock_ms();

	(void)loop;
	(void)events;
	standstill_look(w, now);
	w->standstill.looked = now;
}

void standstill_init(struct worker *w)
{
	struct standstill *s = &w->standstill;

	s->looked = clock_ms();
	ev_timer_init(&s->timer, on_timer, LOOK_EVERY_S, LOOK_EVERY_S);
	ev_set_priority(&s->timer, EV_MAXPRI);
	s->timer.data = w;
	ev_timer_start(w->loop, &s->timer);
}
