#include "program/granted.h"

#include "auth/carried.h"
#include "auth/mechanism.h"
#include "auth/token.h"
#include "kafka/errors.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "program/reach.h"
#include "topology/topology.h"
#include "upstream/call.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 3, /* the first in which tokens are made for others */
	EXPIRE_VERSION = 2,
	LIFE_MS = 3600 * 1000, /* of a token, where brokers allow so much */
	ANSWER_MS = 5000,      /* of a broker that does not answer */
	CONNECT_MS = 5000,
	ANSWER_MAX = 1 << 20,
	LOOK_MS = 500,		   /* for what is due */
	AGAIN_MS = 100,		   /* until a broker may list it */
	SPREAD_MS = 20000,	   /* until all must that answer */
	OUT_MS = 5000,		   /* a broker that can't be reached is passed over */
	DOUBT_MS = 500,		   /* until one that may not know a token is asked again */
	RETRY_MS = 10000,	   /* after trouble */
	FORBIDDEN_MS = 300 * 1000, /* after a super user */
	NO_RIGHT = 65,		   /* DELEGATION_TOKEN_AUTHORIZATION_FAILED */
	CLUSTER_ACTION = 1 << 9,   /* AclOperation: what brokers do among themselves */
	WHY_MAX = 400,
};

struct grant {
	struct grant *next;
	char *owner;
	struct account *account;
	char *id;	      /* of its token; NULL: there is none */
	char *refused;	      /* id of the last one that a broker refused; NULL: none was */
	int64_t due;	      /* clock_ms */
	struct doubts doubts; /* brokers that may not know the token */
	int64_t doubts_due;   /* clock_ms: the first of them is asked */
};

enum granted_step { IDLE, LOOKING, MAKING, SPREADING, TRYING, ENDING, CONFIRMING };

struct granted {
	struct ev_loop *loop; /* NULL: not started */
	struct topology *topology;
	const struct link_terms *terms;
	struct grant *grants;
	ev_timer timer; /* to what is due, and to the next question */
	/* the one that is worked on */
	struct grant *now;
	enum granted_step step;
	struct token token;
	struct doubts doubts; /* brokers that may not know it */
	bool is_new;
	int32_t at;    /* the broker that is asked */
	size_t broker; /* SPREADING: which of the snapshot's */
	size_t known;  /* SPREADING: so many list it */
	int64_t since; /* SPREADING: clock_ms */
	struct call *call;
	struct link_terms as_owner; /* TRYING */
	struct reach reach;
};

/* --- what becomes of it --- */

static void arm(struct granted *g, int ms)
{
	ev_timer_stop(g->loop, &g->timer);
	ev_timer_set(&g->timer, ms / 1000.0, 0.);
	ev_timer_start(g->loop, &g->timer);
}

static void end_step(struct granted *g)
{
	call_free(g->call);
	g->call = NULL;
	account_free(g->as_owner.account);
	g->as_owner.account = NULL;
}

static void leave(struct granted *g)
{
	end_step(g);
	token_deinit(&g->token);
	doubts_deinit(&g->doubts);
	g->now = NULL;
	g->step = IDLE;
	arm(g, 0);
}

static void rest(struct granted *g, int due_in_ms)
{
	g->now->due = clock_ms() + due_in_ms;
	leave(g);
}

/* What is there stays good as long as it is. */
static void fail(struct granted *g, const char *why, int due_in_ms)
{
	char *before = account_trouble(g->now->account);

	if (before == NULL || strcmp(before, why) != 0)
		log_warn("who=main event=no_granted_token principal=\"User:%s\" reason=\"%s\"",
			 g->now->owner, why);
	free(before);
	account_set_trouble(g->now->account, why);
	rest(g, due_in_ms);
}

static void fail_by_code(struct granted *g, int error)
{
	char why[WHY_MAX];

	if (error == ERROR_DELEGATION_TOKEN_AUTH_DISABLED)
		snprintf(why, sizeof why, "brokers have no delegation.token.secret.key");
	else if (error == NO_RIGHT)
		snprintf(why, sizeof why,
			 "the gateway's account has no right CREATE_TOKENS on User:%.200s",
			 g->now->owner);
	else
		snprintf(why, sizeof why, "a broker makes no token for it: error %d", error);
	fail(g, why, RETRY_MS);
}

