#include "session/doorway.h"

#include "auth/secret.h"
#include "kafka/say.h"
#include "session/asked_name.h"
#include "session/collect.h"
#include "session/numbering.h"
#include "session/principal.h"
#include "session/ending.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/login_frame.h"
#include "session/life.h"
#include "session/request.h"
#include "session/send.h"
#include "session/visits.h"
#include "session/upstreams.h"
#include "session/verdict.h"
#include "util/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEP_VERSION = 2,	      /* where brokers have it; 1 and later tell the lifetime */
	ASK_MAX = 2 * DOOR_FRAME_MAX, /* of a frame, its head included */
	HEAD_ROOM = 512,	      /* so that no copy of a secret is left behind by growing */
	COPIES = 2,		      /* of an answer */
	TRIES_MAX = 8,		      /* of brokers that can't be reached */
};

/* --- what is asked --- */

/* Where the login runs: where it has run, if that connection is there, else at the broker that the
 * client meant, else at any; by visits at another one each time. */
static int32_t broker_for(struct client *c)
{
	const struct snapshot *s = c->worker->snapshot;
	const struct upstream *u = upstreams_of_login(c);

	if (c->claim.by_visits)
		return c->door.asked == ASKED_WHO ? c->claim.broker : visits_next(c, NO_BROKER);
	if (u != NULL && !upstream_is_lost(u))
		return u->broker;
	if (snapshot_broker(s, c->came.broker) != NULL)
		return c->came.broker;
	return worker_any_broker(c->worker, NO_BROKER);
}

/* A step that fills a frame to a broker's limit has the shortest head that there is. */
static bool is_tight(uint32_t len)
{
	return len > DOOR_FRAME_MAX - HEAD_ROOM;
}

static int step_version(const struct client *c, uint32_t len)
{
	const struct kversions v = c->worker->snapshot->offers[KEY_SASL_AUTHENTICATE];
	const int wanted = is_tight(len) ? STEP_VERSION - 1 : STEP_VERSION;

	return v.max < wanted ? v.max : wanted;
}

static void compose(struct client *c, struct request *r, const struct walk_event *value)
{
	struct part *p = r->parts;
	const bool is_handshake = c->door.asked == ASKED_MECHANISM;
	const struct say says[] = { say_bytes(is_handshake ? MECHANISM : AUTH_BYTES, value->bytes,
					      value->len) };
	struct buf frame;

	c->claim.step_version = step_version(c, value->len);
	buf_init(&frame, ASK_MAX);
	buf_reserve(&frame, value->len + HEAD_ROOM);
	if (!say_frame(api_of(is_handshake ? KEY_SASL_HANDSHAKE : KEY_SASL_AUTHENTICATE),
		       is_handshake ? DOORWAY_HANDSHAKE_VERSION : c->claim.step_version,
		       p->correlation_id, c->client_id, SAY_ALL(says), &frame))
		abort(); /* it came in a frame of DOOR_FRAME_MAX */
	gather_copy(&p->frame, frame.data, frame.len);
	secret_buf_deinit(&frame);
}

/* What is said first may be all that other brokers need to hear. */
static void keep_first(struct client *c, const struct walk_event *value)
{
	if (c->claim.rounds++ > 0)
		return;
	principal_forget(c);
	free(c->claim.named);
	c->claim.named = NULL;
	buf_reserve(&c->claim.first, value->len);
	buf_append(&c->claim.first, value->bytes, value->len);
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	const bool is_handshake = c->door.asked == ASKED_MECHANISM;
	struct walk_event value = { 0 };
	struct part *p;

	if (!login_read(c, r, &value)) {
		stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
		client_end(c, "a malformed request");
		return;
	}
	request_add_parts(r, 1);
	p = r->parts;
	p->purpose = FOR_LOGIN;
	p->broker = c->claim.broker = to->brokers[0];
	numbering_take(c, p);
	if (is_handshake) {
		c->claim.mechanism = principal_offers(c, value.bytes, value.len);
		c->claim.rounds = 0;
	} else {
		keep_first(c, &value);
	}
	compose(c, r, &value);
	inbound_send(c);
}

