#include "session/questions.h"

#include "session/inside.h"
#include "session/life.h"
#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <string.h>

/* --- keys --- */

static uint64_t hash_of(const struct question_key *k)
{
	const uint64_t all[4] = { (uint64_t)k->api->key << 16 | (uint64_t)k->version,
				  hash_bytes(k->principal, strlen(k->principal)),
				  (uintptr_t)k->told, hash_bytes(k->body, k->size) };

	return hash_bytes(all, sizeof all);
}

static bool is_same(const struct question_key *a, const struct question_key *b)
{
	return a->api == b->api && a->version == b->version && a->told == b->told &&
	       a->as == b->as && a->at_brokers == b->at_brokers && a->size == b->size &&
	       memcmp(a->body, b->body, a->size) == 0 && strcmp(a->principal, b->principal) == 0;
}

static struct question **slot_of(struct questions *all, uint64_t hash)
{
	return &all->slots[hash % QUESTIONS_SLOTS];
}

/* --- a question's life --- */

static struct question *begin(struct questions *all, const struct question_key *key, uint64_t hash)
{
	const size_t name = strlen(key->principal) + 1;
	struct question *q = mem_zalloc(sizeof *q + name + key->size);
	struct question **slot = slot_of(all, hash);
	uint8_t *copies = (uint8_t *)(q + 1);

	q->hash = hash;
	q->key = *key;
	q->key.principal = memcpy(copies, key->principal, name);
	q->key.body = memcpy(copies + name, key->body, key->size);
	q->last = &q->first;
	arena_init(&q->answer.arena);
	gather_init(&q->answer.rest, &q->answer.arena);
	q->next = *slot;
	q->prev = slot;
	if (q->next != NULL)
		q->next->prev = &q->next;
	*slot = q;
	return q;
}

static void hide(struct question *q)
{
	if (q->prev == NULL)
		return;
	*q->prev = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	q->prev = NULL;
}

static void end(struct question *q)
{
	hide(q);
	free(q->answer.frame);
	snapshot_unref(q->answer.snapshot);
	arena_deinit(&q->answer.arena);
	free(q);
}

static void set(struct question *q, enum question_state state)
{
	assert(q->state < QUESTION_ANSWERED);
	q->state = state;
}

/* --- askers --- */

static struct question *open_one(struct questions *all, const struct question_key *key,
				 uint64_t hash)
{
	for (struct question *q = *slot_of(all, hash); q != NULL; q = q->next) {
		if (q->state == QUESTION_OPEN && q->hash == hash && is_same(&q->key, key))
			return q;
	}
	return NULL;
}

void questions_join(struct questions *all, const struct question_key *key, struct asker *a)
{
	const uint64_t hash = hash_of(key);
	struct question *q = open_one(all, key, hash);

	if (q == NULL)
		q = begin(all, key, hash);
	a->question = q;
	a->next = NULL;
	a->prev = q->last;
	*q->last = a;
	q->last = &a->next;
}

static void wake(const struct asker *a)
{
	client_wake(a->request->client);
}

/* Who waits to ask the same may do so now. */
static void wake_waiting(struct questions *all, const struct question *like)
{
	const struct question *q = open_one(all, &like->key, like->hash);

	if (q != NULL && q != like)
		wake(q->first);
}

/* Who leaves held the memory for the answer. */
static void pass_on(struct request *r, struct request *next)
{
	hold_give(&r->answers_hold, next->client, &next->answers_hold);
	if (next->is_replied)
		hold_pace(&next->answers_hold);
}

void questions_leave(struct questions *all, struct asker *a)
{
	struct question *q = a->question;
	const bool was_leading = question_is_led_by(a), is_open = q->state < QUESTION_ANSWERED;

	*a->prev = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	else
		q->last = a->prev;
	if (was_leading && is_open) {
		set(q, QUESTION_OPEN);
		if (q->first != NULL)
			wake(q->first);
		wake_waiting(all, q);
	}
	if (q->first == NULL)
		end(q);
	else if (was_leading && q->state == QUESTION_ANSWERED)
		pass_on(a->request, q->first->request);
}

/* --- asking --- */

ev_tstamp question_may_ask_at(const struct questions *all, const struct question *q)
{
	ev_tstamp at = 0;

	for (const struct question *other = all->slots[q->hash % QUESTIONS_SLOTS]; other != NULL;
	     other = other->next) {
		if (other->state == QUESTION_ASKED && other->hash == q->hash && other != q &&
		    is_same(&other->key, &q->key) &&
		    other->asked_at + QUESTIONS_PATIENCE_MS / 1e3 > at)
			at = other->asked_at + QUESTIONS_PATIENCE_MS / 1e3;
	}
	return at;
}

void question_asked(struct question *q, ev_tstamp now)
{
	set(q, QUESTION_ASKED);
	q->asked_at = now;
}

void question_open_again(struct question *q)
{
	set(q, QUESTION_OPEN);
}

void question_settle(struct questions *all, struct question *q, enum question_state state)
{
	set(q, state);
	hide(q);
	for (const struct asker *a = q->first; a != NULL; a = a->next)
		wake(a);
	wake_waiting(all, q);
}