static void succeed(struct granted *g)
{
	struct grant *one = g->now;
	const int64_t left = g->token.expires_ms - clock_wall_ms();

	log_info("who=main event=granted_token principal=\"User:%s\" new=%s seconds=%lld "
		 "known=%zu unknown=%zu",
		 one->owner, g->is_new ? "true" : "false", (long long)left / 1000, g->known,
		 g->doubts.count);
	doubts_deinit(&one->doubts);
	one->doubts = g->doubts;
	g->doubts = (struct doubts){ NULL, 0 };
	free(one->id);
	one->id = mem_strdup(g->token.id);
	one->doubts_due = clock_ms() + DOUBT_MS;
	account_set_doubted(one->account, credentials_get(g->token.credentials),
			    one->doubts.brokers, one->doubts.count);
	account_set_trouble(one->account, NULL);
	rest(g, (int)(left / 2));
}

/* --- asking --- */

static const struct snapshot *cluster(struct granted *g)
{
	return topology_snapshot(g->topology);
}

/* While the token is tried, a broker must know it. */
static bool can_ask(const struct granted *g, const struct broker *b)
{
	return b->address_len > 0 && !reach_is_out(&g->reach, b->id, clock_ms()) &&
	       (g->step != TRYING || !doubts_has(&g->doubts, b->id));
}

/* The first that can be asked; NULL: there is none. */
static const struct broker *any_broker(const struct granted *g, const struct snapshot *s)
{
	for (size_t i = 0; s != NULL && i < s->broker_count; i++) {
		if (can_ask(g, &s->brokers[i]))
			return &s->brokers[i];
	}
	return NULL;
}

static bool another_is_there(struct granted *g)
{
	const struct snapshot *s = cluster(g);
	const bool is_there = any_broker(g, s) != NULL;

	snapshot_unref(s);
	return is_there;
}

static void fail_to_ask(struct granted *g, const char *why)
{
	char text[WHY_MAX];

	snprintf(text, sizeof text, "a broker can't be asked: %.300s", why);
	fail(g, text, RETRY_MS);
}

static void pass_over(struct granted *g);
static void confirm_later(struct granted *g);
static void not_ended(struct granted *g, const char *why);

/* One that can't be reached is not waited for; what has begun there begins elsewhere. */
static void on_closed(void *granted, enum link_end end, int error)
{
	struct granted *g = granted;
	const char *refusal = call_refusal(g->call);

	(void)error;
	if (refusal == NULL)
		reach_lost(&g->reach, g->at, clock_ms(), OUT_MS);
	if (g->step == CONFIRMING)
		confirm_later(g);
	else if (g->step == ENDING)
		not_ended(g, refusal != NULL ? refusal : link_end_text(end));
	else if (g->step == SPREADING && refusal == NULL)
		pass_over(g);
	else if (refusal == NULL && another_is_there(g))
		rest(g, AGAIN_MS);
	else
		fail_to_ask(g, refusal != NULL ? refusal : link_end_text(end));
}

static void open_call(struct granted *g, const struct broker *at, const struct link_terms *terms)
{
	static const struct call_events events = { .on_closed = on_closed };
	const struct call_options options = {
		.address = (const struct sockaddr *)&at->address,
		.address_len = at->address_len,
		.connect_timeout_ms = CONNECT_MS,
		.max_answer = ANSWER_MAX,
		.terms = terms,
		.host = at->host,
		.port = at->port,
	};

	g->at = at->id;
	g->call = call_new(g->loop, &options, &events, g);
}

/* False: there is no broker. */
static bool open_any(struct granted *g, const struct link_terms *terms)
{
	const struct snapshot *s = cluster(g);
	const struct broker *at = any_broker(g, s);

	if (at != NULL)
		open_call(g, at, terms);
	snapshot_unref(s);
	return at != NULL;
}

static void ask(struct granted *g, enum api_key key, int version, struct say_pairs says,
		call_answer answer)
{
	const struct call_request request = { .key = key,
					      .version = version,
					      .says = says,
					      .timeout_ms = ANSWER_MS,
					      .answer = answer,
					      .owner = g };

	if (!call_send(g->call, &request))
		fail(g, "a broker can't be asked", RETRY_MS);
}

/* The name of the gateway's own account at the brokers, to be freed. */
static char *own_name(const struct granted *g)
{
	struct credentials *own = account_now(g->terms->account);
	char *name = own != NULL ? carried_name(own) : NULL;

	credentials_put(own);
	return name;
}

