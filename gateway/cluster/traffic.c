#include "cluster/traffic.h"

#include "cluster/reply.h"
#include "kafka/errors.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

enum {
	ANSWER_MS = 5000,
	POLL_MS = 1500,	 /* so long a Fetch waits for something new */
	HEARD_MS = 1000, /* after asking: by then the others' answers have come */
	QUICK_MS = 200,	 /* so long news of connections waits for more of it */
	RECORDS_MAX = 32 * 1024,
	FETCH_MAX = 1 << 20,
	CREATE_AGAIN_MS = 60000,
	REPLICAS_MAX = 3,
	TIMESTAMP_END = -1, /* asks for the offset behind the last record */
};

/* One partition of the topic, and the request for it that is under way. */
struct lane {
	struct traffic *traffic;
	int32_t partition;
	int64_t position; /* -1: not known */
	bool is_asked;
	int version; /* of the request that is under way */
	int64_t asked_at;
};

struct traffic {
	struct ev_loop *loop;
	struct lines *lines;
	struct topology *topology;
	const char *topic, *node_id;
	const struct load_events *events;
	const struct snapshot *snapshot; /* NULL: none yet */
	ev_timer timer, quick;
	struct lane lanes[TRAFFIC_LANES_MAX];
	int64_t incarnation;
	struct cluster_load load;
	size_t (*take)(void *owner, uint64_t *keys, size_t max); /* NULL: nothing is told */
	void *owner;
	struct load_keys keys; /* sent again until they are there */
	int64_t asked_at;      /* clock_ms when the others were asked for theirs; 0: not yet */
	bool is_heard; /* the last record has arrived: the next one need not wait for the timer */
	bool is_producing;
	int produce_version;
	int64_t create_at; /* not earlier */
	bool is_creating;
	int create_version; /* of the request that is under way */
	const char *trouble;
};

static void set_trouble(struct traffic *t, const char *why, int error)
{
	if (t->trouble == why)
		return;
	t->trouble = why;
	if (why != NULL)
		log_warn("who=cluster event=no_load topic=%s err=%d reason=\"%s\"", t->topic, error,
			 why);
	else
		log_info("who=cluster event=load topic=%s", t->topic);
}

static void notice_topic(struct traffic *t)
{
	topology_notice_topic(t->topology,
			      (struct topology_name){ t->topic, strlen(t->topic), false });
}

static void topic_error(struct traffic *t, const char *what, int error)
{
	switch (error) {
	case ERROR_TOPIC_AUTHORIZATION_FAILED:
		set_trouble(t, "no right to the topic: it needs READ and WRITE", error);
		break;
	case ERROR_UNKNOWN_TOPIC_OR_PARTITION:
	case ERROR_LEADER_NOT_AVAILABLE:
	case ERROR_NOT_LEADER_OR_FOLLOWER:
		notice_topic(t);
		break;
	default:
		break;
	}
	log_info("who=cluster event=failed request=%s topic=%s err=%d", what, t->topic, error);
}

/* --- creating it --- */

static void on_created(void *owner, const uint8_t *body, uint32_t len)
{
	struct traffic *t = owner;
	struct reply a;

	t->is_creating = false;
	if (body == NULL || !reply_read(&a, KEY_CREATE_TOPICS, t->create_version, body, len))
		return;
	reply_deinit(&a);
	if (a.error == 0 || a.error == ERROR_TOPIC_ALREADY_EXISTS) {
		log_info("who=cluster event=topic topic=%s %s", t->topic,
			 a.error == 0 ? "created=true" : "created=false");
		notice_topic(t);
		return;
	}
	set_trouble(t, "the topic is not there, and the brokers do not let this node create it",
		    a.error);
}

/* Load records are worth nothing after a minute. */
static const char *const configs[][2] = {
	{ "cleanup.policy", "delete" },
	{ "retention.ms", "600000" },
	{ "segment.ms", "600000" },
	{ "segment.bytes", "1048576" },
	{ "compression.type", "uncompressed" },
};

