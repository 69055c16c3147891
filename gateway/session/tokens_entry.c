#include "session/tokens_inside.h"

#include "auth/mechanism.h"
#include "session/life.h"
#include "session/principal.h"
#include "session/token_turns.h"
#include "session/upstreams.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED_MOST_S = 60 };
/* Until every broker knows a new token. */
static const double known_s = 5.0;

/* --- entries --- */

bool tokens_is_of(const struct tokens_entry *e, const struct client *c)
{
	return e->mechanism == c->door.mechanism && strcmp(e->said, c->claim.who) == 0;
}

bool tokens_has(const struct tokens_entry *e, ev_tstamp now)
{
	return e->token.owner != NULL && now < e->ends_at;
}

void tokens_entry_free(struct tokens_entry *e)
{
	barriers_deinit(&e->barriers);
	token_deinit(&e->token);
	token_deinit(&e->coming);
	free(e->said);
	free(e->key);
	free(e->owner);
	free(e->refused);
	free(e);
}

static bool is_used(const struct tokens_entry *e)
{
	if (e->maker != NULL)
		return true;
	for (const struct client *c = e->worker->clients; c != NULL; c = c->next) {
		if (c->claim.tokens == e)
			return true;
	}
	return false;
}

/* Those that have run out and that nobody has. */
static void sweep(struct worker *w)
{
	for (struct tokens_entry **at = &w->tokens; *at != NULL;) {
		struct tokens_entry *e = *at;

		if (tokens_has(e, clock_s()) || is_used(e)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		tokens_entry_free(e);
	}
}

struct token_turns *tokens_turns(const struct tokens_entry *e)
{
	return e->worker->shared->token_turns;
}

void tokens_wake_all(struct tokens_entry *e)
{
	for (struct client *c = e->worker->clients; c != NULL; c = c->next) {
		if (c->claim.tokens == e)
			client_wake(c);
	}
}

static void on_barrier(void *owner)
{
	struct tokens_entry *e = owner;

	if (e->barriers.listed_by != NO_BROKER)
		token_turns_listed(tokens_turns(e), e->key, e->barriers.id, e->barriers.listed_by);
	tokens_wake_all(e);
}

struct tokens_entry *tokens_entry_of(struct client *c)
{
	struct worker *w = c->worker;
	struct tokens_entry *e;

	if (c->claim.tokens != NULL || c->claim.who == NULL || c->claim.by_token == NULL)
		return c->claim.tokens;
	for (e = w->tokens; e != NULL && !tokens_is_of(e, c); e = e->next)
		;
	if (e == NULL) {
		sweep(w);
		e = mem_zalloc(sizeof *e);
		e->worker = w;
		e->mechanism = c->door.mechanism;
		e->shown_by = c->claim.by_token;
		e->said = mem_strdup(c->claim.who);
		e->key = mem_strdup(c->claim.key);
		barriers_init(&e->barriers, w, on_barrier, e);
		e->next = w->tokens;
		w->tokens = e;
	}
	c->claim.tokens = e;
	return e;
}

/* --- what comes of it --- */

void tokens_end_turn(struct tokens_entry *e, const struct token *made)
{
	if (e->has_turn || made != NULL)
		token_turns_end(tokens_turns(e), e->key, made);
	e->has_turn = false;
}

void tokens_end_asking(struct client *c, struct tokens_entry *e)
{
	c->claim.asking = (struct tokens_asking){ .until = 0 };
	e->maker = NULL;
	e->is_check = false;
	e->turn_at = 0;
}

void tokens_tell(const struct client *c, const char *event, const char *why)
{
	log_warn("conn=%llu event=%s principal=\"%s\" err=\"%s\"", (unsigned long long)c->id, event,
		 c->claim.principal, why);
}

void tokens_failed(struct client *c, struct tokens_entry *e, const char *why)
{
	tokens_end_asking(c, e);
	tokens_end_turn(e, NULL);
	e->failed_until = client_now(c) + TOKENS_FAILED_S;
	stats_add(&c->worker->stats, STAT_TOKENS_FAILED, 1);
	tokens_tell(c, "no_token", why);
	tokens_wake_all(e);
}

void tokens_turned_off(struct client *c, struct tokens_entry *e)
{
	ways_heard_none(c->worker);
	tokens_failed(c, e, "brokers have no delegation.token.secret.key");
	client_fail(c, "its identity can't be carried");
}

void tokens_adopt(struct client *c, const struct tokens_entry *e)
{
	if (c->claim.token == e->token.credentials)
		return;
	credentials_put(c->claim.token);
	c->claim.token = credentials_get(e->token.credentials);
	account_set(c->claim.account, credentials_get(e->token.credentials));
	principal_is(c, e->token.owner);
}

/* At half of its life; nodes that have it together not at once, so that the others find what one makes. */
static double renewed_after_s(const struct token *t, int64_t left_ms)
{
	const double early = (double)(hash_bytes(t->id, strlen(t->id)) % 100) / 1000.0;

	return (double)left_ms / 2000.0 * (1.0 - early);
}

static void use(struct client *c, struct tokens_entry *e, struct token *found)
{
	const int64_t left = found->expires_ms - clock_wall_ms();
	const ev_tstamp now = client_now(c);

	e->failed_until = 0;
	e->ends_at = now + (double)left / 1000.0;
	e->renew_at = now + renewed_after_s(found, left);
	if (e->token.id == NULL || strcmp(e->token.id, found->id) != 0)
		barriers_begin(&e->barriers, found);
	token_deinit(&e->token);
	e->token = *found;
	free(e->owner);
	e->owner = mem_strdup(found->owner);
}

/* By the clients that are there, too. */
static void begin_to_use(struct client *c, struct tokens_entry *e, struct token *found)
{
	use(c, e, found);
	for (struct client *other = c->worker->clients; other != NULL; other = other->next) {
		if (other->claim.tokens == e && other->claim.token != NULL)
			tokens_adopt(other, e);
	}
	tokens_wake_all(e);
}

/* A connection that is to log in anew by another token has nothing else to do until its broker knows it: as long as the old
 * one is good it waits until all should.  0: it needn't, or can't. */
static double waits_s(const struct tokens_entry *e, const struct token *found, ev_tstamp now)
{
	const double left = known_s - (double)(clock_wall_ms() - found->issued_ms) / 1000.0;

	if (!tokens_has(e, now) || strcmp(e->token.id, found->id) == 0 || e->ends_at < now + left)
		return 0;
	return fmin(fmax(left, 0), known_s);
}

void tokens_take(struct client *c, struct tokens_entry *e, struct token *found, bool is_new)
{
	const double waits = waits_s(e, found, client_now(c));

	tokens_end_asking(c, e);
	tokens_end_turn(e, found);
	stats_add(&c->worker->stats, is_new ? STAT_TOKENS_MADE : STAT_TOKENS_FOUND, 1);
	token_deinit(&e->coming); /* it would take the place of the newer one */
	if (waits == 0) {
		begin_to_use(c, e, found);
		return;
	}
	e->coming = *found;
	e->renew_at = client_now(c) + waits;
	tokens_wake_all(e);
}

void tokens_use_coming(struct client *c, struct tokens_entry *e)
{
	struct token coming = e->coming;

	e->coming = (struct token){ .owner = NULL };
	begin_to_use(c, e, &coming);
}

/* At once when it is the first time: else a broker that takes none would have them made without end. */
static double refused_for_s(const struct tokens_entry *e)
{
	return e->refusals < 2 ? 0
			       : fmin(FAILED_MOST_S, ldexp(TOKENS_FAILED_S, (int)e->refusals - 2));
}

void tokens_refused(struct client *c, struct tokens_entry *e, const char *why)
{
	const ev_tstamp now = client_now(c);

	if (now - e->refused_at > FAILED_MOST_S)
		e->refusals = 0;
	e->refusals += e->refusals < 10;
	e->refused_at = now;
	e->failed_until = now + refused_for_s(e);
	free(e->refused);
	e->refused = mem_strdup(e->token.id);
	token_deinit(&e->token);
	token_deinit(&e->coming); /* it is found where it is */
	stats_add(&c->worker->stats, STAT_TOKENS_REFUSED, 1);
	tokens_tell(c, "token_refused", why);
	tokens_wake_all(e);
}
