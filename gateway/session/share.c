/* The course of a request of a share session: the broker that has the session gets it as it is; its
 * answer is held, for it may name addresses, and written anew for the client. */
#include "session/share.h"

#include "kafka/errors.h"
#include "session/collect.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/rewritten.h"
#include "session/send.h"
#include "session/standing.h"
#include "session/upstreams.h"
#include "session/watch.h"
#include "util/hash.h"
#include "util/mem.h"

#include <stdlib.h>

enum { EPOCH_NEW = 0, EPOCH_LAST = -1 };

/* --- sessions --- */

struct share_session {
	struct standing standing;
	uint64_t key; /* of group and member, under this process's secret */
	int32_t broker;
};

static struct share_session *session_of(const struct standing *s)
{
	return CONTAINER_OF(s, struct share_session, standing);
}

/* The connection of a login has the session too where the client is known by visits. */
static bool may_carry(const struct share_session *s, const struct upstream *u)
{
	return (u->purpose == FOR_SHARE || u->purpose == FOR_LOGIN) && u->broker == s->broker;
}

static bool carries(const struct client *c, const struct share_session *s, const struct upstream *u)
{
	return may_carry(s, u) && (u->purpose == FOR_SHARE || c->claim.by_visits);
}

static void on_upstream_lost(struct client *c, struct standing *s, const struct upstream *u)
{
	if (carries(c, session_of(s), u))
		client_fail(c, "the broker of its share session was lost");
}

/* Nor is the client to be closed for the balance: its session would end. */
static bool keeps(const struct standing *s, const struct upstream *u)
{
	return u == NULL || may_carry(session_of(s), u);
}

static void on_client_end(struct client *c, struct standing *s)
{
	(void)c;
	free(session_of(s));
}

static const struct standing_kind session_kind = { .name = "share session",
						   .upstream_lost = on_upstream_lost,
						   .keeps = keeps,
						   .free = on_client_end };

static struct share_session *session_find(const struct client *c, uint64_t key)
{
	for (struct standing *s = c->standing; s != NULL; s = s->next) {
		if (s->kind == &session_kind && session_of(s)->key == key)
			return session_of(s);
	}
	return NULL;
}

static unsigned session_count(const struct client *c)
{
	unsigned n = 0;

	for (const struct standing *s = c->standing; s != NULL; s = s->next)
		n += s->kind == &session_kind;
	return n;
}

/* --- the question --- */

static uint64_t key_of(const struct client *c, const struct request *r)
{
	const struct layout *l = &r->layout;
	const uint32_t len = l->member.number > 0 ? (uint32_t)l->member.number : 0;
	const uint8_t *member =
		conn_data(&c->conn) + r->head.body_at + l->member.at + l->member.size - len;
	const uint64_t pair[] = { hash_bytes(l->key, l->key_len), hash_bytes(member, len) };

	return hash_bytes(pair, sizeof pair);
}

bool share_begins(const struct share_question *q)
{
	return q->request->layout.session_epoch.number == EPOCH_NEW;
}

int share_place(struct share_question *q)
{
	const struct share_session *s = session_find(q->client, key_of(q->client, q->request));

	if (share_begins(q))
		return s != NULL || session_count(q->client) < SHARE_SESSIONS_MAX
			       ? ERROR_NONE
			       : ERROR_SHARE_SESSION_LIMIT_REACHED;
	if (s == NULL)
		return ERROR_SHARE_SESSION_NOT_FOUND;
	q->broker = s->broker;
	return ERROR_NONE;
}

/* --- the course --- */

static void begin_session(struct client *c, uint64_t key, int32_t broker)
{
	struct share_session *s = session_find(c, key);
	int32_t before = s != NULL ? s->broker : broker;

	if (s == NULL) {
		s = mem_zalloc(sizeof *s);
		s->standing.kind = &session_kind;
		s->key = key;
		standing_add(c, &s->standing);
	}
	s->broker = broker;
	if (before != broker)
		upstreams_leave(c, before, FOR_SHARE);
}

static void end_session(struct client *c, uint64_t key)
{
	struct share_session *s = session_find(c, key);

	if (s == NULL)
		return;
	standing_remove(c, &s->standing);
	free(s);
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	const int64_t epoch = r->layout.session_epoch.number;

	if (epoch == EPOCH_NEW)
		begin_session(c, key_of(c, r), to->brokers[0]);
	else if (epoch == EPOCH_LAST)
		end_session(c, key_of(c, r));
	send_begin_one(c, r, to);
}

/* What the answer says of leaders is noticed; whom it names the client hears of as of any broker. */
static bool write_anew(struct client *c, struct request *r)
{
	uint8_t *head = reply_begin(r), *body;
	uint32_t size;

	if (!collect_body(r->parts, &body, &size) || !watch_told(r, body, size) ||
	    !rewritten_body(c, r, &r->reply, body, size))
		return false;
	reply_end(r, head);
	return true;
}

static enum course_result answer(struct client *c, struct request *r)
{
	return collect_one(c, r, 1, write_anew);
}

const struct course course_share = { .name = "share", .commit = commit, .answer = answer };