/* By which the token is a user: one that the brokers' listener has. */
static const struct mechanism *mechanism_of_tokens(const struct granted *g)
{
	char *offers = account_offers(g->terms->account);
	const struct mechanism *m = &mechanism_scram_sha_256;

	if (offers != NULL && strstr(offers, m->name) == NULL)
		m = &mechanism_scram_sha_512;
	free(offers);
	return m;
}

/* Reads either answer; false, and it is told: there is an error. */
static bool read_token(struct granted *g, enum api_key key, const uint8_t *body, uint32_t n,
		       const char *id, struct token *found)
{
	char *own = own_name(g);
	const struct token_wanted wanted = {
		.owner = g->now->owner,
		.maker = own,
		.renewer = key == KEY_DESCRIBE_DELEGATION_TOKEN ? own : NULL,
		.id = id,
		.not_id = id == NULL ? g->now->refused : NULL,
		.good_until_ms =
			clock_wall_ms() +
			(key == KEY_DESCRIBE_DELEGATION_TOKEN && id == NULL ? LIFE_MS / 4 * 3 : 0),
		.mechanism = mechanism_of_tokens(g),
	};
	int error = 0;
	bool good = token_read(api_of((int)key), VERSION, body, n, &wanted, found, &error);

	free(own);
	if (!good)
		fail(g, "a broker's answer contradicts its schema", RETRY_MS);
	else if (error != 0)
		fail_by_code(g, error);
	return good && error == 0;
}

/* --- who may do all --- */

static void refuse_super_user(struct granted *g)
{
	fail(g, "it may act as a broker: for super users no tokens are made", FORBIDDEN_MS);
}

static void not_ended(struct granted *g, const char *why)
{
	log_warn("who=main event=token_not_ended principal=\"User:%s\" reason=\"%s\"",
		 g->now->owner, why);
	refuse_super_user(g);
}

static void on_ended(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	int error = 0;

	if (body == NULL)
		return; /* on_closed follows */
	if (n >= sizeof(int16_t))
		error = (int16_t)wire_get16(body);
	if (error != 0)
		log_warn("who=main event=token_not_ended principal=\"User:%s\" error=%d",
			 g->now->owner, error);
	refuse_super_user(g);
}

/* Comes in by nothing that the gateway has made, and nobody else does: the token ends at once. */
static void forbid(struct granted *g)
{
	const struct say says[] = { say_buf(TO_EXPIRE, &g->token.hmac),
				    say_number(EXPIRE_AFTER_MS, -1) };

	account_set(g->now->account, NULL);
	free(g->now->id);
	g->now->id = NULL; /* no broker has refused it */
	end_step(g);
	g->step = ENDING;
	if (open_any(g, g->terms))
		ask(g, KEY_EXPIRE_DELEGATION_TOKEN, EXPIRE_VERSION, SAY_ALL(says), on_ended);
	else
		not_ended(g, "no broker is there");
}

/* --- the last step: what it may do --- */

static void on_cluster(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	const struct kapi *api = api_of(KEY_DESCRIBE_CLUSTER);
	int64_t error = 0, operations = -1;
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	if (body == NULL)
		return; /* on_closed follows */
	walk_init(&w, api_plan(api, 0, RESPONSE), n);
	walk_input(&w, body, n);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.is == ERROR_CODE)
			error = e.number;
		else if (e.is == OPERATIONS)
			operations = e.number;
	}
	if (got != WALK_DONE || error != 0 || operations < 0)
		fail(g, "a broker does not say what it may do", RETRY_MS);
	else if ((operations & CLUSTER_ACTION) != 0)
		forbid(g);
	else
		succeed(g);
}

static void try_it(struct granted *g)
{
	const struct say says[] = { say_number(WITH_OPERATIONS, 1) };

	g->step = TRYING;
	end_step(g);
	g->as_owner = (struct link_terms){
		.tls = g->terms->tls,
		.account = account_new(credentials_get(g->token.credentials)),
	};
	if (open_any(g, &g->as_owner))
		ask(g, KEY_DESCRIBE_CLUSTER, 0, SAY_ALL(says), on_cluster);
	else
		fail(g, "no broker is there", RETRY_MS);
}

/* --- every broker lists it --- */

static void describe(struct granted *g, call_answer answer)
{
	const struct say one[] = { say_text(OWNER_TYPE, "User"),
				   say_text(OF_OWNER, g->now->owner) };
	const struct say all[] = { SAY_ONE(OWNERS, one) };

	ask(g, KEY_DESCRIBE_DELEGATION_TOKEN, VERSION, SAY_ALL(all), answer);
}