/* What the refusal names is read; what can't be answered in its own shape is closed. */
static enum course_need need_of_refused(struct request *r, struct sending *to)
{
	const struct kapi *api = r->head.api;

	to->course = &course_turned_away;
	if (api->route == HERE && !kversions_has(api_versions(api), r->head.version))
		r->head.version = 0; /* as who asks for ApiVersions of tomorrow is answered */
	if (api->request == NULL || !kversions_has(api_versions(api), r->head.version)) {
		r->heard = DOOR_CLOSE;
		return NEED_NOTHING;
	}
	return r->is_laid_out ? NEED_NOTHING : NEED_LAYOUT;
}

enum course_need doorway_decide(struct client *c, struct request *r, struct sending *to)
{
	int32_t *broker;

	if (r->heard == DOOR_CLOSE) {
		to->course = &course_turned_away;
		return NEED_NOTHING;
	}
	if (!request_is_whole(c, r))
		return NEED_WHOLE;
	if (r->heard == DOOR_REFUSE)
		return need_of_refused(r, to);
	if (config_judges(c->worker->config)) {
		to->course = &course_judged;
		return NEED_NOTHING;
	}
	broker = arena_alloc(&r->arena, sizeof *broker);
	*broker = broker_for(c);
	if (*broker == NO_BROKER) {
		to->closes = "no broker is there";
		return NEED_CLOSE;
	}
	to->course = &course_doorway;
	to->brokers = broker;
	to->count = 1;
	return NEED_NOTHING;
}

void doorway_hear_bare(struct client *c, uint32_t size)
{
	const struct request_head head = { .size = size,
					   .key = KEY_SASL_AUTHENTICATE,
					   .version = (int16_t)step_version(c, size),
					   .api = api_of(KEY_SASL_AUTHENTICATE),
					   .body_at = HEAD_SIZE_BYTES };
	struct request *r = request_new(c, &head);

	r->is_bare = true;
	r->heard = door_hear_bare(&c->door);
	inbound_route(c, r);
}

/* --- the course --- */

/* A broker that can't be reached has heard nothing: another one takes the handshake. */
static bool try_another(struct client *c, struct request *r)
{
	struct part *p = r->parts;
	int32_t other = c->claim.by_visits ? visits_next(c, p->broker)
					   : worker_any_broker(c->worker, p->broker);

	if (r->head.key != KEY_SASL_HANDSHAKE || p->frame_at > 0 || other == NO_BROKER ||
	    other == p->broker || ++r->tries > TRIES_MAX)
		return false;
	p->broker = c->claim.broker = other;
	part_set(p, PART_TO_SEND);
	return true;
}

static bool judge(struct client *c, struct request *r)
{
	if (c->door.asked == ASKED_MECHANISM)
		return verdict_on_mechanism(c, r);
	if (asked_name_is_under_way(r))
		asked_name_take(c, r);
	return verdict_on_step(c, r);
}

static enum course_result answer(struct client *c, struct request *r)
{
	struct part *p = r->parts;

	if (p->state == PART_UNSENT && try_another(c, r))
		return COURSE_MOVED;
	if (p->state == PART_TO_SEND)
		return send_composed(c, p) ? COURSE_MOVED : COURSE_WAITS;
	return collect_one(c, r, COPIES, judge);
}

/* What was said may be a password. */
static void leave(struct client *c, struct request *r)
{
	(void)c;
	asked_name_leave(r);
	for (uint32_t i = 0; i < r->part_count; i++) {
		for (int k = 0; k < r->parts[i].frame.count; k++)
			OPENSSL_cleanse(r->parts[i].frame.iov[k].iov_base,
					r->parts[i].frame.iov[k].iov_len);
	}
}

const struct course course_doorway = {
	.name = "doorway", .commit = commit, .answer = answer, .leave = leave
};
