#include "cluster/member.h"

#include "kafka/errors.h"

#include <string.h>

enum {
	PAUSE_FIRST_MS = 200,
	PAUSE_MOST_MS = 5000,	      /* of what heals by itself */
	PAUSE_REFUSED_MOST_MS = 30000 /* of what somebody must change */
};

void member_init(struct member *m, int session_ms, int heartbeat_ms, bool is_static,
		 uint64_t random)
{
	*m = (struct member){ .session_ms = session_ms,
			      .heartbeat_ms = heartbeat_ms,
			      .is_static = is_static,
			      .random = random | 1,
			      .generation = -1 };
}

static uint64_t next_random(struct member *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random;
}

/* A time by chance, between three and five quarters of `ms`. */
static int64_t around(struct member *m, int64_t ms)
{
	return ms * 3 / 4 + (int64_t)(next_random(m) % (uint64_t)(ms / 2 + 1));
}

static void pause_after_failure(struct member *m, int most, int64_t now)
{
	int64_t pause = (int64_t)PAUSE_FIRST_MS << (m->failures < 10 ? m->failures : 10);

	m->failures++;
	m->due = now + around(m, pause < most ? pause : most);
}

static enum member_step step_now(const struct member *m)
{
	if (!m->has_coordinator)
		return MEMBER_FIND;
	if (m->state == MEMBER_JOINED)
		return MEMBER_SYNC; /* the others wait for it */
	return m->state == MEMBER_OUT || m->wants_rejoin ? MEMBER_JOIN : MEMBER_BEAT;
}

enum member_step member_next(struct member *m, int64_t now, int64_t *wait_ms)
{
	enum member_step step = step_now(m);
	int64_t due = m->due;

	if (step == MEMBER_BEAT && m->heard_at + m->heartbeat_ms > due && m->error == 0)
		due = m->heard_at + m->heartbeat_ms;
	*wait_ms = due > now ? due - now : 0;
	if (m->is_asked || *wait_ms > 0)
		return MEMBER_WAIT;
	m->is_asked = true;
	if (step == MEMBER_JOIN) {
		m->wants_rejoin = false;
		m->state = MEMBER_OUT;
	}
	return step;
}

static void went_well(struct member *m)
{
	m->failures = 0;
	m->error = 0;
}

/* A step failed.  A pause between beats is short enough for the member to stay one. */
static void failed(struct member *m, enum member_step step, int error, int64_t now)
{
	m->failed = step;
	m->error = error;
	switch (error) {
	case MEMBER_NO_ANSWER:
	case ERROR_COORDINATOR_NOT_AVAILABLE:
	case ERROR_NOT_COORDINATOR:
		m->has_coordinator = false;
		pause_after_failure(
			m, PAUSE_MOST_MS < m->session_ms / 4 ? PAUSE_MOST_MS : m->session_ms / 4,
			now);
		break;
	case ERROR_COORDINATOR_LOAD_IN_PROGRESS:
	case ERROR_REBALANCE_IN_PROGRESS:
	case ERROR_UNKNOWN_MEMBER_ID:
	case ERROR_ILLEGAL_GENERATION:
		pause_after_failure(m, PAUSE_MOST_MS, now);
		break;
	default:
		pause_after_failure(m, PAUSE_REFUSED_MOST_MS, now);
	}
}

void member_found(struct member *m, int error, int64_t now)
{
	m->is_asked = false;
	if (error != 0) {
		failed(m, MEMBER_FIND, error, now);
		return;
	}
	m->has_coordinator = true;
	if (m->failed == MEMBER_FIND)
		went_well(m);
}

/* The member's id is worth nothing any more: the group has no member of that name. */
static void forget_id(struct member *m)
{
	m->id[0] = '\0';
	m->generation = -1;
	m->state = MEMBER_OUT;
}

/* The member is fenced: another process has its instance id.  Both would throw each other out
 * for ever, so this one goes on without. */
static void fenced(struct member *m, enum member_step step, int64_t now)
{
	forget_id(m);
	m->is_static = false;
	m->was_fenced = true;
	m->failed = step;
	m->error = ERROR_FENCED_INSTANCE_ID;
	m->due = now + around(m, m->heartbeat_ms);
}

