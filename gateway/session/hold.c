#include "session/hold.h"

#include "session/inside.h"
#include "session/life.h"

#include <assert.h>
#include <math.h>

static const ev_tstamp press_every = 1.0;

static void wait_no_more(struct hold *h)
{
	struct hold **at = &h->client->waiting;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	h->next = NULL;
}

static void on_grant(void *owner)
{
	struct hold *h = owner;

	wait_no_more(h);
	h->is_granted = true;
	client_wake(h->client);
}

static void on_press(void *owner)
{
	struct hold *h = owner;

	stats_add(&h->client->worker->stats, STAT_PRESSED, 1);
	client_fail(h->client, "the slowest of those who hold memory that others wait for");
	client_wake(h->client);
}

bool hold_get(struct client *c, struct hold *h, enum budget_kind kind, int64_t bytes)
{
	struct budget *budget = c->worker->shared->budget;
	const struct budget_asked asked = { .kind = kind,
					    .bytes = bytes,
					    .address = (uint32_t)address_hash(&c->came.peer),
					    .mailbox = &c->worker->mailbox,
					    .on_grant = on_grant,
					    .on_press = on_press,
					    .owner = h };

	if (h->reservation != NULL)
		return h->is_granted;
	if (bytes > budget_largest(budget, kind)) {
		client_fail(c, "something to be held that is larger than the budget");
		return false;
	}
	*h = (struct hold){ .client = c, .bytes = bytes, .is_lasting = kind == BUDGET_SESSIONS };
	c->holds += !h->is_lasting;
	h->reservation = budget_reserve(budget, &asked, &h->is_granted);
	if (!h->is_granted) {
		h->press_at = client_now(c) + press_every;
		h->next = c->waiting;
		c->waiting = h;
	}
	return h->is_granted;
}

void hold_keep(struct hold *h, int64_t bytes)
{
	if (h->reservation == NULL || bytes >= h->bytes)
		return;
	if (bytes == 0) {
		hold_release(h);
		return;
	}
	budget_shrink(h->reservation, bytes);
	h->bytes = bytes;
}

void hold_release(struct hold *h)
{
	if (h->reservation == NULL)
		return;
	if (hold_waits(h))
		wait_no_more(h);
	h->client->holds -= !h->is_lasting;
	budget_release(h->reservation);
	*h = (struct hold){ 0 };
}

void hold_move(struct hold *h, struct hold *to)
{
	assert(!hold_waits(h) && to->reservation == NULL);
	*to = *h;
	*h = (struct hold){ 0 };
	budget_own(to->reservation, to);
}

void hold_give(struct hold *h, struct client *c, struct hold *to)
{
	if (h->reservation == NULL)
		return;
	hold_move(h, to);
	to->client->holds -= !to->is_lasting;
	to->client = c;
	c->holds += !to->is_lasting;
}

void hold_split(struct hold *h, struct hold *to, int64_t bytes)
{
	if (bytes >= h->bytes) {
		hold_move(h, to);
		return;
	}
	assert(h->is_granted && to->reservation == NULL);
	*to = (struct hold){
		.client = h->client, .bytes = bytes, .is_granted = true, .is_lasting = h->is_lasting
	};
	to->reservation = budget_split(h->reservation, bytes, to);
	h->bytes -= bytes;
	h->client->holds += !h->is_lasting;
}

void hold_pace(struct hold *h)
{
	if (h->is_granted)
		budget_pace(h->reservation);
}

void hold_rest(struct hold *h)
{
	if (h->is_granted)
		budget_rest(h->reservation);
}

void hold_moved(struct hold *h, uint64_t bytes)
{
	budget_moved(h->reservation, bytes);
}

double hold_press_at(const struct client *c)
{
	double soonest = INFINITY;

	for (const struct hold *h = c->waiting; h != NULL; h = h->next)
		soonest = fmin(soonest, h->press_at);
	return soonest;
}

void hold_press(struct client *c)
{
	for (struct hold *h = c->waiting; h != NULL; h = h->next) {
		if (h->press_at > client_now(c))
			continue;
		budget_press(h->reservation);
		h->press_at = client_now(c) + press_every;
	}
}
