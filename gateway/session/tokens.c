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
#include "session/upstreams.h"
#include "util/clock.h"
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
static const double failed_s = 1.0;

/* One name by one mechanism. */
struct tokens_entry {
	struct tokens_entry *next;
	struct worker *worker;
	const struct carried *mechanism;
	char *said;	    /* the name by which clients log in */
	struct token token; /* as brokers tell of it; no owner: there is none */
	ev_tstamp renew_at, ends_at;
	ev_tstamp failed_until; /* 0: it has not */
	struct client *maker;	/* at whose broker it is asked for; NULL: nobody asks */
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
	free(e->said);
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

static void wake_all(struct tokens_entry *e)
{
	for (struct client *c = e->worker->clients; c != NULL; c = c->next) {
		if (c->claim.tokens == e)
			client_wake(c);
	}
}

static void on_barrier(void *owner)
{
	wake_all(owner);
}

static struct tokens_entry *entry_of(struct client *c)
{
	struct worker *w = c->worker;
	struct tokens_entry *e;

	if (c->claim.tokens != NULL || c->claim.who == NULL)
		return c->claim.tokens;
	for (e = w->tokens; e != NULL && !is_of(e, c); e = e->next)
		;
	if (e == NULL) {
		sweep(w);
		e = mem_zalloc(sizeof *e);
		e->worker = w;
		e->mechanism = c->door.mechanism;
		e->said = mem_strdup(c->claim.who);
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

	if (u == NULL || !upstream_is_open(u) || c->door.state != DOOR_OPEN ||
	    door_is_waiting(&c->door) || !upstream_may_write(u, a) || version_of(c, key) < 0)
		return false;
	buf_init(&frame, FRAME_MAX);
	good = say_frame(api_of((int)key), version_of(c, key), c->next_correlation, c->client_id,
			 says, &frame) &&
	       conn_put(&u->link.conn, frame.data, (uint32_t)frame.len);
	if (good) {
		*a = (struct tokens_asking){ key, version_of(c, key), c->next_correlation++ };
		a->until = client_now(c) + c->worker->config->request_timeout_ms / 1000.0;
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
	return e->token.owner != NULL ? e->token.owner : e->said;
}

static bool begin(struct client *c, struct tokens_entry *e)
{
	if (!say_describe(c, owner_of(e)))
		return false;
	e->maker = c;
	return true;
}

/* --- what comes of it --- */

static void end_asking(struct client *c, struct tokens_entry *e)
{
	c->claim.asking = (struct tokens_asking){ .until = 0 };
	e->maker = NULL;
}

static void tell(const struct client *c, const char *event, const char *why)
{
	log_warn("conn=%llu event=%s principal=\"%s\" err=\"%s\"", (unsigned long long)c->id, event,
		 c->claim.principal, why);
}

static void failed(struct client *c, struct tokens_entry *e, const char *why)
{
	end_asking(c, e);
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

static void take(struct client *c, struct tokens_entry *e, struct token *found, bool is_new)
{
	const int64_t left = found->expires_ms - clock_wall_ms();
	const ev_tstamp now = client_now(c);

	end_asking(c, e);
	e->failed_until = 0;
	e->ends_at = now + (double)left / 1000.0;
	e->renew_at = now + (double)left / 2000.0;
	if (e->token.id == NULL || strcmp(e->token.id, found->id) != 0)
		barriers_begin(&e->barriers, found);
	token_deinit(&e->token);
	e->token = *found;
	stats_add(&c->worker->stats, is_new ? STAT_TOKENS_MADE : STAT_TOKENS_FOUND, 1);
	for (struct client *other = c->worker->clients; other != NULL; other = other->next) {
		if (other->claim.tokens == e && other->claim.token != NULL)
			adopt(other, e);
	}
	wake_all(e);
}

static const struct mechanism *token_mechanism(const struct tokens_entry *e)
{
	return mechanism_by_name(e->mechanism->name, strlen(e->mechanism->name));
}

static void hear(struct client *c, struct tokens_entry *e, const uint8_t *body, uint32_t n)
{
	const struct tokens_asking a = c->claim.asking;
	const bool is_new = a.key == KEY_CREATE_DELEGATION_TOKEN;
	char *renewer = barriers_own_name(c->worker);
	/* one that has less than three quarters of its life left is soon to be made anew */
	const struct token_wanted wanted = {
		.owner = is_new ? NULL : owner_of(e),
		.renewer = renewer,
		.good_until_ms = clock_wall_ms() + (is_new ? 0 : LIFE_MS / 4 * 3),
		.mechanism = token_mechanism(e),
	};
	struct token found;
	int error;

	if (!token_read(api_of((int)a.key), a.version, body, n, &wanted, &found, &error))
		failed(c, e, "a broker's answer that contradicts its schema");
	else if (error == ERROR_DELEGATION_TOKEN_AUTH_DISABLED)
		turned_off(c, e);
	else if (error != 0)
		failed(c, e, "a broker does not make one");
	else if (found.owner != NULL)
		take(c, e, &found, is_new);
	else if (is_new || !say_create(c))
		failed(c, e, "a broker made none that can be used");
	free(renewer);
}

/* --- the broker's answer --- */

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
	if (api_answer_has_tags(api_of((int)a->key), a->version) &&
	    answer_tags_skip(frame + ANSWER_FIXED, size - ANSWER_FIXED, size - ANSWER_FIXED,
			     &tags) != HEAD_OK)
		failed(c, e, "a broker's answer that contradicts its schema");
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

	if (e == NULL || e->maker != c)
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

enum tokens_say tokens_ask(struct client *c, int32_t broker)
{
	struct tokens_entry *e;

	if (!door_is_open(&c->door) || c->door.mechanism == NULL ||
	    c->door.mechanism->way != CARRIED_BY_TOKEN)
		return TOKENS_GO;
	e = entry_of(c);
	if (e == NULL)
		return TOKENS_FAIL;
	if (has_token(e, client_now(c))) {
		adopt(c, e);
		switch (barriers_ask(&e->barriers, broker)) {
		case BARRIER_PASSED:
			return TOKENS_GO;
		case BARRIER_WAITS:
			return TOKENS_WAIT;
		case BARRIER_FAILED:
			return TOKENS_FAIL;
		}
	}
	if (client_now(c) < e->failed_until)
		return TOKENS_FAIL;
	if (e->maker != NULL)
		return TOKENS_WAIT;
	if (upstreams_of_login(c) == NULL) {
		client_fail(c, "the broker of its login was lost, and it has no token");
		return TOKENS_FAIL;
	}
	(void)begin(c, e); /* not now: asked again when something has moved */
	return TOKENS_WAIT;
}

/* --- time, and the end --- */

static bool is_asking(const struct client *c)
{
	return c->claim.tokens != NULL && c->claim.tokens->maker == c;
}

ev_tstamp tokens_due(const struct client *c)
{
	const struct tokens_entry *e = c->claim.tokens;

	if (is_asking(c))
		return c->claim.asking.until;
	if (e == NULL || c->claim.token == NULL || e->maker != NULL ||
	    upstreams_of_login(c) == NULL)
		return INFINITY;
	return fmax(e->renew_at, e->failed_until);
}

void tokens_renew(struct client *c)
{
	struct upstream *u = upstreams_of_login(c);

	if (!is_asking(c) && !begin(c, c->claim.tokens))
		c->claim.tokens->renew_at = client_now(c) + failed_s; /* not now */
	else if (is_asking(c) && u != NULL && client_now(c) >= c->claim.asking.until)
		upstream_lose(u, LINK_LATE);
}

void tokens_upstream_lost(struct client *c, const struct upstream *u)
{
	if (u->purpose == FOR_LOGIN && is_asking(c))
		failed(c, c->claim.tokens, "the broker of the login was lost");
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
	wake_all(e); /* another one asks */
}

void tokens_free_all(struct worker *w)
{
	while (w->tokens != NULL) {
		struct tokens_entry *e = w->tokens;

		w->tokens = e->next;
		entry_free(e);
	}
}
