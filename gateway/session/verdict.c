#include "session/verdict.h"

#include "auth/lifetime.h"
#include "kafka/encode.h"
#include "kafka/errors.h"
#include "kafka/wire.h"
#include "session/asked_name.h"
#include "session/doorway.h"
#include "session/principal.h"
#include "session/ending.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/visits.h"
#include "session/upstreams.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- a broker's answer --- */

static void take_value(struct said *s, const struct walk_event *e, const uint8_t *body)
{
	const uint8_t *bytes = body + e->at + e->size - e->len;

	if (e->is == ERROR_CODE)
		s->error = (int)e->number;
	else if (e->is == ERROR_MESSAGE)
		s->message = (struct slice){ e->number >= 0 ? bytes : NULL, e->len };
	else if (e->is == AUTH_BYTES)
		s->auth = (struct slice){ bytes, e->len };
	else if (e->is == SESSION_LIFETIME_MS)
		s->lifetime_ms = e->number;
	else if (e->is == MECHANISM && s->count < MECHANISMS_MAX)
		s->mechanisms[s->count++] = (struct slice){ bytes, e->len };
}

/* False: it contradicts its schema. */
static bool read_answer(const struct request *r, int version, struct said *s)
{
	const struct part *p = r->parts;
	const uint32_t left = p->answer_size - ANSWER_FIXED;
	const uint8_t *body = p->answer + ANSWER_FIXED;
	uint32_t tags = 0;
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	*s = (struct said){ 0 };
	if (api_answer_has_tags(r->head.api, version) &&
	    answer_tags_skip(body, left, left, &tags) != HEAD_OK)
		return false;
	body += tags;
	walk_init(&w, api_plan(r->head.api, version, RESPONSE), left - tags);
	walk_input(&w, body, left - tags);
	while ((got = walk_next(&w, &e)) == WALK_EVENT)
		take_value(s, &e, body);
	return got == WALK_DONE;
}

/* --- what the client hears --- */

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct said *s = ctx;
	const struct slice *slice;

	switch (f->is) {
	case ERROR_CODE:
		v->number = s->error;
		return true;
	case SESSION_LIFETIME_MS:
		v->number = s->lifetime_ms;
		return true;
	case MECHANISMS:
		v->number = s->count;
		return true;
	case MECHANISM:
		slice = &s->mechanisms[f->index[f->depth - 1]];
		break;
	case ERROR_MESSAGE:
		slice = &s->message;
		break;
	case AUTH_BYTES:
		slice = &s->auth;
		break;
	default:
		return false;
	}
	*v = (struct encode_value){ .number = slice->bytes != NULL ? 0 : -1,
				    .bytes = slice->bytes,
				    .len = slice->len };
	return true;
}

static void reply(struct request *r, struct said *s)
{
	struct buf out;

	buf_init(&out, INT32_MAX);
	if (!encode_message(r->head.api, r->head.version, RESPONSE, fill, s, &out))
		abort(); /* it is what was read */
	reply_bytes(r, out.data, out.len);
	buf_deinit(&out);
}

/* int32 size | token; of a refusal there is none. */
static void reply_bare(struct request *r, const struct said *s)
{
	gather_init(&r->reply, &r->arena);
	if (s->error == 0) {
		wire_put32(gather_space(&r->reply, HEAD_SIZE_BYTES), s->auth.len);
		gather_copy(&r->reply, s->auth.bytes, s->auth.len);
	}
	r->is_replied = true;
}

/* --- of a mechanism --- */

/* By which of them a delegation token can be shown; that of the client, if it can be. */
static const struct mechanism *for_tokens(const struct carried *own, const struct said *s)
{
	const struct mechanism *best = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct slice *name = &s->mechanisms[i];
		const struct mechanism *m = mechanism_by_name(name->bytes, name->len);

		if (m == NULL || m->hash == NULL)
			continue;
		if (best == NULL || m == &mechanism_scram_sha_256 ||
		    strcmp(own->name, m->name) == 0)
			best = m;
		if (strcmp(own->name, m->name) == 0)
			break;
	}
	return best;
}

/* What the gateway can't carry is not offered, and refused as brokers refuse what they have not. */
static void leave_out(const struct client *c, struct said *s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		if (principal_offers(c, s->mechanisms[i].bytes, s->mechanisms[i].len) != NULL)
			s->mechanisms[count++] = s->mechanisms[i];
	}
	s->count = count;
}

void verdict_tell_mechanism(struct client *c, struct request *r, struct said *s)
{
	const struct carried *m = c->claim.mechanism;

	if (s->error == 0 && m == NULL)
		s->error = ERROR_UNSUPPORTED_SASL_MECHANISM;
	door_chosen(&c->door, r->head.version, s->error == 0 ? m : NULL);
	c->claim.chosen_at = clock_ms();
	reply(r, s);
	stats_error(&c->worker->stats, s->error);
	if (s->error != 0 && !door_is_open(&c->door))
		client_end(c, "a mechanism that can't be had");
}