static bool send_create(struct traffic *t, const struct broker *to)
{
	const int replicas = t->snapshot->broker_count < REPLICAS_MAX
				     ? (int)t->snapshot->broker_count
				     : REPLICAS_MAX;
	struct say said[ARRAY_LEN(configs)][2];
	const struct say topic[] = { say_text(TOPIC_NAME, t->topic),
				     say_number(PARTITION_COUNT, TRAFFIC_PARTITIONS),
				     say_number(REPLICAS, replicas),
				     say_list(CONFIGS, said[0], 2, ARRAY_LEN(configs)) };
	const struct say says[] = { SAY_ONE(TOPICS, topic), say_number(TIMEOUT_MS, ANSWER_MS) };

	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		said[i][0] = say_text(CONFIG_NAME, configs[i][0]);
		said[i][1] = say_text(CONFIG_VALUE, configs[i][1]);
	}
	return lines_send(t->lines, LINE_LOAD, to,
			  &(struct call_request){ .key = KEY_CREATE_TOPICS,
						  .version = t->create_version,
						  .says = SAY_ALL(says),
						  .timeout_ms = 2 * ANSWER_MS,
						  .answer = on_created,
						  .owner = t });
}

static void create(struct traffic *t, int64_t now)
{
	const struct snapshot *s = t->snapshot;

	if (t->is_creating || s->broker_count == 0)
		return;
	if (now < t->create_at) {
		notice_topic(t); /* a topic just created is known a moment later */
		return;
	}
	t->create_at = now + CREATE_AGAIN_MS;
	t->create_version = reply_version(s->offers, KEY_CREATE_TOPICS);
	if (t->create_version < 0) {
		set_trouble(t, "the topic is not there, and the brokers can't create it", 0);
		return;
	}
	t->is_creating = send_create(t, &s->brokers[(size_t)now % s->broker_count]);
}

/* --- to and from it --- */

static void on_produced(void *owner, const uint8_t *body, uint32_t len)
{
	struct traffic *t = owner;
	struct reply a;

	t->is_producing = t->is_heard = false;
	if (body == NULL || !reply_read(&a, KEY_PRODUCE, t->produce_version, body, len))
		return;
	if (a.error != 0) {
		topic_error(t, "Produce", a.error);
	} else {
		t->is_heard = true;
		if (t->keys.asks)
			t->asked_at = clock_ms();
		t->keys.count = 0;
	}
	reply_deinit(&a);
}

/* Whether the node reads every partition: it would not hear the answers to what it asks before. */
static bool reads_all(const struct traffic *t, int32_t lanes)
{
	for (int32_t i = 0; i < lanes; i++) {
		if (t->lanes[i].position < 0)
			return false;
	}
	return true;
}

static void take_keys(struct traffic *t, int32_t lanes)
{
	if (t->take == NULL || t->is_producing)
		return;
	t->keys.asks = t->asked_at == 0 && reads_all(t, lanes);
	if (t->keys.count == 0)
		t->keys.count = t->take(t->owner, t->keys.keys, LOAD_KEYS_MAX);
}

