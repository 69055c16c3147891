#include "session/tokens.h"

#include "auth/mechanism.h"
#include "auth/token.h"
#include "kafka/errors.h"
#include "kafka/head.h"
#include "kafka/say.h"
#include "kafka/wire.h"
#include "session/barrier.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/principal.h"
#include "session/token_turns.h"
#include "session/upstreams.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 3, /* where brokers have it */
	FRAME_MAX = 4096,
	LIFE_MS = 3600 * 1000, /* of a token, where brokers allow so much */
	ANSWER_MAX = INBUF_BLOCK,
};
static const double failed_s = 1.0, failed_most_s = 60.0;
/* A request waits for a turn that is so near; else the client is told to try again. */
static const double patience_s = 2.0;
/* Until every broker knows a new token. */
static const double known_s = 5.0;
/* Of a broker that does not answer: then another one is asked, or the client is told to try again. */
static const double answers_s = 3.0;
/* Before a turn is taken that could not be when it came. */
static const double again_s = 0.1;

/* One name by one mechanism. */
struct tokens_entry {
	struct tokens_entry *next;
	struct worker *worker;
	const struct carried *mechanism;
	const struct mechanism *shown_by; /* the token, to further brokers */
	char *said;			  /* the name by which clients log in */
	char *key;			  /* the same with the mechanism, for token_turns.h */
	char *owner;			  /* whom a broker has named; NULL: none has yet */
	struct token token;		  /* as brokers tell of it; no owner: there is none */
	struct token coming;		  /* takes its place at renew_at; no owner: there is none */
	char *refused;	   /* the id of the last one that a broker refused; NULL: none was */
	unsigned refusals; /* one after the other */
	bool has_turn;	   /* to make one */
	ev_tstamp turn_at; /* it has not come yet; 0: none is waited for */
	ev_tstamp renew_at, ends_at;
	ev_tstamp failed_until, refused_at; /* 0: it has not */
	ev_tstamp checked_until; /* it is listed, but not everywhere; 0: it was not asked */
	struct client *maker;	 /* at whose broker it is asked for; NULL: nobody asks */
	bool is_check;		 /* whether the token is there still, asks the maker */
	struct barriers barriers;
};

/* --- entries --- */

static bool is_of(const struct tokens_entry *e, const struct client *c)
{
	return e->mechanism == c->door.mechanism && strcmp(e->said, c->claim.who) == 0;
}

static bool has_token(const struct tokens_entry *e, ev_tstamp now)
{
	return e->token.owner != NULL && now < e->ends_at;
}

static void entry_free(struct tokens_entry *e)
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

		if (has_token(e, clock_s()) || is_used(e)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		entry_free(e);
	}
}

static struct token_turns *turns_of(const struct tokens_entry *e)
{
	return e->worker->shared->token_turns;
}

static void wake_all(struct tokens_entry *e)
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
		token_turns_listed(turns_of(e), e->key, e->barriers.id, e->barriers.listed_by);
	wake_all(e);
}

static struct tokens_entry *entry_of(struct client *c)
{
	struct worker *w = c->worker;
	struct tokens_entry *e;

