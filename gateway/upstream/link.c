#include "upstream/link.h"

#include "auth/lifetime.h"
#include "upstream/exchange.h"
#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>

enum {
	/* A login is renewed after so much of its lifetime, */
	RENEW_PERCENT = 80,
	/* and not sooner after the last one than brokers allow: a second. */
	RENEW_LEAST_MS = 1100,
};

const char *link_end_text(enum link_end end)
{
	static const char *const texts[] = {
		[LINK_NOT_CONNECTED] = "can't connect", [LINK_NOT_SECURED] = "no TLS",
		[LINK_CUT] = "connection lost",		[LINK_LATE] = "timed out",
		[LINK_BAD_ANSWER] = "bad answer",	[LINK_HALF_FRAME] = "half a frame",
		[LINK_GIVEN_UP] = "given up",		[LINK_REFUSED] = "login refused",
	};

	return texts[end];
}

const char *link_why(const struct link *l)
{
	const char *words = l->why != NULL ? l->why : tls_why(&l->conn);

	return words != NULL ? words : link_end_text(l->end);
}

static void end_exchange(struct link *l)
{
	exchange_free(l->exchange);
	l->exchange = NULL;
}

void link_lose(struct link *l, enum link_end why)
{
	if (l->state == LINK_LOST)
		return;
	l->state = LINK_LOST;
	l->end = why;
	end_exchange(l);
	ev_timer_stop(conn_loop(&l->conn), &l->limit);
	conn_await(&l->conn, false, false);
}

/* The limit of the stage, or of what is open. */
static void set_limit(struct link *l, int64_t ms)
{
	struct ev_loop *loop = conn_loop(&l->conn);

	ev_timer_stop(loop, &l->limit);
	ev_now_update(loop);
	ev_timer_set(&l->limit, (double)ms / 1e3, 0.);
	ev_timer_start(loop, &l->limit);
}

/* --- stages, in their order --- */

static void opened(struct link *l)
{
	ev_timer_stop(conn_loop(&l->conn), &l->limit);
	l->state = LINK_OPEN;
	l->was_open = true;
}

/* The lifetime runs from the answer on; the least pause from the beginning of the login. */
static void believed_for(struct link *l, int64_t lifetime_ms)
{
	int64_t now = clock_ms(), in = lifetime_ms * RENEW_PERCENT / 100;
	int64_t least = l->login_began_at + RENEW_LEAST_MS - now;

	l->believed_until = lifetime_ms > 0 ? now + lifetime_ms : 0;
	if (lifetime_ms > 0 && l->login->kind->renews)
		set_limit(l, in > least ? in : least);
}

static void logged_in(struct link *l)
{
	int64_t lifetime_ms = exchange_lifetime_ms(l->exchange);

	end_exchange(l);
	l->logins++;
	opened(l);
	believed_for(l, lifetime_ms);
}

static void refused(struct link *l)
{
	l->why = mem_strdup(l->login->why);
	link_lose(l, LINK_REFUSED);
}

static void step_login(struct link *l)
{
	switch (exchange_step(l->exchange, &l->conn)) {
	case EXCHANGE_GOES_ON:
		break;
	case EXCHANGE_DONE:
		logged_in(l);
		break;
	case EXCHANGE_REFUSED:
		refused(l);
		break;
	case EXCHANGE_BAD:
		link_lose(l, conn_is_dry(&l->conn) ? LINK_CUT : LINK_BAD_ANSWER);
		break;
	}
}

static void begin_login(struct link *l)
{
	l->state = LINK_LOGGING_IN;
	l->is_due = false;
	l->login_began_at = clock_ms();
	l->exchange = exchange_new(l->login);
	step_login(l);
}

static void step_connecting(struct link *l)
{
	if (conn_is_lost(&l->conn))
		link_lose(l, tls_why(&l->conn) != NULL ? LINK_NOT_SECURED : LINK_NOT_CONNECTED);
	else if (conn_is_opening(&l->conn))
		return;
	else if (l->login != NULL)
		begin_login(l);
	else
		opened(l);
}

/* --- events --- */

static void on_event(void *owner)
{
	struct link *l = owner;

	if (l->state == LINK_CONNECTING)
		step_connecting(l);
	else if (l->state == LINK_LOGGING_IN)
		step_login(l);
	l->on_event(l->owner);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct link *l = timer->data;

	(void)loop;
	(void)events;
	if (l->state == LINK_OPEN)
		l->is_due = true;
	else if (l->state == LINK_CONNECTING)
		link_lose(l, tls_give_up(&l->conn) ? LINK_NOT_SECURED : LINK_NOT_CONNECTED);
	else
		link_lose(l, LINK_LATE);
	l->on_event(l->owner);
}

/* --- for its owner --- */

/* The context of this moment; the connection keeps it. */
static void secure(struct link *l, const struct link_wanted *wanted)
{
	struct tls_slot *slot = wanted->terms != NULL ? wanted->terms->tls : NULL;
	struct tls_context *context = slot != NULL ? tls_slot_get(slot) : NULL;

	if (context != NULL)
		tls_connect(&l->conn, context, wanted->host, wanted->port);
	tls_context_unref(context);
}

void link_open(struct link *l, const struct link_wanted *wanted, struct ev_loop *loop,
	       struct bufpool *pool, void (*on)(void *owner), void *owner)
{
	*l = (struct link){ .timeout_ms = wanted->timeout_ms,
			    .login = wanted->login,
			    .on_event = on,
			    .owner = owner };
	ev_timer_init(&l->limit, on_limit, wanted->timeout_ms / 1000.0, 0.0);
	l->limit.data = l;
	conn_connect(&l->conn, &conn_plain, wanted->address, wanted->address_len, loop, pool,
		     on_event, l);
	secure(l, wanted);
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
	login_free(l->login);
	l->login = NULL;
	free(l->why);
	l->why = NULL;
}

void link_renew(struct link *l)
{
	assert(l->state == LINK_OPEN && l->login != NULL && conn_unsent(&l->conn) == 0);
	set_limit(l, l->timeout_ms);
	begin_login(l);
}

void link_note_login(struct link *l, int64_t began_at, int64_t lifetime_ms)
{
	l->login_began_at = began_at;
	l->believed_until = lifetime_ms > 0 ? clock_ms() + lifetime_bounded(lifetime_ms) : 0;
}

void link_login_goes_on(struct link *l)
{
	if (l->state != LINK_LOGGING_IN)
		return;
	exchange_go_on(l->exchange);
	step_login(l);
}

void link_await(struct link *l, bool read, bool write)
{
	switch (l->state) {
	case LINK_CONNECTING:
		conn_await(&l->conn, true, true);
		break;
	case LINK_LOGGING_IN:
		conn_await(&l->conn, true, exchange_has_more(l->exchange));
		break;
	case LINK_OPEN:
		conn_await(&l->conn, read, write);
		break;
	case LINK_LOST:
		break;
	}
}