static bool send_records(struct traffic *t, const struct broker *to, int32_t partition,
			 const struct buf *records)
{
	const struct say one[] = { say_number(PARTITION, partition),
				   say_buf(RECORD_BYTES, records) };
	const struct say topic[] = { say_text(TOPIC_NAME, t->topic), SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { say_number(ACKS, 1), say_number(TIMEOUT_MS, ANSWER_MS),
				    SAY_ONE(TOPICS, topic) };

	t->produce_version = reply_version(t->snapshot->offers, KEY_PRODUCE);
	return t->produce_version >= 0 &&
	       lines_send(t->lines, LINE_LOAD, to,
			  &(struct call_request){ .key = KEY_PRODUCE,
						  .version = t->produce_version,
						  .says = SAY_ALL(says),
						  .timeout_ms = ANSWER_MS,
						  .answer = on_produced,
						  .owner = t });
}

static void produce(struct traffic *t, const struct broker *to, int32_t partition)
{
	struct buf records;

	if (t->is_producing)
		return;
	buf_init(&records, RECORDS_MAX);
	load_write(&records, clock_wall_ms(), t->node_id, t->incarnation, &t->load, &t->keys,
		   t->events->seal);
	t->is_producing = send_records(t, to, partition, &records);
	buf_deinit(&records);
}

static void on_end(void *owner, const uint8_t *body, uint32_t len)
{
	struct lane *lane = owner;
	struct reply a;

	lane->is_asked = false;
	if (body == NULL || !reply_read(&a, KEY_LIST_OFFSETS, lane->version, body, len))
		return;
	if (a.error != 0)
		topic_error(lane->traffic, "ListOffsets", a.error);
	else
		lane->position = a.offset;
	reply_deinit(&a);
}

static void fetch(struct lane *lane);

static void on_fetched(void *owner, const uint8_t *body, uint32_t len)
{
	struct lane *lane = owner;
	struct traffic *t = lane->traffic;
	struct reply a;
	int64_t before = lane->position;
	bool has_waited = clock_ms() >= lane->asked_at + POLL_MS / 2;

	lane->is_asked = false;
	if (body == NULL || !reply_read(&a, KEY_FETCH, lane->version, body, len))
		return;
	if (a.error == ERROR_OFFSET_OUT_OF_RANGE)
		lane->position = -1;
	else if (a.error != 0)
		topic_error(t, "Fetch", a.error);
	else
		set_trouble(t, NULL, 0);
	if (a.error == 0 && a.data.len > 0)
		lane->position = load_read(a.data.bytes, a.data.len, lane->position, t->events);
	if (a.error == 0 && (has_waited || lane->position > before))
		fetch(lane); /* else the timer does */
	reply_deinit(&a);
}

static const struct broker *leader_of(const struct traffic *t, int32_t partition)
{
	const struct topic *topic = snapshot_topic(t->snapshot, t->topic, strlen(t->topic));
	const struct partition *p = topic_partition(topic, partition);

	return p != NULL ? snapshot_broker(t->snapshot, p->leader) : NULL;
}

/* Completes the request.  False: nothing was sent. */
static bool send_of_lane(struct lane *lane, const struct broker *to, enum line_purpose line,
			 struct call_request r)
{
	r.version = lane->version = reply_version(lane->traffic->snapshot->offers, r.key);
	r.timeout_ms = ANSWER_MS;
	r.owner = lane;
	return r.version >= 0 && lines_send(lane->traffic->lines, line, to, &r);
}

static bool send_fetch(struct lane *lane, const struct broker *to)
{
	const struct say one[] = { say_number(PARTITION, lane->partition),
				   say_number(FETCH_OFFSET, lane->position),
				   say_number(PARTITION_MAX_BYTES, FETCH_MAX) };
	const struct say topic[] = { say_text(TOPIC_NAME, lane->traffic->topic),
				     SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { say_number(MAX_WAIT_MS, POLL_MS), say_number(MIN_BYTES, 1),
				    say_number(MAX_BYTES, FETCH_MAX), SAY_ONE(TOPICS, topic) };

	return send_of_lane(lane, to, (enum line_purpose)(LINE_POLL + lane->partition),
			    (struct call_request){ .key = KEY_FETCH,
						   .says = SAY_ALL(says),
						   .answer = on_fetched });
}

static bool send_find_end(struct lane *lane, const struct broker *to)
{
	const struct say one[] = { say_number(PARTITION, lane->partition),
				   say_number(TIMESTAMP, TIMESTAMP_END) };
	const struct say topic[] = { say_text(TOPIC_NAME, lane->traffic->topic),
				     SAY_ONE(PARTITIONS, one) };
	const struct say says[] = { SAY_ONE(TOPICS, topic) };

	return send_of_lane(lane, to, LINE_LOAD,
			    (struct call_request){ .key = KEY_LIST_OFFSETS,
						   .says = SAY_ALL(says),
						   .answer = on_end });
}

static void fetch(struct lane *lane)
{
	const struct broker *to = leader_of(lane->traffic, lane->partition);

	if (lane->is_asked || to == NULL)
		return;
	lane->asked_at = clock_ms();
	lane->is_asked = lane->position >= 0 ? send_fetch(lane, to) : send_find_end(lane, to);
}

/* Partitions of the topic that are used; 0: it isn't there. */
static int32_t lanes(const struct traffic *t)
{
	const struct topic *topic = snapshot_topic(t->snapshot, t->topic, strlen(t->topic));

	if (topic == NULL)
		return 0;
	return topic->partition_count < TRAFFIC_LANES_MAX ? topic->partition_count
							  : TRAFFIC_LANES_MAX;
}

static void tell(struct traffic *t, int32_t count)
{
	int32_t mine = (int32_t)(hash_bytes(t->node_id, strlen(t->node_id)) % (uint64_t)count);
	const struct broker *leader = leader_of(t, mine);

	if (leader != NULL)
		produce(t, leader, mine);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct traffic *t = timer->data;
	int32_t count = lanes(t);

	(void)loop;
	(void)events;
	if (count == 0) {
		create(t, clock_ms());
		return;
	}
	take_keys(t, count);
	tell(t, count);
	for (int32_t p = 0; p < count; p++)
		fetch(&t->lanes[p]);
}

static void on_quick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct traffic *t = timer->data;
	int32_t count = lanes(t);

	(void)loop;
	(void)events;
	if (count == 0 || !t->is_heard)
		return;
	take_keys(t, count);
	if (t->keys.count > 0 || t->keys.asks)
		tell(t, count);
}

struct traffic *traffic_new(struct ev_loop *loop, struct lines *lines, struct topology *topology,
			    const char *topic, const char *node_id,
			    const struct load_events *events)
{
	struct traffic *t = mem_zalloc(sizeof *t);

	t->loop = loop;
	t->lines = lines;
	t->topology = topology;
	t->topic = topic;
	t->node_id = node_id;
	t->events = events;
	for (int32_t i = 0; i < TRAFFIC_LANES_MAX; i++)
		t->lanes[i] = (struct lane){ .traffic = t, .partition = i, .position = -1 };
	ev_timer_init(&t->timer, on_timer, 0., TRAFFIC_EVERY_MS / 1e3);
	ev_timer_init(&t->quick, on_quick, QUICK_MS / 1e3, QUICK_MS / 1e3);
	t->timer.data = t->quick.data = t;
	return t;
}

void traffic_free(struct traffic *t)
{
	if (t == NULL)
		return;
	ev_timer_stop(t->loop, &t->timer);
	ev_timer_stop(t->loop, &t->quick);
	free(t);
}

void traffic_snapshot(struct traffic *t, const struct snapshot *s)
{
	bool is_first = t->snapshot == NULL;

	t->snapshot = s;
	if (!is_first)
		return;
	ev_timer_start(t->loop, &t->timer);
	if (t->take != NULL)
		ev_timer_start(t->loop, &t->quick);
}

void traffic_tell(struct traffic *t, size_t (*take)(void *owner, uint64_t *keys, size_t max),
		  void *owner)
{
	t->take = take;
	t->owner = owner;
}

void traffic_load(struct traffic *t, int64_t incarnation, const struct cluster_load *load)
{
	t->incarnation = incarnation;
	t->load = *load;
}

bool traffic_has_heard(const struct traffic *t)
{
	return t->take == NULL || (t->asked_at > 0 && clock_ms() >= t->asked_at + HEARD_MS);
}

const char *traffic_trouble(const struct traffic *t)
{
	return t->trouble;
}
