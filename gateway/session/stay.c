#include "session/stay.h"

#include "balance/leave.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"
#include "session/standing.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>

static struct naming naming_now(const struct client *c)
{
	struct worker *w = c->worker;
	const struct entrance *e = c->came.entrance;

	return (struct naming){ .config = w->config,
				.listener = e->listener,
				.snapshot = w->snapshot,
				.mapping = e->mapping,
				.places = &w->shared->places,
				.turns = &w->turns,
				.drawn = &w->naming_drawn,
				.zone = c->came.zone,
				.port_count = e->port_count,
				.now = clock_s() };
}

static struct leave_terms terms(const struct client *c)
{
	const struct worker *w = c->worker;

	return (struct leave_terms){ .notice_s = leave_notice_s(c->came.entrance->mapping),
				     .age_limit_s = w->config->max_connection_age_ms / 1e3,
				     .aging_since = w->aging_since };
}

/* --- naming --- */

/* Which nodes the answer to the request names; the request's head is in the buffer. */
static void name_nodes(struct client *c, struct request *r)
{
	const struct request_head *h = &r->head;
	const struct naming naming = naming_now(c);
	const struct naming_question question = {
		.api = h->api,
		.peer = &c->came.peer.any,
		.client_id = conn_data(&c->conn) + h->client_id_at,
		.client_id_len = h->client_id_len > 0 ? (size_t)h->client_id_len : 0,
	};
	bool had_come_back = c->tenure.came_back;

	naming_of(&naming, &c->tenure, &question, &r->naming);
	atomic_fetch_add(&c->worker->returned, c->tenure.came_back && !had_come_back);
}

const struct mapping_node *stay_node(const void *request, int32_t broker)
{
	const struct request *r = request;
	const struct naming naming = naming_now(r->client);

	return naming_stays(&naming, &r->client->tenure, &r->naming, broker);
}

int stay_at_home(struct worker *w)
{
	int count = 0;

	for (const struct client *c = w->clients; c != NULL; c = c->next) {
		const struct naming naming = naming_now(c);

		count += naming.mapping != NULL && naming_is_at_home(&naming, &c->tenure);
	}
	return count;
}

/* --- requests and answers --- */

void stay_note_request(struct client *c, struct request *r)
{
	bool is_transactional = r->layout.has_key && r->layout.key != NULL;

	leave_note_request(&c->tenure, r->head.api, is_transactional, client_now(c));
	if (c->came.entrance->mapping != NULL)
		name_nodes(c, r);
}

void stay_note_answer(struct client *c, const struct request *r)
{
	leave_note_answer(&c->tenure, r->head.api, request_has_no_answer(r), r->has_error);
}

/* --- leaving --- */

static bool is_between_requests(const struct client *c)
{
	return c->in.state == IN_HEAD && c->out.first == NULL && conn_len(&c->conn) == 0 &&
	       conn_unsent(&c->conn) == 0;
}

static void choose_no_more(struct client *c)
{
	atomic_fetch_sub(&c->worker->chosen, tenure_is_chosen(&c->tenure));
	c->tenure.chosen_at = 0;
}

bool stay_is_over(struct client *c)
{
	const struct leave_terms t = terms(c);

	if (leave_is_missed(&c->tenure, &t, client_now(c)))
		choose_no_more(c);
	return c->life.state == LIFE_SERVED && is_between_requests(c) && !standing_keeps(c, NULL) &&
	       leave_is_due(&c->tenure, &t, client_now(c));
}

ev_tstamp stay_ends_at(const struct client *c)
{
	const struct leave_terms t = terms(c);

	return leave_at(&c->tenure, &t, client_now(c));
}

void stay_leave(struct client *c)
{
	bool chosen = tenure_is_chosen(&c->tenure);

	if (chosen)
		naming_note_shed(&c->worker->shared->places, &c->tenure, client_now(c));
	stats_add(&c->worker->stats, chosen ? c->worker->shed_why : STAT_SHED_AGE, 1);
	client_fail(c, chosen ? "closed for the balance of the nodes" : "too old");
}

void stay_end(struct client *c)
{
	struct worker *w = c->worker;

	naming_forget(&w->shared->places, &c->tenure);
	choose_no_more(c);
	atomic_fetch_sub(&w->leaving, c->tenure.is_leaving);
	atomic_fetch_sub(&w->returned, c->tenure.came_back);
}

/* --- choosing --- */

static int port_of_turn(const struct worker *w, unsigned turn)
{
	bool *used = mem_zalloc((size_t)w->port_count * sizeof *used);
	int port;

	for (const struct client *c = w->clients; c != NULL; c = c->next)
		used[c->tenure.port] = true;
	port = leave_port_of_turn(used, w->port_count, turn);
	free(used);
	return port;
}

static size_t candidates(struct worker *w, int port, struct tenure **to)
{
	size_t n = 0;

	for (struct client *c = w->clients; c != NULL; c = c->next) {
		const struct naming naming = naming_now(c);

		if (c->life.state == LIFE_SERVED && c->tenure.port == port &&
		    leave_is_candidate(&c->tenure, naming.now) &&
		    naming_would_move(&naming, &c->tenure))
			to[n++] = &c->tenure;
	}
	return n;
}

void stay_choose(struct worker *w, unsigned count, unsigned turn)
{
	struct tenure **list;
	size_t n = 0;

	for (const struct client *c = w->clients; c != NULL; c = c->next)
		n++;
	if (n == 0)
		return;
	list = mem_alloc(n * sizeof(struct tenure *));
	n = candidates(w, port_of_turn(w, turn), list);
	leave_sort(list, n);
	if (n > count)
		n = count;
	for (size_t i = 0; i < n; i++) {
		leave_choose(list[i], clock_s());
		naming_forget(&w->shared->places, list[i]);
	}
	atomic_fetch_add(&w->chosen, (int)n);
	for (size_t i = 0; i < n; i++)
		client_wake(CONTAINER_OF(list[i], struct client, tenure));
	free(list);
}