/* Whether the error is one that the group says to a member that is to join again. */
static bool is_thrown_out(struct member *m, enum member_step step, int error, int64_t now)
{
	switch (error) {
	case ERROR_UNKNOWN_MEMBER_ID:
		forget_id(m);
		break;
	case ERROR_ILLEGAL_GENERATION:
	case ERROR_REBALANCE_IN_PROGRESS:
		m->state = MEMBER_OUT;
		break;
	case ERROR_FENCED_INSTANCE_ID:
		fenced(m, step, now);
		return true;
	default:
		return false;
	}
	if (m->failures > 0 || step == MEMBER_JOIN) /* not round and round without a pause */
		failed(m, step, error, now);
	else
		m->failures = 1;
	return true;
}

static void take_id(struct member *m, const void *id, size_t len)
{
	if (len >= sizeof m->id)
		len = 0; /* no id that could be said again */
	memcpy(m->id, id, len);
	m->id[len] = '\0';
}

void member_joined(struct member *m, int error, int32_t generation, const void *id, size_t id_len,
		   int64_t now)
{
	m->is_asked = false;
	if (error == 0) {
		take_id(m, id, id_len);
		m->generation = generation;
		m->state = MEMBER_JOINED;
		m->heard_at = now;
		return;
	}
	if (error == ERROR_MEMBER_ID_REQUIRED && id_len > 0) {
		take_id(m, id, id_len);
		m->state = MEMBER_OUT;
		return;
	}
	m->state = MEMBER_OUT;
	if (!is_thrown_out(m, MEMBER_JOIN, error, now))
		failed(m, MEMBER_JOIN, error, now);
}

void member_synced(struct member *m, int error, int64_t now)
{
	m->is_asked = false;
	if (error == 0) {
		m->state = MEMBER_STABLE;
		m->heard_at = now;
		m->was_fenced = false;
		went_well(m);
		return;
	}
	if (is_thrown_out(m, MEMBER_SYNC, error, now))
		return;
	m->state = MEMBER_OUT;
	failed(m, MEMBER_SYNC, error, now);
}

void member_beaten(struct member *m, int error, int64_t now)
{
	m->is_asked = false;
	if (error == 0) {
		m->heard_at = now;
		went_well(m);
		return;
	}
	if (!is_thrown_out(m, MEMBER_BEAT, error, now))
		failed(m, MEMBER_BEAT, error, now);
}

void member_rejoin(struct member *m)
{
	m->wants_rejoin = true;
}

bool member_is_apart(const struct member *m, int64_t now)
{
	return m->error != 0 && now - m->heard_at > m->session_ms;
}

bool member_is_refused(const struct member *m)
{
	return m->error == ERROR_GROUP_AUTHORIZATION_FAILED ||
	       m->error == ERROR_INVALID_SESSION_TIMEOUT ||
	       m->error == ERROR_INCONSISTENT_GROUP_PROTOCOL ||
	       m->error == ERROR_UNSUPPORTED_VERSION;
}

const char *member_trouble(const struct member *m)
{
	switch (m->error) {
	case 0:
		return NULL;
	case MEMBER_NO_ANSWER:
		return m->failed == MEMBER_FIND ? "no broker tells the group's coordinator"
						: "the group's coordinator does not answer";
	case ERROR_COORDINATOR_LOAD_IN_PROGRESS:
		return "the group's coordinator is loading";
	case ERROR_COORDINATOR_NOT_AVAILABLE:
	case ERROR_NOT_COORDINATOR:
		return "the group has no coordinator";
	case ERROR_GROUP_AUTHORIZATION_FAILED:
		return "no right to the group: it needs READ and DESCRIBE";
	case ERROR_FENCED_INSTANCE_ID:
		return "another process took this node's place in the group: is node_id given twice?";
	case ERROR_INVALID_SESSION_TIMEOUT:
		return "the brokers do not allow the session timeout";
	case ERROR_INCONSISTENT_GROUP_PROTOCOL:
		return "the group belongs to other consumers: give the nodes a group_id of their own";
	case ERROR_UNSUPPORTED_VERSION:
		return "the brokers lack the requests of a group member";
	default:
		return "the group refuses this node";
	}
}
