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
	IDLE_MS = 5000,	  /* a connection that nobody needs */
	BLIND_MS = 1000,  /* where nobody can ask */
	SLOW_MS = 500,	  /* of a broker that is busy */
	LATE_MS = 60000,  /* a token that a broker which does not list it should have heard of */
	OLD_MS = 300000,  /* one that every broker has heard of, were it busy for minutes */
	FAILED_MS = 1000, /* then it may be asked anew */
	NAMES_MAX = 200,  /* of a question: what is said of them fits into an answer */
};

struct barrier {
	struct barrier *next;
	struct barriers *of;
	int32_t broker;
	enum barrier_state state;
	struct lister *lister;	      /* WAITS: who asks; NULL: nobody can */
	struct barrier *next_waiting; /* at the lister */
	bool is_asked;		      /* the question under way is about it too */
	bool is_slow;		      /* the broker: it is to list it twice */
	bool was_listed;
	bool was_doubted;
	ev_timer timer; /* nobody can ask: until it may be known */
	/* clock_ms */
	int64_t since; /* WAITS: it was answered first; 0: not yet */
	int64_t again; /* FAILED, UNLISTED: may be asked anew */
};

/* Asks one broker for all who wait. */
struct lister {
	struct lister *next; /* the worker's */
	struct worker *worker;
	int32_t broker;
	struct call *call;
	bool is_asking;
	struct barrier *waiting, **last; /* in the order of coming */
	ev_timer timer;			 /* to the next question, or to its end */
};

static void leave_lister(struct barrier *b)
{
	struct lister *l = b->lister;
	struct barrier **at;

	if (l == NULL)
		return;
	for (at = &l->waiting; *at != b;)
		at = &(*at)->next_waiting;
	*at = b->next_waiting;
	if (l->last == &b->next_waiting)
		l->last = at;
	b->lister = NULL;
}

static void settle(struct barrier *b, enum barrier_state state)
{
	b->state = state;
	b->again = clock_ms() + FAILED_MS;
	ev_timer_stop(b->of->worker->loop, &b->timer);
	leave_lister(b);
	b->of->on_change(b->of->owner);
}

static void fail(struct barrier *b, enum barrier_state state, const char *why)
{
	log_warn("event=token_not_known broker=%d err=\"%s\"", b->broker, why);
	settle(b, state);
}

static void gone(struct barrier *b)
{
	b->of->is_gone = true;
	fail(b, BARRIER_GONE, "the broker does not list it any more");
}

/* --- asking --- */

static void lister_end(struct lister *l)
{
	ev_timer_stop(l->worker->loop, &l->timer);
	call_free(l->call);
	free(l);
}

static void lister_free(struct lister *l)
{
	struct lister **at = &l->worker->listers;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	lister_end(l);
}

/* It can't ask any more. */
static void lister_fail(struct lister *l, const char *why)
{
	while (l->waiting != NULL)
		fail(l->waiting, BARRIER_FAILED, why);
	lister_free(l);
}

static void arm(struct lister *l)
{
	ev_timer_stop(l->worker->loop, &l->timer);
	ev_timer_set(&l->timer, (l->waiting != NULL ? AGAIN_MS : IDLE_MS) / 1000.0, 0.);
	ev_timer_start(l->worker->loop, &l->timer);
}

enum listed { LISTED, NOT_LISTED, NOT_SAID };

static enum listed lists_it(const struct barrier *b, const uint8_t *body, uint32_t n)
{
	const struct token_wanted wanted = { .owner = b->of->of,
					     .id = b->of->id,
					     .mechanism = &mechanism_scram_sha_256 };
	struct token found;
	enum listed listed;
	int error;

	if (!token_list_read(b->of->worker, body, n, &wanted, &found, &error) || error != 0)
		return NOT_SAID;
	listed = found.owner != NULL ? LISTED : NOT_LISTED;
	token_deinit(&found);
	return listed;
}

static void hear(struct barrier *b, const uint8_t *body, uint32_t n)
{
	const int64_t now = clock_ms();
	const enum listed listed = lists_it(b, body, n);
	const bool was_listed = b->was_listed;

	b->is_asked = false;
	if (b->since == 0)
		b->since = now;
	b->is_slow |= now - b->since >= SLOW_MS;
	b->was_listed |= listed == LISTED;
	if (listed == LISTED)
		b->of->listed_by = b->broker;
	if (listed == LISTED && (was_listed || !b->is_slow))
		settle(b, BARRIER_PASSED);
	else if (listed == NOT_LISTED && was_listed)
		gone(b);
	else if (listed != LISTED && now - b->since >= LIMIT_MS)
		fail(b, BARRIER_UNLISTED, "the broker does not list it");
}

static void on_answer(void *owner, const uint8_t *body, uint32_t n)
{
	struct lister *l = owner;
	struct barrier *next;

	l->is_asking = false;
	if (body == NULL)
		return; /* on_closed follows */
	for (struct barrier *b = l->waiting; b != NULL; b = next) {
		next = b->next_waiting;
		if (b->is_asked)
			hear(b, body, n);
	}
	arm(l);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	(void)error;
	lister_fail(owner, link_end_text(end));
}