bool verdict_on_mechanism(struct client *c, struct request *r)
{
	struct said s;

	if (!read_answer(r, DOORWAY_HANDSHAKE_VERSION, &s))
		return false;
	leave_out(c, &s);
	if (s.error == 0 && c->claim.mechanism != NULL)
		c->claim.by_token = for_tokens(c->claim.mechanism, &s);
	verdict_tell_mechanism(c, r, &s);
	return true;
}

/* --- of who it is --- */

static const struct outcomes {
	const char *mechanism;
	enum stats_counter accepted, refused;
} outcomes[] = {
	{ "PLAIN", STAT_LOGINS_PLAIN, STAT_LOGINS_PLAIN_REFUSED },
	{ "OAUTHBEARER", STAT_LOGINS_OAUTHBEARER, STAT_LOGINS_OAUTHBEARER_REFUSED },
	{ "SCRAM-SHA-256", STAT_LOGINS_SCRAM_256, STAT_LOGINS_SCRAM_256_REFUSED },
	{ "SCRAM-SHA-512", STAT_LOGINS_SCRAM_512, STAT_LOGINS_SCRAM_512_REFUSED },
	{ "GSSAPI", STAT_LOGINS_GSSAPI, STAT_LOGINS_GSSAPI_REFUSED },
};

static void count(struct client *c, bool is_accepted)
{
	entrance_count(c->came.entrance,
		       is_accepted ? BY_LISTENER_LOGINS : BY_LISTENER_LOGINS_REFUSED, 1);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		if (strcmp(outcomes[i].mechanism, c->door.mechanism->name) == 0)
			stats_add(&c->worker->stats,
				  is_accepted ? outcomes[i].accepted : outcomes[i].refused, 1);
	}
}

static void count_lifetime(struct client *c, int64_t lifetime_ms)
{
	if (lifetime_ms <= 0)
		return;
	stats_add(&c->worker->stats, STAT_LOGINS_LIMITED, 1);
	stats_add(&c->worker->stats, STAT_LOGINS_LIMITED_SECONDS,
		  (uint64_t)lifetime_bounded(lifetime_ms) / 1000);
}

static void tell(const struct client *c, const char *event, const char *principal)
{
	char address[ADDRESS_TEXT];

	address_text(&c->came.peer, address);
	if (config_judges(c->worker->config)) {
		log_info("conn=%llu client=%s event=%s mechanism=%s principal=\"%s\" "
			 "at_brokers=%s tls=%s",
			 (unsigned long long)c->id, address, event, c->door.mechanism->name,
			 principal, c->claim.at_brokers != NULL ? c->claim.at_brokers : "none",
			 c->came.tls.version != NULL ? c->came.tls.version : "none");
		return;
	}
	log_info("conn=%llu client=%s broker=%d event=%s mechanism=%s principal=\"%s\" tls=%s",
		 (unsigned long long)c->id, address, c->claim.broker, event,
		 c->door.mechanism->name, principal,
		 c->came.tls.version != NULL ? c->came.tls.version : "none");
}

/* A client that logs in anew stays who it is.  The broker where it has logged in before sees to that;
 * another one does not know. */
static bool is_somebody_else(const struct client *c, const char *who)
{
	const char *was = c->claim.who;

	return door_is_open(&c->door) && (was == NULL || who == NULL || strcmp(was, who) != 0);
}

/* The broker has let in whom the gateway can't. */
static void refuse(struct request *r, struct said *s, const char *text)
{
	*s = (struct said){ .error = ERROR_SASL_AUTHENTICATION_FAILED };
	s->message.len = (uint32_t)strnlen(text, INT16_MAX);
	s->message.bytes = arena_copy(&r->arena, text, s->message.len);
	s->auth.bytes = s->message.bytes; /* of length 0 */
}

/* As a broker says it. */
static void refuse_somebody_else(struct client *c, struct request *r, struct said *s,
				 const char *who)
{
	char *text = mem_printf("Cannot change principals during re-authentication from User.%s: "
				"User.%s",
				c->claim.who != NULL ? c->claim.who : "", who != NULL ? who : "");

	refuse(r, s, text);
	free(text);
}

/* The first version that tells how long a login lasts has clients that log in again (KIP-368). */
static bool logs_in_once(const struct request *r)
{
	return r->is_bare || r->head.version < 1;
}

static void refuse_and_tell(struct client *c, struct request *r, struct said *s, const char *text)
{
	log_warn("conn=%llu event=login_refused mechanism=%s reason=\"%s\"",
		 (unsigned long long)c->id, c->door.mechanism->name, text);
	refuse(r, s, text);
}

static void refuse_once(struct client *c, struct request *r, struct said *s)
{
	char *text = mem_printf("%s is carried to all brokers only for clients that log in again "
				"(KIP-368), as the brokers have no %s",
				c->door.mechanism->name,
				c->claim.by_token != NULL ? "delegation.token.secret.key"
							  : "SCRAM, by which tokens are shown");

	refuse_and_tell(c, r, s, text);
	free(text);
}

