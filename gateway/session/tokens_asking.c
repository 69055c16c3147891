#include "session/tokens_inside.h"

#include "kafka/errors.h"
#include "kafka/head.h"
#include "kafka/say.h"
#include "kafka/wire.h"
#include "session/life.h"
#include "session/token_turns.h"
#include "session/upstreams.h"
#include "util/clock.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum {
	VERSION = 3, /* where brokers have it */
	FRAME_MAX = 4096,
	LIFE_MS = 3600 * 1000, /* of a token, where brokers allow so much */
	ANSWER_MAX = INBUF_BLOCK,
};
/* Of a broker that does not answer: then another one is asked, or the client is told to try again. */
static const double answers_s = 3.0;

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

bool tokens_begin(struct client *c, struct tokens_entry *e)
{
	const struct token_wanted wanted = wanted_of(e, NULL);
	struct token found;

	if (token_turns_find(tokens_turns(e), e->key, &wanted, &found)) {
		tokens_take(c, e, &found, false);
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

	switch (token_turns_ask(tokens_turns(e), e->key, wanted, now, &at, &found)) {
	case TURN_FOUND:
		tokens_take(c, e, &found, false);
		break;
	case TURN_LATER:
		stats_add(&c->worker->stats, STAT_TOKENS_QUEUED, e->turn_at == 0);
		tokens_end_asking(c, e);
		e->turn_at = client_now(c) + (double)(at - now) / 1000.0;
		tokens_wake_all(e);
		break;
	case TURN_NOW:
		e->has_turn = true;
		if (!say_create(c))
			tokens_failed(c, e, "a token can't be asked for now");
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

bool tokens_may_ask(const struct tokens_entry *e, const struct client *c)
{
	struct late_brokers late;

	find_late(e, &late);
	return is_heard(c, &late);
}

/* One that has needed no token so far may be. */
static bool has_entry(struct client *c, struct tokens_entry *e)
{
	if (c->claim.tokens == NULL && c->claim.who != NULL && c->claim.by_token != NULL &&
	    tokens_is_of(e, c))
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

enum tokens_say tokens_begin_somewhere(struct client *c, struct tokens_entry *e,
				       bool (*begin_it)(struct client *c, struct tokens_entry *e),
				       ev_tstamp *until)
{
	if (tokens_may_ask(e, c)) {
		(void)begin_it(c, e); /* not now: asked again when something has moved */
		return TOKENS_WAIT;
	}
	if (begin_by_another(e, begin_it))
		return TOKENS_WAIT;
	*until = client_now(c) + TOKENS_FAILED_S;
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
	tokens_end_asking(c, e);
	e->checked_until = client_now(c) + TOKENS_FAILED_S;
	/* another may have taken its place meanwhile, of which the broker has not heard */
	if (is_gone && e->token.owner != NULL && barriers_are_late(&e->barriers))
		tokens_refused(c, e, "brokers do not list its token any more");
	else
		tokens_wake_all(e);
}

enum tokens_say tokens_check(struct client *c, struct tokens_entry *e)
{
	if (!barriers_are_late(&e->barriers) || client_now(c) < e->checked_until)
		return TOKENS_FAIL;
	if (e->maker != NULL)
		return TOKENS_WAIT;
	return tokens_begin_somewhere(c, e, begin_check, &e->checked_until);
}

/* --- a broker that does not answer --- */

void tokens_give_up_waiting(struct client *c, struct tokens_entry *e)
{
	const bool was_check = e->is_check;

	c->claim.asking.is_late = true;
	c->claim.asking.is_moot = was_check;
	e->maker = NULL;
	e->is_check = false;
	tokens_end_turn(e, NULL);
	stats_add(&c->worker->stats, STAT_TOKENS_FAILED, 1);
	tokens_tell(c, "no_token", "the broker of its login does not answer");
	if (!was_check && begin_by_another(e, tokens_begin))
		return;
	e->failed_until = e->checked_until = client_now(c) + TOKENS_FAILED_S;
	tokens_wake_all(e);
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
		tokens_failed(c, e, "a broker's answer that contradicts its schema");
	else if (error == ERROR_DELEGATION_TOKEN_AUTH_DISABLED)
		tokens_turned_off(c, e);
	else if (error != 0)
		tokens_failed(c, e, "a broker does not make one");
	else if (found.owner != NULL)
		tokens_take(c, e, &found, is_new);
	else if (is_new)
		tokens_failed(c, e, "a broker made none that can be used");
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
		tokens_failed(c, e, "a broker's answer that contradicts its schema");
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