static void ask(struct lister *l)
{
	const char *of[NAMES_MAX];
	size_t count = 0;

	ev_timer_stop(l->worker->loop, &l->timer);
	for (struct barrier *b = l->waiting; b != NULL && count < NAMES_MAX; b = b->next_waiting) {
		b->is_asked = true;
		of[count++] = b->of->of;
	}
	l->is_asking = token_list_ask(l->call, l->worker, of, count, on_answer, l);
	if (!l->is_asking)
		lister_fail(l, "the broker is not there");
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct lister *l = timer->data;

	(void)loop;
	(void)events;
	if (l->waiting != NULL)
		ask(l);
	else
		lister_free(l);
}

static struct lister *lister_new(struct worker *w, const struct broker *at)
{
	static const struct call_events events = { .on_closed = on_closed };
	struct lister *l = mem_zalloc(sizeof *l);

	l->worker = w;
	l->broker = at->id;
	l->last = &l->waiting;
	l->call = token_list_open(w, at, &events, l);
	ev_timer_init(&l->timer, on_tick, 0., 0.);
	l->timer.data = l;
	l->next = w->listers;
	w->listers = l;
	return l;
}

/* Who comes while a question is under way, or a moment after it, is asked about in the next one. */
static void join_lister(struct barrier *b, const struct broker *at)
{
	struct worker *w = b->of->worker;
	struct lister *l = w->listers;
	bool was_idle;

	while (l != NULL && l->broker != at->id)
		l = l->next;
	if (l == NULL)
		l = lister_new(w, at);
	was_idle = l->waiting == NULL && !l->is_asking;
	b->lister = l;
	b->next_waiting = NULL;
	*l->last = b;
	l->last = &b->next_waiting;
	if (was_idle)
		ask(l);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	settle(timer->data, BARRIER_PASSED); /* nobody could ask */
}

static void begin(struct barrier *b)
{
	struct worker *w = b->of->worker;
	const struct broker *at = snapshot_broker(w->snapshot, b->broker);
	char *own = barriers_own_name(w);

	b->state = BARRIER_WAITS;
	b->since = 0;
	b->is_asked = false;
	if (own == NULL || token_list_version(w) < 0) {
		ev_timer_set(&b->timer, BLIND_MS / 1000.0, 0.);
		ev_timer_start(w->loop, &b->timer);
	} else if (at == NULL) {
		settle(b, BARRIER_FAILED);
	} else {
		join_lister(b, at);
	}
	free(own);
}

/* --- all of them --- */

static void forget(struct barriers *b)
{
	while (b->first != NULL) {
		struct barrier *one = b->first;

		b->first = one->next;
		ev_timer_stop(b->worker->loop, &one->timer);
		leave_lister(one);
		free(one);
	}
	free(b->id);
	free(b->of);
	b->id = b->of = NULL;
}

void barriers_init(struct barriers *b, struct worker *w, void (*on_change)(void *owner),
		   void *owner)
{
	*b = (struct barriers){
		.worker = w, .on_change = on_change, .owner = owner, .listed_by = NO_BROKER
	};
}

void barriers_deinit(struct barriers *b)
{
	forget(b);
}

void barriers_free_all(struct worker *w)
{
	for (struct lister *l = w->listers, *next; l != NULL; l = next) {
		next = l->next;
		lister_end(l);
	}
	w->listers = NULL;
}

static bool is_old(const struct barriers *b)
{
	return clock_wall_ms() - b->issued_ms >= OLD_MS;
}

void barriers_begin(struct barriers *b, const struct token *token)
{
	forget(b);
	b->id = mem_strdup(token->id);
	b->of = mem_strdup(token->owner);
	b->issued_ms = token->issued_ms;
	b->is_old = is_old(b);
	b->is_gone = false;
	b->listed_by = NO_BROKER;
}

bool barriers_are_late(const struct barriers *b)
{
	return clock_wall_ms() - b->issued_ms >= LATE_MS;
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

static struct barrier *find(const struct barriers *all, int32_t broker)
{
	struct barrier *b = all->first;

	while (b != NULL && b->broker != broker)
		b = b->next;
	return b;
}

enum barrier_state barriers_ask(struct barriers *all, int32_t broker)
{
	struct barrier *b = find(all, broker);

	if (all->is_old)
		return BARRIER_PASSED;
	if (all->is_gone)
		return BARRIER_GONE;
	if (b == NULL)
		begin(b = barrier_new(all, broker));
	else if (b->state >= BARRIER_FAILED && clock_ms() >= b->again)
		begin(b);
	return b->state;
}

enum barrier_state barriers_ask_anew(struct barriers *all, int32_t broker)
{
	struct barrier *b = find(all, broker);
	const bool is_new = b == NULL;

	if (all->is_gone)
		return BARRIER_GONE;
	if (is_new)
		b = barrier_new(all, broker);
	b->was_listed = true;
	if (is_new || (b->state != BARRIER_WAITS && clock_ms() >= b->again))
		begin(b);
	return b->state;
}

bool barriers_doubt(struct barriers *all, int32_t broker)
{
	struct barrier *b = find(all, broker);

	if (b == NULL)
		return false;
	if (b->was_doubted) /* by another connection's login, of which the broker has said the same */
		return b->state != BARRIER_PASSED;
	if (b->state != BARRIER_PASSED || is_old(all))
		return false;
	b->was_doubted = true;
	settle(b, BARRIER_FAILED);
	return true;
}

/* --- the gateway's own name --- */

char *barriers_own_name(const struct worker *w)
{
	const struct link_terms *terms = w->shared->terms;
	struct credentials *own =
		terms != NULL && terms->account != NULL ? account_now(terms->account) : NULL;
	char *name = own != NULL ? carried_name(own) : NULL;

	credentials_put(own);
	return name;
}
