#include "session/session.h"

#include "util/log.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <math.h>

/* A broker closes an idle connection after ten minutes: we do before. */
enum { UPSTREAM_IDLE_S = 540, LINGER_S = 10 };

/* A client's share of a turn of the loop. */
enum { TURN_REQUESTS = 64, TURN_BYTES = 256 * 1024 };

/* A request that is held has memory reserved: slower than this it loses it. */
enum { HELD_LEAST_BYTES_A_S = 256 * 1024 };

void client_address(const struct client *c, char text[ADDRESS_TEXT])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->peer;
	char host[INET6_ADDRSTRLEN] = "?";

	if (c->peer.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(text, ADDRESS_TEXT, "%s:%d", host, ntohs(v4->sin_port));
	} else {
		if (c->peer.ss_family == AF_INET6)
			inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(text, ADDRESS_TEXT, "[%s]:%d", host, ntohs(v6->sin6_port));
	}
}

void client_fail(struct client *c, const char *why)
{
	if (c->closing == NULL)
		c->closing = why;
}

void client_end(struct client *c, const char *why)
{
	if (c->inbound != NULL)
		request_free(c->inbound);
	c->in_state = IN_STOPPED;
	c->ending = why;
}

struct client *client_next(const struct client *c)
{
	return c->next;
}

static void cancel_query(struct client *c)
{
	if (c->query != NULL)
		topology_cancel(c->query);
	c->query = NULL;
}

void client_free(struct client *c, const char *why)
{
	struct worker *w = c->worker;
	char address[ADDRESS_TEXT];

	client_address(c, address);
	log_debug("conn=%llu client=%s event=closed reason=\"%s\"", (unsigned long long)c->id,
		  address, why);
	cancel_query(c);
	while (c->first != NULL)
		request_free(c->first);
	while (c->upstreams != NULL) {
		struct upstream *u = c->upstreams;

		c->upstreams = u->next;
		phases_forget(c, u);
		upstream_free(u);
	}
	relay_stop(&c->up, &w->pipes);
	relay_stop(&c->down, &w->pipes);
	ev_timer_stop(w->loop, &c->timer);
	ready_forget(&w->ready, &c->ready);
	conn_close(&c->conn);
	if (c->counted_address)
		admission_leave_address(w->shared->admission, (struct sockaddr *)&c->peer);
	admission_leave(w->shared->admission);
	stats_add(&w->stats, STAT_CLIENTS_CLOSED, 1);
	stay_end(c);
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c->hello);
	free(c->client_id);
	free(c);
	worker_client_gone(w);
}

/* --- time --- */

static ev_tstamp seconds(int ms)
{
	return ms / 1000.0;
}

static void earlier(ev_tstamp *soonest, ev_tstamp t)
{
	if (t < *soonest)
		*soonest = t;
}

static bool is_body(const struct client *c)
{
	return c->in_state == IN_ROUTE || c->in_state == IN_SEND || c->in_state == IN_SWALLOW;
}

/* Nobody but the client is waited for. */
static bool may_be_idle(const struct client *c)
{
	return c->first == NULL || c->first->replied || c->first->answer_begun;
}

/* When a request that is held must be there whole. */
static ev_tstamp held_deadline(const struct client *c)
{
	const struct request *r = c->inbound;

	if (r == NULL || r->held_request == NULL || c->in_state != IN_ROUTE)
		return INFINITY;
	return c->frame_since + seconds(c->worker->config->body_timeout_ms) +
	       (double)request_frame_size(r) / HELD_LEAST_BYTES_A_S;
}

/* When the next thing is due that isn't done by then. */
static ev_tstamp next_deadline(const struct client *c)
{
	const struct config *config = c->worker->config;
	ev_tstamp soonest = held_deadline(c);

	if (c->lingering)
		return c->linger_until;
	if (may_be_idle(c))
		earlier(&soonest, c->moved_at + seconds(config->idle_timeout_ms));
	if (c->in_state == IN_PROXY)
		earlier(&soonest, c->frame_since + seconds(config->head_timeout_ms));
	if (c->in_state == IN_HEAD && conn_len(&c->conn) > 0)
		earlier(&soonest, c->frame_since + seconds(config->head_timeout_ms));
	if (is_body(c))
		earlier(&soonest, c->moved_at + seconds(config->body_timeout_ms));
	if (c->first != NULL && c->first->deadline > 0 && !c->first->replied)
		earlier(&soonest, c->first->deadline);
	earlier(&soonest, stay_ends_at(c));
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->ring_count == 0)
			earlier(&soonest, u->idle_since + UPSTREAM_IDLE_S);
	}
	return soonest;
}

