#include "session/client.h"

#include "session/behind.h"
#include "session/deadlines.h"
#include "session/principal.h"
#include "session/identity.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/nearby.h"
#include "session/losses.h"
#include "session/outbound.h"
#include "session/reading.h"
#include "session/request.h"
#include "session/roll.h"
#include "session/seen.h"
#include "session/standing.h"
#include "session/stay.h"
#include "session/tokens.h"
#include "session/upstreams.h"
#include "util/log.h"
#include "util/mem.h"

/* A client's share of a turn of the loop. */
enum { TURN_REQUESTS = 64, TURN_BYTES = 256 * 1024 };

/* --- birth and death --- */

void client_new(struct worker *w, struct conn *conn, const struct came *came)
{
	struct client *c = mem_zalloc(sizeof *c);

	c->worker = w;
	c->id = w->next_client_id++;
	c->came = *came;
	c->at_one = NO_BROKER;
	c->out.last = &c->out.first;
	c->tally.moved_at = c->life.since = client_now(c);
	conn_hand_over(&c->conn, conn, client_on_event, c);
	tenure_begin(&c->tenure, c->id, came->port, came->broker, client_now(c));
	principal_init(c);
	deadlines_init(c);
	c->next = w->clients;
	c->prev = &w->clients;
	if (c->next != NULL)
		c->next->prev = &c->next;
	w->clients = c;
	worker_note_port(w, came->port);
	if (turns_is_late(&w->turns, &c->tenure))
		client_drain(c);
	else
		client_wake(c);
}

/* Everything but the connections to brokers, and what is counted. */
static void let_go(struct client *c)
{
	(void)inbound_stop(c); /* its request is freed with the others */
	request_free_all(c);
	standing_free_all(c);
	tokens_leave(c);
	relay_stop(&c->out.relay, &c->worker->pipes);
	conn_close(&c->conn);
}

void client_free(struct client *c, const char *why)
{
	struct worker *w = c->worker;
	char address[ADDRESS_TEXT];

	address_text(&c->came.peer, address);
	log_debug("conn=%llu client=%s event=closed reason=\"%s\"", (unsigned long long)c->id,
		  address, why);
	let_go(c);
	upstreams_free_all(c);
	deadlines_stop(c);
	uses_end(c);
	ready_forget(&w->ready, &c->ready);
	admission_leave_address(w->shared->admission, &c->came.peer.any);
	admission_leave(w->shared->admission);
	stats_add(&w->stats, STAT_CLIENTS_CLOSED, 1);
	entrance_count(c->came.entrance, BY_LISTENER_CLOSED, 1);
	stay_end(c);
	rolls_pass_over(w, c);
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	principal_deinit(c);
	seen_free(c);
	behind_free(c);
	nearby_free(c);
	free(c->hello.name);
	free(c->hello.version);
	free(c->client_id);
	identity_forget(&c->came);
	free(c);
	worker_client_gone(w);
}

void client_drain(struct client *c)
{
	atomic_fetch_add(&c->worker->leaving, !c->tenure.is_leaving);
	c->tenure.is_leaving = true;
	if (c->life.state == LIFE_SERVED)
		client_set_life(c, LIFE_LAST_LOOK, NULL);
	else if (c->life.state == LIFE_ENDING)
		client_set_life(c, LIFE_DRAINING, NULL); /* nothing more is read already */
	client_wake(c);
}

/* --- the end of a step --- */

/* What is waited for, and until when. */
static void rearm(struct client *c)
{
	conn_await(&c->conn, true, true);
	for (struct upstream *u = c->upstreams; u != NULL; u = u->next)
		link_await(&u->link, true, true);
	deadlines_rearm(c);
}

/* Memory that isn't needed until something comes goes back. */
static void rest(struct client *c)
{
	if (c->in.state == IN_HEAD || c->in.state == IN_STOPPED || c->in.state == IN_SWALLOW)
		conn_rest(&c->conn);
	for (struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (c->out.relay.vetted == 0 || upstream_next(u) == NULL)
			conn_rest(&u->link.conn);
	}
}

/* Everything that was asked has been answered, and the answers have left. */
static bool is_even(const struct client *c)
{
	return c->out.first == NULL && conn_unsent(&c->conn) == 0;
}

/* Nothing is asked any more, or only what the brokers may keep waiting. */
static bool is_drained(const struct client *c)
{
	if (!inbound_is_idle(c) || conn_unsent(&c->conn) > 0)
		return false;
	for (const struct request *r = c->out.first; r != NULL; r = r->next) {
		if (r->head.api->waits == WAITS_NOT || r->is_answered || r->is_replied)
			return false;
	}
	return true;
}

/* --- the step --- */

/* True: a broker was lost in it, so there is more to do. */
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

static bool move(struct client *c)
{
	bool moved = reading_step(c);

	if (!client_is_closing(c))
		moved |= outbound_step(c);
	if (!client_is_closing(c))
		moved |= losses_step(c);
	if (!client_is_closing(c))
		moved |= tokens_step(c);
	return moved;
}

static void move_until_still(struct client *c)
{
	bool moved = true;

	while (moved && !client_is_closing(c) && has_share(c)) {
		moved = move(c);
		if (!moved && !client_is_closing(c))
			moved = flush(c);
	}
	if (moved && !client_is_closing(c)) {
		flush(c);
		client_wake(c); /* the share is used up: others have theirs first */
	}
}

/* --- after the client has gone --- */

/* What was sent with acks=0 has no answer to wait for, but it must arrive: the broker is told
 * that there is no more, and closes when it has read all. */
static void linger(struct client *c)
{
	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		struct upstream *u = *at;

		if (u->loose && upstream_finish(u)) {
			link_await(&u->link, true, true);
			at = &u->next;
			continue;
		}
		*at = u->next;
		upstream_free(u);
	}
	if (c->upstreams == NULL)
		client_free(c, c->life.why);
	else
		deadlines_rearm(c);
}

static bool has_loose(const struct client *c)
{
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next) {
		if (u->loose && (upstream_is_open(u) || upstream_is_between_logins(u)))
			return true;
	}
	return false;
}

static void close_now(struct client *c)
{
	if (!has_loose(c)) {
		client_free(c, c->life.why);
		return;
	}
	let_go(c);
	client_set_life(c, LIFE_LINGERING, NULL);
	linger(c);
}

/* --- a turn --- */

/* Whether it is time to go. */
static void look_at_life(struct client *c)
{
	if (c->life.state == LIFE_ENDING && is_even(c))
		client_fail(c, c->life.why);
	if (c->life.state == LIFE_DRAINING && is_drained(c))
		client_fail(c, "drained");
	if (!stay_is_over(c))
		return;
	conn_look_again(&c->conn); /* a request that has come by now is taken */
	move_until_still(c);
	if (stay_is_over(c))
		stay_leave(c);
}

static void step(struct client *c)
{
	if (c->life.state == LIFE_LINGERING) {
		linger(c);
		return;
	}
	c->share = (struct share){ TURN_REQUESTS, TURN_BYTES };
	c->stepped_at = clock_s();
	move_until_still(c);
	look_at_life(c);
	c->stepped_at = 0;
	if (client_is_closing(c)) {
		close_now(c);
		return;
	}
	rest(c);
	rearm(c);
}

void client_on_ready(struct ready *r)
{
	step(CONTAINER_OF(r, struct client, ready));
}