static size_t broker_count(struct granted *g)
{
	const struct snapshot *s = cluster(g);
	const size_t count = s != NULL ? s->broker_count : 0;

	snapshot_unref(s);
	return count;
}

/* The next broker that can be asked; those that can't are asked later, and nobody logs in there until then. */
static void spread(struct granted *g)
{
	const struct snapshot *s = cluster(g);
	const size_t count = s != NULL ? s->broker_count : 0;

	end_step(g);
	while (g->broker < count && !can_ask(g, &s->brokers[g->broker]))
		doubts_add(&g->doubts, s->brokers[g->broker++].id);
	if (g->broker < count) {
		open_call(g, &s->brokers[g->broker], g->terms);
		arm(g, 0);
	} else if (g->known > 0) {
		try_it(g);
	} else {
		fail(g, "no broker lists its token", RETRY_MS);
	}
	snapshot_unref(s);
}

static void pass_over(struct granted *g)
{
	doubts_add(&g->doubts, g->at);
	g->broker++;
	spread(g);
}

static void on_spread(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	struct token found;
	bool is_there;

	if (body == NULL ||
	    !read_token(g, KEY_DESCRIBE_DELEGATION_TOKEN, body, n, g->token.id, &found))
		return;
	is_there = found.owner != NULL;
	token_deinit(&found);
	if (is_there) {
		g->known++;
		g->broker++;
		spread(g);
	} else if (clock_ms() - g->since > SPREAD_MS) {
		pass_over(g);
	} else {
		arm(g, AGAIN_MS);
	}
}

/* --- brokers that may not know it --- */

static void confirm_later(struct granted *g)
{
	doubts_put_off_first(&g->now->doubts);
	g->now->doubts_due = clock_ms() + DOUBT_MS;
	leave(g);
}

static void on_confirmed(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	struct grant *one = g->now;
	struct token found;
	bool is_there;

	if (body == NULL || !read_token(g, KEY_DESCRIBE_DELEGATION_TOKEN, body, n, one->id, &found))
		return;
	is_there = found.owner != NULL;
	token_deinit(&found);
	if (!is_there) {
		confirm_later(g);
		return;
	}
	log_info("who=main event=granted_token_known principal=\"User:%s\" broker=%d", one->owner,
		 g->at);
	doubts_drop_first(&one->doubts);
	account_set_doubts(one->account, one->doubts.brokers, one->doubts.count);
	leave(g);
}

static void confirm(struct granted *g, struct grant *one)
{
	const struct snapshot *s = cluster(g);
	const struct broker *at = snapshot_broker(s, one->doubts.brokers[0]);

	g->now = one;
	g->step = CONFIRMING;
	if (at == NULL || !can_ask(g, at)) {
		confirm_later(g);
	} else {
		open_call(g, at, g->terms);
		describe(g, on_confirmed);
	}
	snapshot_unref(s);
}

static void begin_spreading(struct granted *g, struct token *found, bool is_new)
{
	g->token = *found;
	g->is_new = is_new;
	g->step = SPREADING;
	g->broker = g->known = 0;
	g->since = clock_ms();
	spread(g);
}

/* --- the first steps --- */

static void on_made(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	struct token found;

	if (body == NULL || !read_token(g, KEY_CREATE_DELEGATION_TOKEN, body, n, NULL, &found))
		return;
	if (found.owner != NULL)
		begin_spreading(g, &found, true);
	else
		fail(g, "a broker made a token that can't be used", RETRY_MS);
}

static void make(struct granted *g)
{
	char *own = own_name(g);
	const struct say one[] = { say_text(TO_RENEW_TYPE, "User"), say_text(TO_RENEW_NAME, own) };
	const struct say all[] = { say_text(MADE_FOR_TYPE, "User"),
				   say_text(MADE_FOR_NAME, g->now->owner), SAY_ONE(TO_RENEW, one),
				   say_number(TOKEN_LIFETIME_MS, LIFE_MS) };

	g->step = MAKING;
	ask(g, KEY_CREATE_DELEGATION_TOKEN, VERSION, SAY_ALL(all), on_made);
	free(own);
}

static void on_looked(void *granted, const uint8_t *body, uint32_t n)
{
	struct granted *g = granted;
	struct token found;

	if (body == NULL || !read_token(g, KEY_DESCRIBE_DELEGATION_TOKEN, body, n, NULL, &found))
		return;
	if (found.owner != NULL)
		begin_spreading(g, &found, false);
	else
		make(g);
}