static void refuse_nameless(struct client *c, struct request *r, struct said *s)
{
	char *text = mem_printf("broker %d does not say whose login by %s it has accepted",
				c->claim.broker, c->door.mechanism->name);

	refuse_and_tell(c, r, s, text);
	free(text);
}

/* Whom the gateway has judged, and nobody says who that is at the brokers. */
static void refuse_uncarried(struct client *c, struct request *r, struct said *s, const char *who,
			     const char *why)
{
	char *name = principal_text(who);

	log_warn("conn=%llu event=login_refused mechanism=%s principal=\"%s\" reason=\"%s\"",
		 (unsigned long long)c->id, c->door.mechanism->name, name, why);
	refuse(r, s, "Authentication failed: the gateway can't carry this user to the brokers");
	free(name);
}

/* What the broker has let in, and the gateway can't carry. */
static void look_twice(struct client *c, struct request *r, struct said *s, const char *who)
{
	const char *why;

	if (c->door.mechanism->who == NULL && who == NULL) {
		refuse_nameless(c, r, s);
		return;
	}
	if (is_somebody_else(c, who)) {
		refuse_somebody_else(c, r, s, who);
		return;
	}
	if (config_judges(c->worker->config)) {
		why = principal_find(c, who);
		if (why != NULL)
			refuse_uncarried(c, r, s, who, why);
		return;
	}
	if (!door_is_open(&c->door))
		c->claim.by_visits = visits_are_needed(c, c->door.mechanism);
	if (c->claim.by_visits && logs_in_once(r))
		refuse_once(c, r, s);
}

/* From now on; what the client said of itself is believed. */
static void let_in(struct client *c, const char *who)
{
	struct claim *x = &c->claim;

	free(x->who);
	free(x->key);
	x->who = who != NULL ? mem_strdup(who) : NULL;
	x->key = who != NULL ? mem_printf("%s %s", c->door.mechanism->name, who)
			     : mem_printf("conn=%llu", (unsigned long long)c->id);
	principal_is(c, who != NULL ? who : "");
	principal_carry(c);
}

/* Its connection knows when it is to be told again.  One by a token at the same broker would be asked
 * what a broker does only for who has logged in by itself. */
static void note_login(struct client *c, int64_t lifetime_ms)
{
	struct upstream *u = upstreams_of_login_at(c, c->claim.broker);

	if (u != NULL)
		link_note_login(&u->link, c->claim.chosen_at, lifetime_ms);
	upstreams_leave(c, c->claim.broker, FOR_REQUESTS);
}

static void judge(struct client *c, const struct said *s, const char *who)
{
	char *principal = principal_text(who != NULL ? who : "");
	bool is_again = door_is_open(&c->door);

	switch (door_judged(&c->door, s->error, s->auth.bytes, s->auth.len, s->lifetime_ms,
			    clock_ms())) {
	case DOOR_MORE:
		break;
	case DOOR_IN:
		note_login(c, s->lifetime_ms);
		count(c, true);
		count_lifetime(c, s->lifetime_ms);
		stats_add(&c->worker->stats, STAT_LOGINS_AGAIN, is_again);
		tell(c, "login", principal);
		let_in(c, who);
		break;
	case DOOR_OUT:
		count(c, false);
		tell(c, "login_refused", principal);
		principal_forget(c);
		client_end(c, "a login that was refused");
		break;
	}
	free(principal);
}

static int64_t promise(struct client *c, int64_t lifetime_ms)
{
	return c->claim.by_visits && c->door.state == DOOR_OPEN ? visits_promise(c, lifetime_ms)
								: door_promise(lifetime_ms);
}

void verdict_tell_step(struct client *c, struct request *r, struct said *s, const char *who)
{
	if (s->error == 0 && c->door.mechanism->is_in(s->auth.bytes, s->auth.len))
		look_twice(c, r, s, who);
	judge(c, s, who);
	s->lifetime_ms = promise(c, s->lifetime_ms);
	stats_error(&c->worker->stats, s->error);
	if (r->is_bare)
		reply_bare(r, s);
	else
		reply(r, s);
}

/* The client has said it, or its broker, which is asked once; NULL: neither. */
static char *who_logged_in(const struct client *c)
{
	const struct buf *first = &c->claim.first;
	const struct carried *m = c->door.mechanism;

	if (m->who != NULL)
		return m->who(first->data, first->len);
	return c->claim.named != NULL ? mem_strdup(c->claim.named) : NULL;
}

bool verdict_on_step(struct client *c, struct request *r)
{
	const struct carried *m = c->door.mechanism;
	struct said s;
	bool is_in;
	char *who;

	if (!read_answer(r, c->claim.step_version, &s))
		return false;
	is_in = s.error == 0 && m->is_in(s.auth.bytes, s.auth.len);
	if (is_in && m->who == NULL && asked_name_begin(c, r))
		return true;
	who = who_logged_in(c);
	verdict_tell_step(c, r, &s, who);
	free(who);
	return true;
}
