#include "session/tokens_inside.h"

#include "auth/mechanism.h"
#include "session/life.h"
#include "session/token_turns.h"
#include "session/upstreams.h"

#include <math.h>

/* A request waits for a turn that is so near; else the client is told to try again. */
static const double patience_s = 2.0;
/* Before a turn is taken that could not be when it came. */
static const double again_s = 0.1;

/* --- for connections --- */

/* Where the broker does not list it, one that has listed it is asked whether it does still. */
static enum barrier_state ask_barrier(struct tokens_entry *e, int32_t broker)
{
	const enum barrier_state state = barriers_ask(&e->barriers, broker);
	enum barrier_state anew;
	int32_t who;

	if (state != BARRIER_UNLISTED)
		return state;
	who = token_turns_listed_by(tokens_turns(e), e->key, e->token.id);
	if (who == NO_BROKER)
		return state;
	anew = barriers_ask_anew(&e->barriers, who);
	return anew == BARRIER_WAITS || anew == BARRIER_GONE ? anew : state;
}

enum tokens_say tokens_ask(struct client *c, int32_t broker)
{
	struct tokens_entry *e;

	if (c->came.as != NULL && account_is_doubted(c->came.as, broker))
		return TOKENS_FAIL;
	if (!door_is_open(&c->door) || c->door.mechanism == NULL ||
	    c->door.mechanism->way != CARRIED_BY_TOKEN)
		return TOKENS_GO;
	e = tokens_entry_of(c);
	if (e == NULL)
		return TOKENS_FAIL;
	if (tokens_has(e, client_now(c))) {
		tokens_adopt(c, e);
		switch (ask_barrier(e, broker)) {
		case BARRIER_PASSED:
			return TOKENS_GO;
		case BARRIER_WAITS:
			return TOKENS_WAIT;
		case BARRIER_FAILED:
			return TOKENS_FAIL;
		case BARRIER_UNLISTED:
			return tokens_check(c, e);
		case BARRIER_GONE:
			tokens_refused(c, e, "a broker does not list its token any more");
			break;
		}
	}
	if (client_now(c) < e->failed_until)
		return TOKENS_FAIL;
	if (e->maker != NULL)
		return TOKENS_WAIT;
	if (client_now(c) < e->turn_at)
		return e->turn_at - client_now(c) < patience_s ? TOKENS_WAIT : TOKENS_FAIL;
	if (upstreams_of_login(c) == NULL) {
		client_fail(c, "the broker of its login was lost, and it has no token");
		return TOKENS_FAIL;
	}
	return tokens_begin_somewhere(c, e, tokens_begin, &e->failed_until);
}

/* The one that is used now, not one from before. */
static bool has_its_token(const struct client *c)
{
	return c->claim.token != NULL && c->claim.tokens != NULL &&
	       c->claim.tokens->token.credentials == c->claim.token;
}

/* A broker has refused it, or does not list it any more. */
static bool has_a_dropped_token(const struct client *c)
{
	return c->claim.token != NULL && c->claim.tokens != NULL &&
	       c->claim.tokens->token.credentials == NULL;
}

enum tokens_say tokens_ask_again(struct client *c, const struct upstream *u)
{
	if (c->came.as != NULL && account_is_doubted(c->came.as, u->broker))
		return TOKENS_FAIL;
	if (u->purpose == FOR_LOGIN)
		return TOKENS_GO;
	if (has_a_dropped_token(c))
		return TOKENS_FAIL;
	if (!has_its_token(c))
		return TOKENS_GO;
	switch (barriers_ask(&c->claim.tokens->barriers, u->broker)) {
	case BARRIER_PASSED:
		return TOKENS_GO;
	case BARRIER_WAITS:
		return TOKENS_WAIT;
	case BARRIER_FAILED:
	case BARRIER_UNLISTED:
	case BARRIER_GONE:
		break;
	}
	return TOKENS_FAIL;
}

/* --- time, and the end --- */

static bool is_asking(const struct client *c)
{
	return c->claim.tokens != NULL && c->claim.tokens->maker == c;
}

ev_tstamp tokens_due(const struct client *c)
{
	const struct tokens_entry *e = c->claim.tokens;
	const struct tokens_asking *a = &c->claim.asking;

	if (a->until > 0)
		return a->is_late ? a->until : a->late_at;
	if (e == NULL || e->maker != NULL || upstreams_of_login(c) == NULL)
		return INFINITY;
	if (e->turn_at > 0)
		return e->turn_at;
	if (c->claim.token == NULL)
		return INFINITY;
	return fmax(e->renew_at, e->failed_until);
}

/* An answer that has not come. */
static void late(struct client *c, struct tokens_entry *e)
{
	struct upstream *u = upstreams_of_login(c);

	if (client_now(c) < c->claim.asking.until)
		tokens_give_up_waiting(c, e);
	else if (u != NULL)
		upstream_lose(u, LINK_LATE);
}

void tokens_renew(struct client *c)
{
	struct tokens_entry *e = c->claim.tokens;

	if (c->claim.asking.until > 0) {
		late(c, e);
	} else if (e->coming.owner != NULL) {
		tokens_use_coming(c, e);
	} else if (!tokens_may_ask(e, c) || !tokens_begin(c, e)) { /* not now */
		if (e->turn_at > 0)
			e->turn_at = client_now(c) + again_s;
		else
			e->renew_at = client_now(c) + TOKENS_FAILED_S;
	}
}

/* One that the gateway's account has made: another is made when it is away. */
static void put_away(struct account *granted)
{
	struct credentials *now = account_now(granted);

	if (now != NULL && now->is_token)
		account_set(granted, NULL);
	credentials_put(now);
}

/* A broker lists a token a moment before it has its keys: what is new may be good all the same. */
static void refused_by(struct client *c, int32_t broker)
{
	struct tokens_entry *e = c->claim.tokens;

	if (barriers_doubt(&e->barriers, broker))
		tokens_tell(c, "token_doubted",
			    "a broker that lists its token does not take it yet");
	else
		tokens_refused(c, e, "a broker does not take its token any more");
}

void tokens_upstream_lost(struct client *c, const struct upstream *u)
{
	if (u->purpose == FOR_LOGIN && is_asking(c))
		tokens_failed(c, c->claim.tokens, "the broker of the login was lost");
	else if (u->purpose == FOR_LOGIN && c->claim.asking.is_late)
		c->claim.asking = (struct tokens_asking){ .until = 0 };
	else if (u->purpose != FOR_LOGIN && u->link.end == LINK_REFUSED && has_its_token(c))
		refused_by(c, u->broker);
	else if (u->link.end == LINK_REFUSED && c->came.as != NULL)
		put_away(c->came.as);
}

void tokens_leave(struct client *c)
{
	struct tokens_entry *e = c->claim.tokens;

	bool was_asking = is_asking(c);

	c->claim.tokens = NULL;
	credentials_put(c->claim.token);
	c->claim.token = NULL;
	if (!was_asking)
		return;
	e->maker = NULL;
	e->is_check = false;
	tokens_end_turn(e, NULL);
	tokens_wake_all(e); /* another one asks */
}

void tokens_free_all(struct worker *w)
{
	while (w->tokens != NULL) {
		struct tokens_entry *e = w->tokens;

		w->tokens = e->next;
		tokens_entry_free(e);
	}
	barriers_free_all(w);
}