	if (c->claim.tokens != NULL || c->claim.who == NULL || c->claim.by_token == NULL)
		return c->claim.tokens;
	for (e = w->tokens; e != NULL && !is_of(e, c); e = e->next)
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

/* --- asking --- */

static int version_of(const struct client *c, enum api_key key)
{
	const struct kversions v = c->worker->snapshot->offers[key];

	return v.max < VERSION ? v.max : VERSION;
}

/* As the client, at the broker of its login.  False: not now. */
static bool say(struct client *c, enum api_key key, struct say_pairs says)
{
	struct upstream *u = upstreams_of_login(c);
	struct tokens_asking *a = &c->claim.asking;
	struct buf frame;
	bool good;

	if (a->until > 0 || u == NULL || !upstream_is_open(u) || c->door.state != DOOR_OPEN ||
	    door_is_waiting(&c->door) || !upstream_may_write(u, a) || version_of(c, key) < 0)
		return false;
	buf_init(&frame, FRAME_MAX);
	good = say_frame(api_of((int)key), version_of(c, key), c->next_correlation, c->client_id,
			 says, &frame) &&
	       conn_put(&u->link.conn, frame.data, (uint32_t)frame.len);
	if (good) {
		*a = (struct tokens_asking){ key, version_of(c, key), c->next_correlation++ };
		a->until = client_now(c) + c->worker->config->request_timeout_ms / 1000.0;
		a->late_at = fmin(client_now(c) + answers_s, a->until);
		upstream_begin(u, a);
		upstream_sent(u);
		stats_add(&c->worker->stats, STAT_BROKER_BYTES_OUT, frame.len);
	}
	buf_deinit(&frame);
	return good;
}

static bool say_describe(struct client *c, const char *owner)
{
	const struct say one[] = { say_text(OWNER_TYPE, "User"), say_text(OF_OWNER, owner) };
	const struct say all[] = { SAY_ONE(OWNERS, one) };

	return say(c, KEY_DESCRIBE_DELEGATION_TOKEN, SAY_ALL(all));
}

static bool say_create(struct client *c)
{
	char *renewer = barriers_own_name(c->worker);
	const struct say one[] = { say_text(TO_RENEW_TYPE, "User"),
				   say_text(TO_RENEW_NAME, renewer) };
	const struct say all[] = { say_list(TO_RENEW, one, 2, renewer != NULL),
				   say_number(TOKEN_LIFETIME_MS, LIFE_MS) };
	bool said = say(c, KEY_CREATE_DELEGATION_TOKEN, SAY_ALL(all));

	free(renewer);
	return said;
}

/* Whose tokens are the client's: whom a broker has named before, else the name that it said, which the
 * answer then confirms: who made it, and for whom, must be that. */
static const char *owner_of(const struct tokens_entry *e)
{
	return e->owner != NULL ? e->owner : e->said;
}

/* --- what comes of it --- */

/* made: NULL: none was. */
static void end_turn(struct tokens_entry *e, const struct token *made)
{
	if (e->has_turn || made != NULL)
		token_turns_end(turns_of(e), e->key, made);
	e->has_turn = false;
}

static void end_asking(struct client *c, struct tokens_entry *e)
{
	c->claim.asking = (struct tokens_asking){ .until = 0 };
	e->maker = NULL;
	e->is_check = false;
	e->turn_at = 0;
}

static void tell(const struct client *c, const char *event, const char *why)
{
	log_warn("conn=%llu event=%s principal=\"%s\" err=\"%s\"", (unsigned long long)c->id, event,
		 c->claim.principal, why);
}

static void failed(struct client *c, struct tokens_entry *e, const char *why)
{
	end_asking(c, e);
	end_turn(e, NULL);
	e->failed_until = client_now(c) + failed_s;
	stats_add(&c->worker->stats, STAT_TOKENS_FAILED, 1);
	tell(c, "no_token", why);
	wake_all(e);
}

/* They will make none: the client logs in anew, and is carried another way. */
static void turned_off(struct client *c, struct tokens_entry *e)
{
	ways_heard_none(c->worker);
	failed(c, e, "brokers have no delegation.token.secret.key");
	client_fail(c, "its identity can't be carried");
}

static void adopt(struct client *c, const struct tokens_entry *e)
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
			adopt(other, e);
	}
	wake_all(e);
}

/* A connection that is to log in anew by another token has nothing else to do until its broker knows it: as long as the old
 * one is good it waits until all should.  0: it needn't, or can't. */
static double waits_s(const struct tokens_entry *e, const struct token *found, ev_tstamp now)
{
	const double left = known_s - (double)(clock_wall_ms() - found->issued_ms) / 1000.0;

	if (!has_token(e, now) || strcmp(e->token.id, found->id) == 0 || e->ends_at < now + left)
		return 0;
	return fmin(fmax(left, 0), known_s);
}

static void take(struct client *c, struct tokens_entry *e, struct token *found, bool is_new)
{
	const double waits = waits_s(e, found, client_now(c));

	end_asking(c, e);
	end_turn(e, found);
	stats_add(&c->worker->stats, is_new ? STAT_TOKENS_MADE : STAT_TOKENS_FOUND, 1);
	token_deinit(&e->coming); /* it would take the place of the newer one */
	if (waits == 0) {
		begin_to_use(c, e, found);
		return;
	}
	e->coming = *found;
	e->renew_at = client_now(c) + waits;
	wake_all(e);
}

static void use_coming(struct client *c, struct tokens_entry *e)
{
	struct token coming = e->coming;

	e->coming = (struct token){ .owner = NULL };
	begin_to_use(c, e, &coming);
}

/* At once when it is the first time: else a broker that takes none would have them made without end. */
static double refused_for_s(const struct tokens_entry *e)
{
	return e->refusals < 2 ? 0 : fmin(failed_most_s, ldexp(failed_s, (int)e->refusals - 2));
}

