#include "cluster/group.h"

#include "cluster/identity.h"
#include "cluster/reply.h"
#include "cluster/shares.h"
#include "cluster/subscription.h"
#include "kafka/errors.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <unistd.h>

static const char protocol_type[] = "consumer", protocol[] = "anyport";

enum {
	ANSWER_MS = 5000,
	GRACE_MS = 5000, /* of a JoinGroup or SyncGroup, beyond the time the group waits */
};

struct group {
	struct ev_loop *loop;
	struct lines *lines;
	const struct config *config;
	const char *topic;
	const struct group_events *events;
	void *owner;
	const struct snapshot *snapshot; /* NULL: none yet */
	struct member member;
	int version;	     /* of the request that is under way */
	int32_t coordinator; /* NO_BROKER: none */
	size_t next_broker;  /* to be asked for the coordinator */
	ev_timer timer;
	struct buf identity; /* empty: not known yet */
	/* of the leader, between JoinGroup and SyncGroup */
	bool is_leader;
	int32_t assigned; /* partitions of the topic, when they were last given out */
	struct shares shares;
	bool *left;
};

static void step(struct group *g);

/* --- asking --- */

static const char *instance_id(const struct group *g)
{
	return g->member.is_static ? g->config->node_id : NULL;
}

/* A member says this of itself in every request. */
#define SAY_MEMBER(g)                                                                   \
	say_text(GROUP_ID, (g)->config->group_id), say_text(MEMBER_ID, (g)->member.id), \
		say_text(INSTANCE_ID, instance_id(g))

/* Completes the request.  False: nothing was sent. */
static bool send_request(struct group *g, const struct broker *to, enum line_purpose purpose,
			 struct call_request r)
{
	r.version = g->version = reply_version(g->snapshot->offers, r.key);
	r.owner = g;
	return r.version >= 0 && to != NULL && lines_send(g->lines, purpose, to, &r);
}

static const struct broker *coordinator(const struct group *g)
{
	return snapshot_broker(g->snapshot, g->coordinator);
}

/* The error of the answer, or MEMBER_NO_ANSWER; *a is to be freed with reply_deinit. */
static int read_reply(struct group *g, enum api_key key, struct reply *a, const uint8_t *body,
		      uint32_t len)
{
	*a = (struct reply){ .node = NO_BROKER };
	if (body == NULL || !reply_read(a, key, g->version, body, len))
		return MEMBER_NO_ANSWER;
	return a->error;
}

/* A step is over: the log says so, the owner hears of it, the next step begins. */
static void done(struct group *g, const char *what, int error)
{
	const char *why = member_trouble(&g->member);

	if (error == ERROR_REBALANCE_IN_PROGRESS)
		log_info("who=cluster event=rebalance group=%s generation=%d", g->config->group_id,
			 g->member.generation);
	else if (error != 0 && error != ERROR_MEMBER_ID_REQUIRED)
		log_warn("who=cluster event=failed request=%s group=%s err=%d reason=\"%s\"", what,
			 g->config->group_id, error, why != NULL ? why : "joins again");
	g->events->on_change(g->owner);
	step(g);
}

/* --- finding the coordinator --- */

static void on_found(void *owner, const uint8_t *body, uint32_t len)
{
	struct group *g = owner;
	struct reply a;
	int error = read_reply(g, KEY_FIND_COORDINATOR, &a, body, len);

	if (error == 0 && snapshot_broker(g->snapshot, a.node) == NULL) {
		error = ERROR_COORDINATOR_NOT_AVAILABLE;
		g->events->on_stranger(g->owner);
	}
	if (error == 0) {
		g->coordinator = a.node;
		lines_keep(g->lines, LINE_GROUP, a.node);
		log_info("who=cluster event=coordinator group=%s broker=%d", g->config->group_id,
			 a.node);
	}
	reply_deinit(&a);
	member_found(&g->member, error, clock_ms());
	done(g, "FindCoordinator", error);
}

/* The coordinator is asked for at another broker each time: the last one may be gone. */
static bool find(struct group *g)
{
	const struct snapshot *s = g->snapshot;
	const struct broker *to = NULL;
	const struct say key[] = { say_text(COORDINATOR_KEY, g->config->group_id) };
	const struct say says[] = { SAY_ONE(KEYS, key) };

	if (s->broker_count > 0)
		to = &s->brokers[g->next_broker++ % s->broker_count];
	return send_request(g, to, LINE_FIND,
			    (struct call_request){ .key = KEY_FIND_COORDINATOR,
						   .says = SAY_ALL(says),
						   .timeout_ms = ANSWER_MS,
						   .answer = on_found });
}

/* --- joining --- */