static bool brokers_can(struct granted *g)
{
	const struct snapshot *s = cluster(g);
	const bool can = s != NULL &&
			 kversions_has(s->offers[KEY_CREATE_DELEGATION_TOKEN], VERSION);

	snapshot_unref(s);
	return can;
}

static void begin(struct granted *g, struct grant *one)
{
	char *own = own_name(g);

	g->now = one;
	g->step = LOOKING;
	if (own == NULL)
		fail(g, "the gateway's account has no name at the brokers", RETRY_MS);
	else if (!brokers_can(g))
		fail(g, "brokers make no tokens for others (Kafka 3.3 and later do)", RETRY_MS);
	else if (!open_any(g, g->terms))
		fail(g, "no broker is there", RETRY_MS);
	else
		describe(g, on_looked);
	free(own);
}

/* --- what is due --- */

/* A broker has refused it: whoever was told so has put it away. */
static bool is_gone(const struct grant *one)
{
	struct credentials *now = one->id != NULL ? account_now(one->account) : NULL;
	const bool is_there = now != NULL;

	credentials_put(now);
	return one->id != NULL && !is_there;
}

static void note_gone(struct grant *one)
{
	free(one->refused);
	one->refused = one->id;
	one->id = NULL;
	one->due = clock_ms();
}

static struct grant *next_due(struct granted *g)
{
	struct grant *first = NULL;

	for (struct grant *one = g->grants; one != NULL; one = one->next) {
		if (is_gone(one))
			note_gone(one);
		if (one->due <= clock_ms() && (first == NULL || one->due < first->due))
			first = one;
	}
	return first;
}

/* There is a token that some brokers may not know. */
static struct grant *next_doubtful(struct granted *g)
{
	struct grant *first = NULL;

	for (struct grant *one = g->grants; one != NULL; one = one->next) {
		if (one->id != NULL && one->doubts.count > 0 && one->doubts_due <= clock_ms() &&
		    (first == NULL || one->doubts_due < first->doubts_due))
			first = one;
	}
	return first;
}

static void look(struct granted *g)
{
	struct grant *due = broker_count(g) > 0 ? next_due(g) : NULL;
	struct grant *doubtful = due == NULL && broker_count(g) > 0 ? next_doubtful(g) : NULL;

	if (due != NULL)
		begin(g, due);
	else if (doubtful != NULL)
		confirm(g, doubtful);
	else
		arm(g, LOOK_MS);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct granted *g = timer->data;

	(void)loop;
	(void)events;
	if (g->step == SPREADING)
		describe(g, on_spread);
	else if (g->step == IDLE)
		look(g);
}

/* --- for the program --- */

struct granted *granted_new(void)
{
	struct granted *g = mem_zalloc(sizeof *g);

	ev_timer_init(&g->timer, on_timer, 0., 0.);
	g->timer.data = g;
	return g;
}

static void grant_free(struct grant *one)
{
	account_free(one->account);
	free(one->owner);
	free(one->id);
	free(one->refused);
	doubts_deinit(&one->doubts);
	free(one);
}

void granted_free(struct granted *g)
{
	while (g != NULL && g->grants != NULL) {
		struct grant *one = g->grants;

		g->grants = one->next;
		grant_free(one);
	}
	free(g);
}

struct account *granted_account(struct granted *g, const char *owner)
{
	struct grant *one = g->grants;

	while (one != NULL && strcmp(one->owner, owner) != 0)
		one = one->next;
	if (one == NULL) {
		one = mem_zalloc(sizeof *one);
		one->owner = mem_strdup(owner);
		one->account = account_new(NULL);
		one->next = g->grants;
		g->grants = one;
	}
	return account_get(one->account);
}

void granted_sweep(struct granted *g)
{
	for (struct grant **at = &g->grants; *at != NULL;) {
		struct grant *one = *at;

		if (one == g->now || account_is_shared(one->account)) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		grant_free(one);
	}
}

void granted_start(struct granted *g, struct ev_loop *loop, struct topology *topology,
		   const struct link_terms *terms)
{
	g->loop = loop;
	g->topology = topology;
	g->terms = terms;
	if (terms->account != NULL)
		arm(g, 0);
}

void granted_stop(struct granted *g)
{
	if (g->loop == NULL)
		return;
	end_step(g);
	ev_timer_stop(g->loop, &g->timer);
	token_deinit(&g->token);
	reach_deinit(&g->reach);
	doubts_deinit(&g->doubts);
	g->now = NULL;
	g->step = IDLE;
}
