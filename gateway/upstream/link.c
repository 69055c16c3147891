#include "upstream/link.h"

#include <errno.h>

const char *link_end_text(enum link_end end)
{
	static const char *const texts[] = {
		[LINK_NOT_CONNECTED] = "can't connect",
		[LINK_CUT] = "connection lost",
		[LINK_LATE] = "timed out",
		[LINK_BAD_ANSWER] = "bad answer",
		[LINK_HALF_FRAME] = "half a frame",
		[LINK_GIVEN_UP] = "given up",
	};

	return texts[end];
}

void link_lose(struct link *l, enum link_end why)
{
	if (l->state == LINK_LOST)
		return;
	l->state = LINK_LOST;
	l->end = why;
	ev_timer_stop(conn_loop(&l->conn), &l->limit);
	conn_await(&l->conn, false, false);
}

/* The stages in their order; OPEN when there is none left. */
static void go_on(struct link *l)
{
	if (conn_is_lost(&l->conn)) {
		link_lose(l, LINK_NOT_CONNECTED);
	} else if (!conn_is_opening(&l->conn)) {
		ev_timer_stop(conn_loop(&l->conn), &l->limit);
		l->state = LINK_OPEN;
		l->was_open = true;
	}
}

static void on_event(void *owner)
{
	struct link *l = owner;

	if (l->state == LINK_CONNECTING)
		go_on(l);
	l->on_event(l->owner);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct link *l = timer->data;

	(void)loop;
	(void)events;
	link_lose(l, LINK_NOT_CONNECTED);
	l->on_event(l->owner);
}

void link_open(struct link *l, const struct link_wanted *wanted, struct ev_loop *loop,
	       struct bufpool *pool, void (*on)(void *owner), void *owner)
{
	*l = (struct link){ .on_event = on, .owner = owner };
	ev_timer_init(&l->limit, on_limit, wanted->timeout_ms / 1000.0, 0.0);
	l->limit.data = l;
	conn_connect(&l->conn, &conn_plain, wanted->address, wanted->address_len, loop, pool,
		     on_event, l);
	if (conn_is_lost(&l->conn)) {
		link_lose(l, LINK_NOT_CONNECTED);
		return;
	}
	ev_timer_start(loop, &l->limit);
	link_await(l, false, false);
}

void link_close(struct link *l)
{
	if (l->state != LINK_LOST)
		link_lose(l, LINK_GIVEN_UP);
	conn_close(&l->conn);
}

void link_await(struct link *l, bool read, bool write)
{
	switch (l->state) {
	case LINK_CONNECTING:
		conn_await(&l->conn, true, true);
		break;
	case LINK_OPEN:
		conn_await(&l->conn, read, write);
		break;
	case LINK_LOST:
		break;
	}
}
