#include "session/judged.h"

#include "auth/judge.h"
#include "kafka/errors.h"
#include "session/login_frame.h"
#include "session/ending.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/principal.h"
#include "session/request.h"
#include "session/salting.h"
#include "session/verdict.h"
#include "util/clock.h"

#include <math.h>
#include <openssl/crypto.h>
#include <string.h>

enum { AGAIN_MS = 1000 }; /* brokers hear no two logins of a connection within it */

/* Of a step: the request's of_course. */
struct judged {
	struct client *client;
	struct request *request;
	struct said said;
	struct salting_job *job; /* NULL: it is known what is said */
	ev_tstamp until;	 /* it is held back; 0: it is not */
	bool is_last;		 /* no further step follows */
};

ev_tstamp judged_until(const struct client *c)
{
	const struct request *r = c->out.first;
	const struct judged *j;

	if (r == NULL || r->course != &course_judged || r->of_course == NULL || r->is_replied)
		return INFINITY;
	j = r->of_course;
	return j->job == NULL ? j->until : INFINITY;
}

static void hold_back(struct judged *j)
{
	j->until = client_now(j->client) + DOOR_DELAY_MS / 1000.0;
}

/* --- a mechanism --- */

/* A broker says the same to who logs in anew and need not, or does so too often (KIP-368). */
static bool may_begin_again(struct client *c)
{
	const int64_t now = clock_ms();

	if (c->door.runs_out_at == 0 ||
	    (c->claim.again_at != 0 && now - c->claim.again_at < AGAIN_MS))
		return false;
	c->claim.again_at = now;
	return true;
}

/* In the order in which a broker tells them. */
static void list_mechanisms(const struct client *c, struct said *s)
{
	static const char *const all[] = { "PLAIN", "SCRAM-SHA-512", "SCRAM-SHA-256" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const uint8_t *name = (const uint8_t *)all[i];
		const uint32_t len = (uint32_t)strlen(all[i]);

		if (principal_offers(c, name, len) != NULL)
			s->mechanisms[s->count++] = (struct slice){ name, len };
	}
}

static void hear_mechanism(struct client *c, struct judged *j, const struct walk_event *value)
{
	c->claim.rounds = 0;
	c->claim.mechanism = NULL;
	if (door_is_open(&c->door) && !may_begin_again(c)) {
		j->said.error = ERROR_ILLEGAL_SASL_STATE;
		return;
	}
	list_mechanisms(c, &j->said);
	c->claim.mechanism = principal_offers(c, value->bytes, value->len);
	if (c->claim.mechanism != NULL)
		return;
	j->said.error = ERROR_UNSUPPORTED_SASL_MECHANISM;
	hold_back(j);
}

/* --- a step --- */

static void keep(struct judged *j, struct slice *to, const void *bytes, size_t n)
{
	to->bytes = arena_copy(&j->request->arena, bytes, n);
	to->len = (uint32_t)n;
}

static void conclude(struct judged *j, enum judge_verdict verdict, const struct buf *say)
{
	struct client *c = j->client;
	struct said *s = &j->said;

	keep(j, &s->auth, say->len > 0 ? (const void *)say->data : "", say->len);
	keep(j, &s->message, "", 0);
	j->is_last = verdict != JUDGE_SAYS;
	if (verdict == JUDGE_IS_IN)
		s->lifetime_ms = c->worker->config->max_reauth_ms;
	if (verdict != JUDGE_REFUSES)
		return;
	s->error = ERROR_SASL_AUTHENTICATION_FAILED;
	keep(j, &s->message, judge_why(c->claim.judge), strlen(judge_why(c->claim.judge)));
	hold_back(j);
}

static void on_salted(void *owner, struct judge *judge)
{
	struct judged *j = owner;
	struct buf nothing;

	buf_init(&nothing, 1);
	j->job = NULL;
	j->client->claim.judge = judge;
	conclude(j, judge_salted(judge), &nothing);
	client_wake(j->client);
}

static void salt(struct client *c, struct judged *j)
{
	struct worker *w = c->worker;

	j->job = salting_ask(w->shared->salting, &w->mailbox, c->claim.judge, on_salted, j);
	c->claim.judge = NULL; /* until it is back */
}

static void hear_step(struct client *c, struct judged *j, const struct walk_event *value)
{
	enum judge_verdict verdict;
	struct buf say;

	if (c->claim.rounds++ == 0) {
		judge_free(c->claim.judge);
		c->claim.judge = judge_new(c->worker->shared->users, c->door.mechanism->name,
					   door_is_open(&c->door));
	}
	buf_init(&say, JUDGE_SAY_MAX);
	verdict = judge_hear(c->claim.judge, value->bytes, value->len, &say);
	if (verdict == JUDGE_SALTS)
		salt(c, j);
	else
		conclude(j, verdict, &say);
	buf_deinit(&say);
}

/* --- the course --- */

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	const bool is_handshake = c->door.asked == ASKED_MECHANISM;
	struct walk_event value = { 0 };
	struct judged *j;

	(void)to;
	if (!login_read(c, r, &value)) {
		stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
		client_end(c, "a malformed request");
		return;
	}
	j = arena_zalloc(&r->arena, sizeof *j);
	j->client = c;
	j->request = r;
	r->of_course = j;
	if (is_handshake)
		hear_mechanism(c, j, &value);
	else
		hear_step(c, j, &value);
	client_count_in(c, request_frame_size(r));
	OPENSSL_cleanse(conn_data(&c->conn), request_frame_size(r)); /* it may be a password */
	inbound_swallow(c, request_frame_size(r));
}

static void tell_step(struct client *c, struct request *r, struct judged *j)
{
	verdict_tell_step(c, r, &j->said, judge_who(c->claim.judge));
	if (!j->is_last)
		return;
	judge_free(c->claim.judge); /* and what it knows of the password */
	c->claim.judge = NULL;
}

static enum course_result answer(struct client *c, struct request *r)
{
	struct judged *j = r->of_course;

	if (j == NULL || j->job != NULL || client_now(c) < j->until)
		return COURSE_WAITS;
	if (c->door.asked == ASKED_MECHANISM)
		verdict_tell_mechanism(c, r, &j->said);
	else
		tell_step(c, r, j);
	return COURSE_MOVED;
}

static void leave(struct client *c, struct request *r)
{
	struct judged *j = r->of_course;

	if (j != NULL && j->job != NULL)
		salting_cancel(c->worker->shared->salting, j->job);
}

const struct course course_judged = {
	.name = "judged", .commit = commit, .answer = answer, .leave = leave
};