/* The token is no good: it was made to expire, or the brokers have another key. */
static void refused(struct client *c, struct tokens_entry *e, const char *why)
{
	const ev_tstamp now = client_now(c);

	if (now - e->refused_at > failed_most_s)
		e->refusals = 0;
	e->refusals += e->refusals < 10;
	e->refused_at = now;
	e->failed_until = now + refused_for_s(e);
	free(e->refused);
	e->refused = mem_strdup(e->token.id);
	token_deinit(&e->token);
	token_deinit(&e->coming); /* it is found where it is */
	stats_add(&c->worker->stats, STAT_TOKENS_REFUSED, 1);
	tell(c, "token_refused", why);
	wake_all(e);
}

/* Of those that are there.  One that has less than three quarters of its life left is soon to be made
 * anew. */
static struct token_wanted wanted_of(const struct tokens_entry *e, const char *renewer)
{
	return (struct token_wanted){ .owner = owner_of(e),
				      .renewer = renewer,
				      .not_id = e->refused,
				      .good_until_ms = clock_wall_ms() + LIFE_MS / 4 * 3,
				      .mechanism = e->shown_by };
}

static bool begin(struct client *c, struct tokens_entry *e)
{
	const struct token_wanted wanted = wanted_of(e, NULL);
	struct token found;

	if (token_turns_find(turns_of(e), e->key, &wanted, &found)) {
		take(c, e, &found, false);
		return true;
	}
	if (!say_describe(c, owner_of(e)))
		return false;
	e->maker = c;
	return true;
}

/* There is none: one is made, when it is time. */
static void create(struct client *c, struct tokens_entry *e, const struct token_wanted *wanted)
{
	const int64_t now = clock_ms();
	struct token found;
	int64_t at;

	switch (token_turns_ask(turns_of(e), e->key, wanted, now, &at, &found)) {
	case TURN_FOUND:
		take(c, e, &found, false);
		break;
	case TURN_LATER:
		stats_add(&c->worker->stats, STAT_TOKENS_QUEUED, e->turn_at == 0);
		end_asking(c, e);
		e->turn_at = client_now(c) + (double)(at - now) / 1000.0;
		wake_all(e);
		break;
	case TURN_NOW:
		e->has_turn = true;
		if (!say_create(c))
			failed(c, e, "a token can't be asked for now");
		break;
	}
}

/* --- who is asked --- */

enum { LATE_MAX = 16 }; /* more brokers than that: nobody is asked */

/* The brokers that owe an answer to a client of the name. */
struct late_brokers {
	int32_t all[LATE_MAX];
	uint32_t count;
};

static bool is_late_at(const struct late_brokers *l, int32_t broker)
{
	bool is_there = l->count == LATE_MAX;

	for (uint32_t i = 0; i < l->count && !is_there; i++)
		is_there = l->all[i] == broker;
	return is_there;
}

static void find_late(const struct tokens_entry *e, struct late_brokers *l)
{
	l->count = 0;
	for (struct client *c = e->worker->clients; c != NULL; c = c->next) {
		const struct upstream *u = upstreams_of_login(c);

		if (c->claim.tokens == e && c->claim.asking.is_late && u != NULL &&
		    !is_late_at(l, u->broker))
			l->all[l->count++] = u->broker;
	}
}

/* A broker answers in order: where one question hangs, so would the requests behind another. */
static bool is_heard(const struct client *c, const struct late_brokers *l)
{
	const struct upstream *u = upstreams_of_login(c);

	return u != NULL && !is_late_at(l, u->broker);
}

static bool may_ask(const struct tokens_entry *e, const struct client *c)
{
	struct late_brokers late;

	find_late(e, &late);
	return is_heard(c, &late);
}

/* One that has needed no token so far may be. */
static bool has_entry(struct client *c, struct tokens_entry *e)
{
	if (c->claim.tokens == NULL && c->claim.who != NULL && c->claim.by_token != NULL &&
	    is_of(e, c))
		c->claim.tokens = e;
	return c->claim.tokens == e;
}

/* By a client of the same name whose login is there still.  False: there is none, or not now. */
static bool begin_by_another(struct tokens_entry *e,
			     bool (*begin_it)(struct client *c, struct tokens_entry *e))
{
	struct late_brokers late;

	find_late(e, &late);
	for (struct client *c = e->worker->clients; c != NULL; c = c->next) {
		if (has_entry(c, e) && is_heard(c, &late) && begin_it(c, e)) {
			client_wake(c);
			return true;
		}
	}
	return false;
}