static int32_t partition_count(const struct group *g)
{
	const struct topic *t = snapshot_topic(g->snapshot, g->topic, strlen(g->topic));

	if (t == NULL)
		return 0;
	return t->partition_count < SHARES_PARTITIONS_MAX ? t->partition_count
							  : SHARES_PARTITIONS_MAX;
}

/* The leader gives out the partitions, and the map of all members. */
static void lead(struct group *g, const struct reply *joined)
{
	g->assigned = partition_count(g);
	shares_make(&g->shares, joined, g->topic, g->assigned);
}

static void on_joined(void *owner, const uint8_t *body, uint32_t len)
{
	struct group *g = owner;
	struct reply a;
	int error = read_reply(g, KEY_JOIN_GROUP, &a, body, len);

	shares_deinit(&g->shares);
	member_joined(&g->member, error, a.generation, a.member_id.bytes, a.member_id.len,
		      clock_ms());
	g->is_leader = error == 0 && a.leader.len == a.member_id.len && a.leader.len > 0 &&
		       memcmp(a.leader.bytes, a.member_id.bytes, a.leader.len) == 0;
	if (g->is_leader)
		lead(g, &a);
	if (error == 0)
		log_info("who=cluster event=joined group=%s member=%s generation=%d leader=%s",
			 g->config->group_id, g->member.id, a.generation,
			 g->is_leader ? "true" : "false");
	reply_deinit(&a);
	done(g, "JoinGroup", error);
}

static bool send_join(struct group *g, const struct buf *subscription)
{
	const int session_ms = g->config->session_timeout_ms;
	const struct say spoken[] = { say_text(PROTOCOL_NAME, protocol),
				      say_buf(MEMBER_DATA, subscription) };
	const struct say says[] = { SAY_MEMBER(g), say_number(SESSION_TIMEOUT_MS, session_ms),
				    say_number(TIMEOUT_MS, session_ms), /* to join again in */
				    say_text(PROTOCOL_TYPE, protocol_type),
				    SAY_ONE(PROTOCOLS, spoken) };

	return send_request(g, coordinator(g), LINE_GROUP,
			    (struct call_request){ .key = KEY_JOIN_GROUP,
						   .says = SAY_ALL(says),
						   .timeout_ms = session_ms + GRACE_MS,
						   .answer = on_joined });
}

static bool join(struct group *g)
{
	struct buf subscription;
	bool sent;

	buf_init(&subscription, IDENTITY_MAX * 2);
	subscription_write(&subscription, g->topic, &g->identity);
	sent = send_join(g, &subscription);
	buf_deinit(&subscription);
	return sent;
}

/* Whether there is more to give out: the leader gives out anew when the topic has more partitions,
 * as every consumer's leader does.  They may have come while the last ones were given out. */
static bool has_more_partitions(const struct group *g)
{
	return g->is_leader && g->member.state == MEMBER_STABLE && partition_count(g) > g->assigned;
}

static void on_synced(void *owner, const uint8_t *body, uint32_t len)
{
	struct group *g = owner;
	struct reply a;
	int error = read_reply(g, KEY_SYNC_GROUP, &a, body, len);
	const uint8_t *map;
	size_t map_len;

	shares_deinit(&g->shares);
	member_synced(&g->member, error, clock_ms());
	if (error == 0 && assignment_read(a.data.bytes, a.data.len, &map, &map_len))
		g->events->on_map(g->owner, map, map_len);
	reply_deinit(&a);
	if (has_more_partitions(g))
		member_rejoin(&g->member);
	done(g, "SyncGroup", error);
}

static bool sync_group(struct group *g)
{
	struct say *shares = shares_said(&g->shares);
	const struct say says[] = {
		SAY_MEMBER(g),
		say_number(GENERATION_ID, g->member.generation),
		say_text(PROTOCOL_TYPE, protocol_type),
		say_text(PROTOCOL_NAME, protocol),
		say_list(GROUP_MEMBERS, shares, SHARES_EACH, g->shares.count),
	};
	bool sent = send_request(
		g, coordinator(g), LINE_GROUP,
		(struct call_request){ .key = KEY_SYNC_GROUP,
				       .says = SAY_ALL(says),
				       .timeout_ms = g->config->session_timeout_ms + GRACE_MS,
				       .answer = on_synced });

	free(shares);
	return sent;
}

static void on_beaten(void *owner, const uint8_t *body, uint32_t len)
{
	struct group *g = owner;
	struct reply a;
	int error = read_reply(g, KEY_HEARTBEAT, &a, body, len);

	reply_deinit(&a);
	member_beaten(&g->member, error, clock_ms());
	done(g, "Heartbeat", error);
}

