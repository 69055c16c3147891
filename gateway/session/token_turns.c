#include "session/token_turns.h"

#include "topology/snapshot.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOKENS_A_SECOND = 20, /* of all nodes */
	SECOND_MS = 1000,
	MAKING_MS = 60000, /* then its maker has forgotten to say what became of it */
	LOOK_MS = 50,	   /* until another worker may have made it */
	KEEP_MS = 2000,	   /* a turn that nobody has taken */
	CHAINS = 1024,
};

struct row {
	struct row *next;
	char *key;
	int64_t turn;	      /* 0: it has none */
	int64_t making_until; /* 0: nobody makes it */
	struct token token;   /* no owner: there is none */
	int32_t listed_by;    /* a broker that lists the token; NO_BROKER: none is known */
};

struct token_turns {
	pthread_mutex_t lock;
	struct row *chains[CHAINS];
	size_t count, sweep_at;
	size_t nodes;
	/* of the last turns that were given, a ring; INT64_MIN: of nobody yet */
	int64_t given[TOKENS_A_SECOND];
	size_t next;
};

struct token_turns *token_turns_new(void)
{
	struct token_turns *t = mem_zalloc(sizeof *t);

	pthread_mutex_init(&t->lock, NULL);
	t->nodes = 1;
	t->sweep_at = CHAINS;
	for (size_t i = 0; i < TOKENS_A_SECOND; i++)
		t->given[i] = INT64_MIN;
	return t;
}

static void row_free(struct row *r)
{
	token_deinit(&r->token);
	free(r->key);
	free(r);
}

void token_turns_free(struct token_turns *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		while (t->chains[i] != NULL) {
			struct row *r = t->chains[i];

			t->chains[i] = r->next;
			row_free(r);
		}
	}
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void token_turns_share(struct token_turns *t, size_t nodes)
{
	pthread_mutex_lock(&t->lock);
	t->nodes = nodes > 0 ? nodes : 1;
	pthread_mutex_unlock(&t->lock);
}

/* --- rows --- */

static bool is_good(const struct row *r, int64_t until_ms)
{
	return r->token.owner != NULL && r->token.expires_ms > until_ms;
}

static bool is_of_use(const struct row *r, int64_t now)
{
	return is_good(r, clock_wall_ms()) || r->making_until > now ||
	       (r->turn != 0 && r->turn + KEEP_MS > now);
}

/* Only when there are twice as many as were of use the last time. */
static void sweep(struct token_turns *t, int64_t now)
{
	if (t->count < t->sweep_at)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		for (struct row **at = &t->chains[i]; *at != NULL;) {
			struct row *r = *at;

			if (is_of_use(r, now)) {
				at = &r->next;
				continue;
			}
			*at = r->next;
			t->count--;
			row_free(r);
		}
	}
	t->sweep_at = t->count * 2 > CHAINS ? t->count * 2 : CHAINS;
}

static struct row **chain_of(struct token_turns *t, const char *key)
{
	return &t->chains[hash_bytes(key, strlen(key)) % CHAINS];
}

static struct row *find(struct token_turns *t, const char *key)
{
	struct row *r = *chain_of(t, key);

	while (r != NULL && strcmp(r->key, key) != 0)
		r = r->next;
	return r;
}

static struct row *row_of(struct token_turns *t, const char *key, int64_t now)
{
	struct row **chain = chain_of(t, key), *r = find(t, key);

	if (r != NULL)
		return r;
	sweep(t, now);
	r = mem_zalloc(sizeof *r);
	r->key = mem_strdup(key);
	r->next = *chain;
	*chain = r;
	t->count++;
	return r;
}

static bool has_token(const struct row *r, const char *id)
{
	return r != NULL && r->token.id != NULL && strcmp(r->token.id, id) == 0;
}

/* --- turns --- */

/* In no second more than the node's share; with more nodes than tokens a second, in no longer time
 * more than one. */
static int64_t next_turn(struct token_turns *t, int64_t now)
{
	const size_t share = t->nodes < TOKENS_A_SECOND ? TOKENS_A_SECOND / t->nodes : 1;
	const int64_t span = (int64_t)(SECOND_MS * share * t->nodes / TOKENS_A_SECOND);
	const int64_t last = t->given[(t->next + TOKENS_A_SECOND - 1) % TOKENS_A_SECOND];
	const int64_t before = t->given[(t->next + TOKENS_A_SECOND - share) % TOKENS_A_SECOND];
	int64_t turn = now;

	if (last > turn)
		turn = last;
	if (before != INT64_MIN && before + span > turn)
		turn = before + span;
	t->given[t->next] = turn;
	t->next = (t->next + 1) % TOKENS_A_SECOND;
	return turn;
}

static bool is_wanted(const struct row *r, const struct token_wanted *wanted)
{
	return is_good(r, wanted->good_until_ms) &&
	       (wanted->not_id == NULL || strcmp(wanted->not_id, r->token.id) != 0);
}

static enum token_turn ask(struct token_turns *t, struct row *r, int64_t now, int64_t *at)
{
	if (r->making_until > now) {
		*at = now + LOOK_MS;
		return TURN_LATER;
	}
	if (r->turn == 0 || r->turn + KEEP_MS <= now)
		r->turn = next_turn(t, now);
	if (r->turn > now) {
		*at = r->turn;
		return TURN_LATER;
	}
	r->turn = 0;
	r->making_until = now + MAKING_MS;
	return TURN_NOW;
}

enum token_turn token_turns_ask(struct token_turns *t, const char *key,
				const struct token_wanted *wanted, int64_t now, int64_t *at,
				struct token *found)
{
	enum token_turn turn = TURN_FOUND;
	struct row *r;

	pthread_mutex_lock(&t->lock);
	r = row_of(t, key, now);
	if (is_wanted(r, wanted))
		*found = token_copy(&r->token);
	else
		turn = ask(t, r, now, at);
	pthread_mutex_unlock(&t->lock);
	return turn;
}

bool token_turns_find(struct token_turns *t, const char *key, const struct token_wanted *wanted,
		      struct token *found)
{
	const struct row *r;
	bool is_there;

	pthread_mutex_lock(&t->lock);
	r = find(t, key);
	is_there = r != NULL && is_wanted(r, wanted);
	if (is_there)
		*found = token_copy(&r->token);
	pthread_mutex_unlock(&t->lock);
	return is_there;
}

void token_turns_end(struct token_turns *t, const char *key, const struct token *made)
{
	struct row *r;

	pthread_mutex_lock(&t->lock);
	r = row_of(t, key, clock_ms());
	r->making_until = 0;
	if (made != NULL) {
		if (!has_token(r, made->id))
			r->listed_by = NO_BROKER;
		token_deinit(&r->token);
		r->token = token_copy(made);
	}
	pthread_mutex_unlock(&t->lock);
}

void token_turns_listed(struct token_turns *t, const char *key, const char *id, int32_t broker)
{
	struct row *r;

	pthread_mutex_lock(&t->lock);
	r = find(t, key);
	if (has_token(r, id))
		r->listed_by = broker;
	pthread_mutex_unlock(&t->lock);
}

int32_t token_turns_listed_by(struct token_turns *t, const char *key, const char *id)
{
	const struct row *r;
	int32_t broker;

	pthread_mutex_lock(&t->lock);
	r = find(t, key);
	broker = has_token(r, id) ? r->listed_by : NO_BROKER;
	pthread_mutex_unlock(&t->lock);
	return broker;
}