static void time_out(struct client *c, enum stats_counter kind, const char *why)
{
	stats_add(&c->worker->stats, kind, 1);
	client_fail(c, why);
}

/* A body that does not move: the client's fault, or the broker's. */
static void body_timeout(struct client *c)
{
	struct request *r = c->inbound;
	bool broker = false;

	for (uint32_t i = 0; r != NULL && i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		if (p->state == PART_TO_SEND && p->upstream != NULL &&
		    !conn_may_write(&p->upstream->link.conn)) {
			upstream_lose(p->upstream, LINK_LATE);
			broker = true;
		}
	}
	if (!broker)
		time_out(c, STAT_TIMEOUTS_BODY, "a request's body was too slow");
	c->moved_at = client_now(c);
}

static void close_idle_upstreams(struct client *c, ev_tstamp now)
{
	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		struct upstream *u = *at;

		if (u->ring_count > 0 || !upstream_is_open(u) ||
		    now < u->idle_since + UPSTREAM_IDLE_S || !request_uses_none(c, u)) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		upstream_free(u);
	}
}

static void check_deadlines(struct client *c)
{
	const struct config *config = c->worker->config;
	ev_tstamp now = client_now(c);
	bool in_head = c->in_state == IN_PROXY ||
		       (c->in_state == IN_HEAD && conn_len(&c->conn) > 0);

	if (in_head && now >= c->frame_since + seconds(config->head_timeout_ms))
		time_out(c, STAT_TIMEOUTS_HEAD, "a request's head was too slow");
	if (now >= held_deadline(c))
		time_out(c, STAT_TIMEOUTS_BODY, "a request that must be held was too slow");
	if (is_body(c) && now >= c->moved_at + seconds(config->body_timeout_ms))
		body_timeout(c);
	if (c->first != NULL && c->first->deadline > 0 && !c->first->replied &&
	    now >= c->first->deadline)
		lost_deadline(c, c->first);
	if (now >= c->moved_at + seconds(config->idle_timeout_ms) && may_be_idle(c))
		time_out(c, STAT_TIMEOUTS_IDLE, "idle");
	close_idle_upstreams(c, now);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct client *c = timer->data;

	(void)loop;
	(void)events;
	c->timer_at = 0;
	if (!c->lingering)
		check_deadlines(c);
	client_wake(c);
}

/* The timer is only moved when it must fire sooner; a late deadline is found
 * when it fires. */
static void rearm_timer(struct client *c)
{
	ev_tstamp due = next_deadline(c), now = client_now(c);

	if (isinf(due))
		return;
	if (c->timer_at != 0 && c->timer_at <= due)
		return;
	if (due < now)
		due = now;
	ev_timer_stop(c->worker->loop, &c->timer);
	ev_timer_set(&c->timer, due - now + 0.001, 0.0);
	ev_timer_start(c->worker->loop, &c->timer);
	c->timer_at = due + 0.001;
}

/* --- the step --- */

static void rearm(struct client *c)
{
	conn_await(&c->conn, true, true);
	for (struct upstream *u = c->upstreams; u != NULL; u = u->next)
		link_await(&u->link, true, true);
	rearm_timer(c);
}

/* Memory that isn't needed until something comes goes back. */
static void rest(struct client *c)
{
	if (c->in_state == IN_HEAD || c->in_state == IN_STOPPED || c->in_state == IN_SWALLOW)
		conn_rest(&c->conn);
	for (struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (c->down.vetted == 0 || upstream_next(u) == NULL)
			conn_rest(&u->link.conn);
	}
}

/* Nothing is asked any more, or only what would be waited for. */
static bool is_drained(const struct client *c)
{
	if (!inbound_is_idle(c) || conn_unsent(&c->conn) > 0)
		return false;
	for (const struct request *r = c->first; r != NULL; r = r->next) {
		if (!r->head.api->long_poll || r->answer_begun || r->replied)
			return false;
	}
	return true;
}

