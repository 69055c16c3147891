/* Who is closed without need, for the sake of balance or of age, and when: between two
 * requests, so that a client that reconnects loses nothing.  A consumer that always has a
 * Fetch out is closed when that was answered, before its next one is read. */
#include "session/session.h"

#include "util/hash.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

enum {
	YOUNG_S = 5, /* it was balanced a moment ago */
	/* The longest that brokers let a transaction last (transaction.max.timeout.ms): its
	 * end may come by another connection, or another node. */
	TRANSACTION_S = 900,
	MOVING_S = 1, /* see leave_is_held */
	SHED_S = 1,   /* who was chosen and is not between requests in this time stays */
};
static const ev_tstamp notice_s = 0.7; /* see leave_notice_s */

/* --- what forbids it --- */

static bool is_in_transaction(const struct request *r)
{
	switch (r->head.key) {
	case KEY_PRODUCE:
		return r->layout.has_key && r->layout.key != NULL; /* its transactional id */
	case KEY_ADD_PARTITIONS_TO_TXN:
	case KEY_ADD_OFFSETS_TO_TXN:
	case KEY_TXN_OFFSET_COMMIT:
		return true;
	default:
		return false;
	}
}

void leave_note_request(struct client *c, const struct request *r)
{
	if (is_in_transaction(r))
		c->transaction_until = client_now(c) + TRANSACTION_S;
	if (r->head.key == KEY_SHARE_FETCH || r->head.key == KEY_SHARE_ACKNOWLEDGE)
		c->has_share_session = true; /* it ends with the connection */
}

void leave_note_answer(struct client *c, const struct request *r)
{
	c->sent_acks0 = r->answerless;
	if (r->head.key == KEY_END_TXN && !r->has_error)
		c->transaction_until = 0;
}

bool leave_is_held(const struct client *c)
{
	return client_now(c) < c->mapped_at + MOVING_S;
}

static bool may_leave(const struct client *c)
{
	return !c->sent_acks0 && !c->has_share_session && client_now(c) >= c->transaction_until &&
	       !leave_is_held(c);
}

static bool is_between_requests(const struct client *c)
{
	return c->in_state == IN_HEAD && c->first == NULL && conn_len(&c->conn) == 0 &&
	       conn_unsent(&c->conn) == 0;
}

/* --- age --- */

/* The option with a tenth more or less, so that those that came together don't go together. */
static ev_tstamp age_limit(const struct client *c)
{
	const struct worker *w = c->worker;
	ev_tstamp from = c->born > w->aging_since ? c->born : w->aging_since;
	double draw = (double)(hash_bytes(&c->id, sizeof c->id) % 1000) / 1000;

	if (w->config->max_connection_age_ms == 0)
		return INFINITY;
	return from + w->config->max_connection_age_ms / 1000.0 * (0.9 + 0.2 * draw);
}

ev_tstamp leave_notice_s(const struct worker *w)
{
	return w->mapping != NULL ? notice_s : 0;
}

/* From when on one that is chosen may be closed, and until when. */
static ev_tstamp begins(const struct client *c)
{
	return c->chosen_at > 0 ? c->chosen_at + leave_notice_s(c->worker) : INFINITY;
}

static ev_tstamp ends(const struct client *c)
{
	return begins(c) + SHED_S;
}

ev_tstamp leave_at(const struct client *c)
{
	ev_tstamp limit = age_limit(c);

	limit = fmin(limit, begins(c));
	limit = limit > client_now(c) ? limit : INFINITY; /* once it is past each step looks */
	return fmin(limit, ends(c));
}

/* --- leaving --- */

bool leave_is_chosen(const struct client *c)
{
	return c->chosen_at > 0;
}

void leave_forget(struct client *c)
{
	if (c->chosen_at > 0)
		atomic_fetch_sub(&c->worker->chosen, 1);
	c->chosen_at = 0;
}

void leave_look(struct client *c)
{
	if (client_now(c) >= ends(c))
		leave_forget(c);
}

bool leave_is_due(const struct client *c)
{
	ev_tstamp now = client_now(c);

	return c->closing == NULL && !c->draining && is_between_requests(c) && may_leave(c) &&
	       (now >= begins(c) || now >= age_limit(c));
}

void leave(struct client *c)
{
	bool chosen = leave_is_chosen(c);

	if (chosen)
		naming_note_shed(c);
	stats_add(&c->worker->stats, chosen ? c->worker->shed_why : STAT_SHED_AGE, 1);
	client_fail(c, chosen ? "closed for the balance of the nodes" : "too old");
}

/* --- choosing --- */

/* Connections of one virtual broker at a time, as in a drain: a client is not to lose those
 * to all of its brokers at once.  The ports that clients came by have their turns. */
static int port_of_turn(const struct worker *w, unsigned turn)
{
	bool *used = mem_zalloc((size_t)w->port_count * sizeof *used);
	unsigned count = 0;
	int port = 0;

	for (const struct client *c = w->clients; c != NULL; c = c->next) {
		count += !used[c->port];
		used[c->port] = true;
	}
	for (unsigned left = turn % count; !used[port] || left > 0; port++)
		left -= used[port];
	free(used);
	return port;
}

/* Those that were chosen less often, then older ones. */
static int compare(const void *a, const void *b)
{
	const struct client *x = *(struct client *const *)a, *y = *(struct client *const *)b;

	if (x->times_chosen != y->times_chosen)
		return x->times_chosen < y->times_chosen ? -1 : 1;
	return x->id < y->id ? -1 : 1;
}

static size_t candidates(struct worker *w, int port, struct client **to)
{
	size_t n = 0;

	for (struct client *c = w->clients; c != NULL; c = c->next) {
		if (!c->draining && !c->lingering && !leave_is_chosen(c) &&
		    c->in_state != IN_PROXY && may_leave(c) && client_now(c) >= c->born + YOUNG_S &&
		    c->port == port && naming_would_move(c))
			to[n++] = c;
	}
	return n;
}

void leave_choose(struct worker *w, unsigned count, unsigned turn)
{
	struct client **list;
	size_t n = 0;

	for (const struct client *c = w->clients; c != NULL; c = c->next)
		n++;
	if (n == 0)
		return;
	list = mem_alloc(n * sizeof *list);
	n = candidates(w, port_of_turn(w, turn), list);
	qsort(list, n, sizeof *list, compare);
	if (n > count)
		n = count;
	for (size_t i = 0; i < n; i++) {
		list[i]->chosen_at = client_now(list[i]);
		list[i]->times_chosen++;
		naming_forget(list[i]);
	}
	atomic_fetch_add(&w->chosen, (int)n);
	for (size_t i = 0; i < n; i++)
		client_wake(list[i]);
	free(list);
}