/* By the client itself or, where its broker is not to be asked, by another; where nobody can, each client that comes is
 * told so until then, without looking again. */
static enum tokens_say begin_somewhere(struct client *c, struct tokens_entry *e,
				       bool (*begin_it)(struct client *c, struct tokens_entry *e),
				       ev_tstamp *until)
{
	if (may_ask(e, c)) {
		(void)begin_it(c, e); /* not now: asked again when something has moved */
		return TOKENS_WAIT;
	}
	if (begin_by_another(e, begin_it))
		return TOKENS_WAIT;
	*until = client_now(c) + failed_s;
	return TOKENS_FAIL;
}

/* --- whether it is there still --- */

/* At the broker of the login, for further ones may only be slow.  False: not now. */
static bool begin_check(struct client *c, struct tokens_entry *e)
{
	if (!say_describe(c, owner_of(e)))
		return false;
	e->maker = c;
	e->is_check = true;
	return true;
}

/* Nobody logs in by it where it is not listed, so that no broker will say that it is gone. */
static void hear_check(struct client *c, struct tokens_entry *e, const uint8_t *body, uint32_t n)
{
	const struct tokens_asking a = c->claim.asking;
	const struct token_wanted same = { .owner = owner_of(e),
					   .id = e->token.id,
					   .mechanism = e->shown_by };
	struct token found;
	int error;
	const bool good = token_read(api_of((int)a.key), a.version, body, n, &same, &found, &error);
	const bool is_gone = good && error == 0 && found.owner == NULL;

	token_deinit(&found);
	end_asking(c, e);
	e->checked_until = client_now(c) + failed_s;
	/* another may have taken its place meanwhile, of which the broker has not heard */
	if (is_gone && e->token.owner != NULL && barriers_are_late(&e->barriers))
		refused(c, e, "brokers do not list its token any more");
	else
		wake_all(e);
}

/* A broker that answers does not list the token: it is behind, or the token is gone. */
static enum tokens_say check(struct client *c, struct tokens_entry *e)
{
	if (!barriers_are_late(&e->barriers) || client_now(c) < e->checked_until)
		return TOKENS_FAIL;
	if (e->maker != NULL)
		return TOKENS_WAIT;
	return begin_somewhere(c, e, begin_check, &e->checked_until);
}

/* --- a broker that does not answer --- */

static void give_up_waiting(struct client *c, struct tokens_entry *e)
{
	const bool was_check = e->is_check;

	c->claim.asking.is_late = true;
	c->claim.asking.is_moot = was_check;
	e->maker = NULL;
	e->is_check = false;
	end_turn(e, NULL);
	stats_add(&c->worker->stats, STAT_TOKENS_FAILED, 1);
	tell(c, "no_token", "the broker of its login does not answer");
	if (!was_check && begin_by_another(e, begin))
		return;
	e->failed_until = e->checked_until = client_now(c) + failed_s;
	wake_all(e);
}

/* The answer has come after all; false: nobody has a use for it. */
static bool takes_late(struct client *c, struct tokens_entry *e)
{
	if (c->claim.asking.is_moot || e->maker != NULL || e->coming.owner != NULL)
		return false;
	c->claim.asking.is_late = false;
	e->maker = c;
	return true;
}

/* --- the broker's answer --- */

static void hear(struct client *c, struct tokens_entry *e, const uint8_t *body, uint32_t n)
{
	const struct tokens_asking a = c->claim.asking;
	const bool is_new = a.key == KEY_CREATE_DELEGATION_TOKEN;
	char *renewer = barriers_own_name(c->worker);
	struct token_wanted wanted = wanted_of(e, renewer);
	struct token found;
	int error;

	if (is_new) { /* whose it is, and how long it lasts, is what the broker says */
		wanted.owner = wanted.not_id = NULL;
		wanted.good_until_ms = clock_wall_ms();
	}
	if (!token_read(api_of((int)a.key), a.version, body, n, &wanted, &found, &error))
		failed(c, e, "a broker's answer that contradicts its schema");
	else if (error == ERROR_DELEGATION_TOKEN_AUTH_DISABLED)
		turned_off(c, e);
	else if (error != 0)
		failed(c, e, "a broker does not make one");
	else if (found.owner != NULL)
		take(c, e, &found, is_new);
	else if (is_new)
		failed(c, e, "a broker made none that can be used");
	else
		create(c, e, &wanted);
	free(renewer);
}