/* True: a socket was lost in it, so there is more to do. */
static bool flush(struct client *c)
{
	bool lost = false;

	for (struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (upstream_is_open(u) && !conn_flush(&u->link.conn) &&
		    conn_is_lost(&u->link.conn)) {
			upstream_lose(u, LINK_CUT);
			lost = true;
		}
	}
	if (!conn_flush(&c->conn) && conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	return lost;
}

static bool has_share(const struct client *c)
{
	return c->share.requests > 0 && c->share.bytes > 0;
}

static void step_until_still(struct client *c)
{
	bool moved = true;

	while (moved && c->closing == NULL && has_share(c)) {
		moved = inbound_step(c);
		if (c->closing == NULL)
			moved |= outbound_step(c);
		if (c->closing == NULL)
			moved |= lost_step(c);
		if (c->closing == NULL && !moved)
			moved = flush(c);
	}
	if (moved && c->closing == NULL) {
		flush(c);
		client_wake(c); /* the share is used up */
	}
}

/* Everything that was asked has been answered, and the answers have left. */
static bool is_even(const struct client *c)
{
	return c->first == NULL && conn_unsent(&c->conn) == 0;
}

/* --- after the client has gone --- */

/* What was sent with acks=0 has no answer to wait for, but it must arrive: the
 * broker is told that there is no more, and closes when it has read all. */
static bool linger_on(struct upstream *u)
{
	return u->loose && upstream_finish(u);
}

static void linger_step(struct client *c)
{
	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		struct upstream *u = *at;

		if (linger_on(u)) {
			link_await(&u->link, true, true);
			at = &u->next;
			continue;
		}
		*at = u->next;
		upstream_free(u);
	}
	if (c->upstreams == NULL || client_now(c) >= c->linger_until)
		client_free(c, c->closing);
	else
		rearm_timer(c);
}

static bool has_loose(const struct client *c)
{
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->loose && upstream_is_open(u))
			return true;
	}
	return false;
}

static void begin_linger(struct client *c)
{
	cancel_query(c);
	while (c->first != NULL)
		request_free(c->first);
	phases_forget_all(c);
	relay_stop(&c->up, &c->worker->pipes);
	relay_stop(&c->down, &c->worker->pipes);
	conn_close(&c->conn);
	c->in_state = IN_STOPPED;
	c->lingering = true;
	c->linger_until = client_now(c) + LINGER_S;
	linger_step(c);
}

static void step(struct client *c)
{
	if (c->lingering) {
		linger_step(c);
		return;
	}
	c->share = (struct client_share){ TURN_REQUESTS, TURN_BYTES };
	step_until_still(c);
	if (c->ending != NULL && c->closing == NULL && is_even(c))
		client_fail(c, c->ending);
	if (c->draining && c->closing == NULL && is_drained(c))
		client_fail(c, "drained");
	if (stay_is_over(c)) {
		conn_look_again(&c->conn); /* a request that has come by now is taken */
		step_until_still(c);
		if (stay_is_over(c))
			stay_leave(c);
	}
	if (c->closing == NULL) {
		rest(c);
		rearm(c);
	} else if (has_loose(c)) {
		begin_linger(c);
	} else {
		client_free(c, c->closing);
	}
}

void client_on_ready(struct ready *r)
{
	step(CONTAINER_OF(r, struct client, ready));
}

void client_wake(struct client *c)
{
	ready_mark(&c->worker->ready, &c->ready);
}

void client_on_event(void *client)
{
	client_wake(client);
}

void client_new(struct worker *w, int fd, const struct sockaddr_storage *peer, int port)
{
	struct client *c = mem_zalloc(sizeof *c);

	c->worker = w;
	c->id = w->next_client_id++;
	c->peer = *peer;
	c->last = &c->first;
	c->in_state = IN_PROXY;
	conn_init(&c->conn, &conn_plain, fd, w->loop, &w->bufs, client_on_event, c);
	c->frame_since = c->moved_at = client_now(c);
	tenure_begin(&c->tenure, c->id, port, client_now(c));
	ev_timer_init(&c->timer, on_timer, 0.0, 0.0);
	c->timer.data = c;
	c->next = w->clients;
	c->prev = &w->clients;
	if (c->next != NULL)
		c->next->prev = &c->next;
	w->clients = c;
	stats_add(&w->stats, STAT_CLIENTS_ACCEPTED, 1);
	worker_note_port(w, port);
	if (turns_is_late(&w->turns, &c->tenure))
		client_drain(c);
	else
		client_wake(c);
}

void client_reconfigure(struct client *c)
{
	client_wake(c);
}

void client_drain(struct client *c)
{
	atomic_fetch_add(&c->worker->leaving, !c->tenure.is_leaving);
	c->tenure.is_leaving = c->draining = c->last_look = true;
	conn_look_again(&c->conn);
	client_wake(c);
}
