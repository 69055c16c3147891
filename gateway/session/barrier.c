#include "session/barrier.h"

#include "auth/carried.h"
#include "auth/mechanism.h"
#include "session/inside.h"
#include "session/token_list.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	LIMIT_MS = 2000,  /* of a broker that answers and does not list it */
	AGAIN_MS = 50,	  /* between two questions */
	BLIND_MS = 1000,  /* where nobody can ask */
	OLD_MS = 5000,	  /* a token that every broker knows */
	FAILED_MS = 1000, /* then it may be asked anew */
};

struct barrier {
	struct barrier *next;
	struct barriers *of;
	int32_t broker;
	enum barrier_state state;
	struct call *call;
	ev_timer timer; /* to the next question */
	int64_t limit;	/* clock_ms: WAITS until then; FAILED: may be asked anew then */
};

static void settle(struct barrier *b, enum barrier_state state)
{
	b->state = state;
	b->limit = clock_ms() + FAILED_MS;
	ev_timer_stop(b->of->worker->loop, &b->timer);
	call_free(b->call);
	b->call = NULL;
	b->of->on_change(b->of->owner);
}

static void fail(struct barrier *b, const char *why)
{
	log_warn("event=token_not_known broker=%d err=\"%s\"", b->broker, why);
	settle(b, BARRIER_FAILED);
}

/* --- asking --- */

static void arm(struct barrier *b, int ms)
{
	struct ev_loop *loop = b->of->worker->loop;

	ev_timer_stop(loop, &b->timer);
	ev_timer_set(&b->timer, ms / 1000.0, 0.);
	ev_timer_start(loop, &b->timer);
}

static bool lists_it(const struct barrier *b, const uint8_t *body, uint32_t n)
{
	const struct token_wanted wanted = { .owner = b->of->of,
					     .id = b->of->id,
					     .mechanism = &mechanism_scram_sha_256 };
	struct token found;
	int error;
	bool is_there;

	if (!token_list_read(b->of->worker, body, n, &wanted, &found, &error))
		return false;
	is_there = found.owner != NULL;
	token_deinit(&found);
	return is_there;
}

static void on_answer(void *owner, const uint8_t *body, uint32_t n)
{
	struct barrier *b = owner;

	if (body == NULL)
		return; /* on_closed follows */
	if (b->limit == 0)
		b->limit = clock_ms() + LIMIT_MS;
	if (lists_it(b, body, n))
		settle(b, BARRIER_PASSED);
	else if (clock_ms() >= b->limit)
		fail(b, "the broker does not list it");
	else
		arm(b, AGAIN_MS);
}

static void ask(struct barrier *b)
{
	if (!token_list_ask(b->call, b->of->worker, b->of->of, on_answer, b))
		fail(b, "the broker is not there");
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct barrier *b = timer->data;

	(void)loop;
	(void)events;
	if (b->call == NULL)
		settle(b, BARRIER_PASSED); /* nobody could ask */
	else
		ask(b);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	(void)error;
	fail(owner, link_end_text(end));
}

static void open_call(struct barrier *b, const struct broker *at)
{
	static const struct call_events events = { .on_closed = on_closed };

	b->call = token_list_open(b->of->worker, at, &events, b);
	ask(b);
}

static void begin(struct barrier *b)
{
	const struct broker *at = snapshot_broker(b->of->worker->snapshot, b->broker);
	char *own = barriers_own_name(b->of->worker);

	b->state = BARRIER_WAITS;
	b->limit = 0;
	if (own == NULL || token_list_version(b->of->worker) < 0)
		arm(b, BLIND_MS);
	else if (at == NULL)
		settle(b, BARRIER_FAILED);
	else
		open_call(b, at);
	free(own);
}

/* --- all of them --- */

static void forget(struct barriers *b)
{
	while (b->first != NULL) {
		struct barrier *one = b->first;

		b->first = one->next;
		ev_timer_stop(b->worker->loop, &one->timer);
		call_free(one->call);
		free(one);
	}
	free(b->id);
	free(b->of);
	b->id = b->of = NULL;
}

void barriers_init(struct barriers *b, struct worker *w, void (*on_change)(void *owner),
		   void *owner)
{
	*b = (struct barriers){ .worker = w, .on_change = on_change, .owner = owner };
}

void barriers_deinit(struct barriers *b)
{
	forget(b);
}

void barriers_begin(struct barriers *b, const struct token *token)
{
	forget(b);
	b->id = mem_strdup(token->id);
	b->of = mem_strdup(token->owner);
	b->is_old = clock_wall_ms() - token->issued_ms > OLD_MS;
}

static struct barrier *barrier_new(struct barriers *all, int32_t broker)
{
	struct barrier *b = mem_zalloc(sizeof *b);

	b->of = all;
	b->broker = broker;
	ev_timer_init(&b->timer, on_timer, 0., 0.);
	b->timer.data = b;
	b->next = all->first;
	all->first = b;
	return b;
}

enum barrier_state barriers_ask(struct barriers *all, int32_t broker)
{
	struct barrier *b = all->first;

	if (all->is_old)
		return BARRIER_PASSED;
	while (b != NULL && b->broker != broker)
		b = b->next;
	if (b == NULL)
		begin(b = barrier_new(all, broker));
	else if (b->state == BARRIER_FAILED && clock_ms() >= b->limit)
		begin(b);
	return b->state;
}

/* --- the gateway's own name --- */

char *barriers_own_name(const struct worker *w)
{
	const struct link_terms *terms = w->shared->terms;
	struct credentials *own =
		terms != NULL && terms->account != NULL ? account_now(terms->account) : NULL;
	const struct carried *by = NULL;
	char *name = NULL;

	if (own == NULL)
		return NULL;
	if (own->user != NULL) {
		name = mem_strdup(own->user);
	} else {
		by = carried_of((const uint8_t *)own->mechanism->name,
				strlen(own->mechanism->name));
		name = by != NULL ? by->who(own->said.data, own->said.len) : NULL;
	}
	credentials_put(own);
	return name;
}