/* A whole frame that is there is taken; false: there is none. */
static bool take_frame(struct client *c, struct tokens_entry *e, struct upstream *u)
{
	struct conn *in = &u->link.conn;
	const struct tokens_asking *a = &c->claim.asking;
	uint32_t size, tags = 0;
	uint8_t *frame;

	if (conn_len(in) < ANSWER_FIXED)
		return false;
	size = wire_get32(conn_data(in)) + HEAD_SIZE_BYTES;
	if (size < ANSWER_FIXED || size > ANSWER_MAX ||
	    wire_get32(conn_data(in) + HEAD_SIZE_BYTES) != a->correlation_id) {
		upstream_lose(u, LINK_BAD_ANSWER);
		return true;
	}
	if (conn_len(in) < size)
		return false;
	frame = conn_take_whole(in, size);
	upstream_answered(u);
	c->claim.asking.until = 0;
	if (a->is_late && !takes_late(c, e))
		c->claim.asking.is_late = false;
	else if (api_answer_has_tags(api_of((int)a->key), a->version) &&
		 answer_tags_skip(frame + ANSWER_FIXED, size - ANSWER_FIXED, size - ANSWER_FIXED,
				  &tags) != HEAD_OK)
		failed(c, e, "a broker's answer that contradicts its schema");
	else if (e->is_check)
		hear_check(c, e, frame + ANSWER_FIXED + tags, size - ANSWER_FIXED - tags);
	else
		hear(c, e, frame + ANSWER_FIXED + tags, size - ANSWER_FIXED - tags);
	OPENSSL_cleanse(frame, size);
	free(frame);
	return true;
}

bool tokens_step(struct client *c)
{
	struct tokens_entry *e = c->claim.tokens;
	struct upstream *u;
	uint32_t n;

	if (e == NULL || c->claim.asking.until == 0)
		return false;
	u = upstreams_of_login(c);
	if (u == NULL || !upstream_is_open(u) || upstream_next(u) != &c->claim.asking)
		return false;
	if (take_frame(c, e, u))
		return true;
	n = conn_fill(&u->link.conn, UINT32_MAX);
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, n);
	if (n == 0 && conn_is_dry(&u->link.conn))
		upstream_lose(u, LINK_CUT);
	return n > 0 || upstream_is_lost(u);
}

/* --- for connections --- */

/* Where the broker does not list it, one that has listed it is asked whether it does still. */
static enum barrier_state ask_barrier(struct tokens_entry *e, int32_t broker)
{
	const enum barrier_state state = barriers_ask(&e->barriers, broker);
	enum barrier_state anew;
	int32_t who;

	if (state != BARRIER_UNLISTED)
		return state;
	who = token_turns_listed_by(turns_of(e), e->key, e->token.id);
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
	e = entry_of(c);
	if (e == NULL)
		return TOKENS_FAIL;
	if (has_token(e, client_now(c))) {
		adopt(c, e);
		switch (ask_barrier(e, broker)) {
		case BARRIER_PASSED:
			return TOKENS_GO;
		case BARRIER_WAITS:
			return TOKENS_WAIT;
		case BARRIER_FAILED:
			return TOKENS_FAIL;
		case BARRIER_UNLISTED:
			return check(c, e);
		case BARRIER_GONE:
			refused(c, e, "a broker does not list its token any more");
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
	return begin_somewhere(c, e, begin, &e->failed_until);
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
		give_up_waiting(c, e);
	else if (u != NULL)
		upstream_lose(u, LINK_LATE);
}

void tokens_renew(struct client *c)
{
	struct tokens_entry *e = c->claim.tokens;

	if (c->claim.asking.until > 0) {
		late(c, e);
	} else if (e->coming.owner != NULL) {
		use_coming(c, e);
	} else if (!may_ask(e, c) || !begin(c, e)) { /* not now */
		if (e->turn_at > 0)
			e->turn_at = client_now(c) + again_s;
		else
			e->renew_at = client_now(c) + failed_s;
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
		tell(c, "token_doubted", "a broker that lists its token does not take it yet");
	else
		refused(c, e, "a broker does not take its token any more");
}

void tokens_upstream_lost(struct client *c, const struct upstream *u)
{
	if (u->purpose == FOR_LOGIN && is_asking(c))
		failed(c, c->claim.tokens, "the broker of the login was lost");
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
	end_turn(e, NULL);
	wake_all(e); /* another one asks */
}

void tokens_free_all(struct worker *w)
{
	while (w->tokens != NULL) {
		struct tokens_entry *e = w->tokens;

		w->tokens = e->next;
		entry_free(e);
	}
	barriers_free_all(w);
}