static bool beat(struct group *g)
{
	const struct say says[] = { SAY_MEMBER(g),
				    say_number(GENERATION_ID, g->member.generation) };
	int half = g->config->session_timeout_ms / 2;

	return send_request(
		g, coordinator(g), LINE_GROUP,
		(struct call_request){ .key = KEY_HEARTBEAT,
				       .says = SAY_ALL(says),
				       .timeout_ms = half < ANSWER_MS ? half : ANSWER_MS,
				       .answer = on_beaten });
}

/* --- stepping --- */

/* A request that could not be sent counts as one that nobody answered. */
static void not_sent(struct group *g, enum member_step what)
{
	int64_t now = clock_ms();
	int error = g->version < 0 ? ERROR_UNSUPPORTED_VERSION : MEMBER_NO_ANSWER;

	switch (what) {
	case MEMBER_FIND:
		member_found(&g->member, error, now);
		break;
	case MEMBER_JOIN:
		member_joined(&g->member, error, -1, "", 0, now);
		break;
	case MEMBER_SYNC:
		member_synced(&g->member, error, now);
		break;
	default:
		member_beaten(&g->member, error, now);
	}
	g->events->on_change(g->owner);
}

static bool begin(struct group *g, enum member_step what)
{
	switch (what) {
	case MEMBER_FIND:
		return find(g);
	case MEMBER_JOIN:
		return join(g);
	case MEMBER_SYNC:
		return sync_group(g);
	default:
		return beat(g);
	}
}

static void step(struct group *g)
{
	enum member_step what;
	int64_t wait_ms;

	ev_timer_stop(g->loop, &g->timer);
	if (g->snapshot == NULL || g->identity.len == 0)
		return;
	while ((what = member_next(&g->member, clock_ms(), &wait_ms)) != MEMBER_WAIT) {
		if (begin(g, what))
			return;
		not_sent(g, what);
	}
	if (g->member.is_asked)
		return;
	ev_now_update(g->loop);
	ev_timer_set(&g->timer, (double)wait_ms / 1e3, 0.);
	ev_timer_start(g->loop, &g->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	step(timer->data);
}

struct group *group_new(struct ev_loop *loop, struct lines *lines, const struct config *config,
			const char *topic, const struct group_events *events, void *owner)
{
	struct group *g = mem_zalloc(sizeof *g);
	uint64_t seed[2] = { (uint64_t)clock_ms(), (uint64_t)getpid() };

	g->loop = loop;
	g->lines = lines;
	g->config = config;
	g->topic = topic;
	g->events = events;
	g->owner = owner;
	g->coordinator = NO_BROKER;
	g->next_broker = (size_t)hash_bytes(seed, sizeof seed);
	member_init(&g->member, config->session_timeout_ms, config->heartbeat_interval_ms, true,
		    hash_bytes(seed, sizeof seed));
	buf_init(&g->identity, IDENTITY_MAX);
	ev_timer_init(&g->timer, on_timer, 0., 0.);
	g->timer.data = g;
	return g;
}

void group_free(struct group *g)
{
	if (g == NULL)
		return;
	ev_timer_stop(g->loop, &g->timer);
	shares_deinit(&g->shares);
	buf_deinit(&g->identity);
	free(g);
}

void group_snapshot(struct group *g, const struct snapshot *s)
{
	bool is_first = g->snapshot == NULL;

	g->snapshot = s;
	if (has_more_partitions(g)) {
		member_rejoin(&g->member);
		step(g);
	}
	if (is_first)
		step(g);
}

void group_identity(struct group *g, const struct buf *identity)
{
	bool is_first = g->identity.len == 0;

	buf_clear(&g->identity);
	buf_append(&g->identity, identity->data, identity->len);
	if (!is_first)
		member_rejoin(&g->member);
	step(g);
}

const struct member *group_life(const struct group *g)
{
	return &g->member;
}

bool group_is_leader(const struct group *g)
{
	return g->is_leader;
}

static void on_left(void *owner, const uint8_t *body, uint32_t len)
{
	struct group *g = owner;

	(void)body;
	(void)len;
	*g->left = true;
}

static bool leave(struct group *g)
{
	const struct say member[] = { say_text(MEMBER_ID, g->member.id) };
	const struct say says[] = { say_text(GROUP_ID, g->config->group_id),
				    SAY_ONE(GROUP_MEMBERS, member) };

	return send_request(g, coordinator(g), LINE_GROUP,
			    (struct call_request){ .key = KEY_LEAVE_GROUP,
						   .says = SAY_ALL(says),
						   .timeout_ms = ANSWER_MS,
						   .answer = on_left });
}

void group_leave(struct group *g, bool *left)
{
	ev_timer_stop(g->loop, &g->timer);
	g->left = left;
	*left = g->member.is_static || g->member.id[0] == '\0' || g->snapshot == NULL || !leave(g);
}
