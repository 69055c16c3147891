#include "topology/refresh.h"

#include "kafka/wire.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>

enum kind { ALL, BY_NAME, BY_ID, KINDS };

enum {
	VERSION_NAMES = 4,  /* can be asked not to create topics */
	VERSION_IDS = 12,   /* can be asked for topics by id */
	NAME_MAX_LEN = 249, /* Kafka has no longer topic names */
};

/* The topics that one request asks for, and the queries that wait for it. */
struct batch {
	bool wanted;
	struct names names;
	struct query_list queries;
};

struct lane {
	struct refresh *r;
	enum kind kind;
	bool in_flight;
	struct batch next, flight;
};

struct refresh {
	struct ev_loop *loop;
	struct control *control;
	int every_ms;
	const struct refresh_events *events;
	void *owner;
	int version; /* of Metadata; -1: no connection */
	struct lane lanes[KINDS];
	struct query_list unpublished; /* their topics are heard of, but nobody can see that yet */
	ev_timer timer;		       /* the next request for all topics */
	int64_t sent;		       /* when the last one left */
	int pause_ms;		       /* from then to the next that is wanted */
	bool is_needed;		       /* somebody waits for the next one */
	bool is_due; /* nobody wants the next one but the timer: news are not expected */
	bool was_due;
};

static void step(struct refresh *r);

static void batch_init(struct batch *b)
{
	*b = (struct batch){ 0 };
	TAILQ_INIT(&b->queries);
}

static void move_queries(struct query_list *from, struct query_list *to)
{
	struct topology_query *q;

	while ((q = TAILQ_FIRST(from)) != NULL)
		query_wait_in(q, to);
}

static void wait_for_all(struct refresh *r, struct topology_query *q)
{
	r->lanes[ALL].next.wanted = r->is_needed = true;
	query_wait_in(q, &r->lanes[ALL].next.queries);
}

/* The kind of request that can ask for a topic. */
static enum kind kind_for(const struct refresh *r, bool by_id)
{
	if (by_id)
		return r->version >= VERSION_IDS ? BY_ID : ALL;
	return r->version >= VERSION_NAMES ? BY_NAME : ALL;
}

bool refresh_can_ask(const void *name, size_t len, bool by_id)
{
	return name != NULL && (by_id ? len == WIRE_UUID : len > 0 && len <= NAME_MAX_LEN);
}

/* False: no request for single topics can ask for this one. */
static bool put_name(struct refresh *r, enum kind kind, const void *name, size_t len)
{
	struct batch *b = &r->lanes[kind].next;

	if (kind == ALL || !names_add(&b->names, name, len))
		return false;
	b->wanted = true;
	return true;
}

static bool put_names(struct refresh *r, enum kind kind, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (refresh_can_ask(names->all[i].bytes, names->all[i].len, kind == BY_ID) &&
		    !put_name(r, kind, names->all[i].bytes, names->all[i].len))
			return false;
	}
	return true;
}

/* The query waits where the first of the topics that it still wants is asked for next. */
static void enter(struct refresh *r, struct topology_query *q)
{
	bool by_id = q->names.count == 0;
	enum kind kind = kind_for(r, by_id);

	if (q->all || kind == ALL || !put_names(r, kind, by_id ? &q->ids : &q->names))
		wait_for_all(r, q);
	else if (r->lanes[kind].next.wanted)
		query_wait_in(q, &r->lanes[kind].next.queries);
	else
		query_wait_in(q, &r->unpublished); /* no topic of such a name can exist */
}

static void finish(struct refresh *r, struct topology_query *q)
{
	if (!r->events->is_published(r->owner)) {
		query_wait_in(q, &r->unpublished);
		return;
	}
	query_answer(q, NO_BROKER);
}

void refresh_release(struct refresh *r)
{
	struct topology_query *q;

	while ((q = TAILQ_FIRST(&r->unpublished)) != NULL && r->events->is_published(r->owner))
		finish(r, q);
}

/* A query goes on when a request of this kind was answered. */
static void proceed(struct refresh *r, struct topology_query *q, enum kind kind)
{
	if (kind == BY_NAME && q->ids.count > 0) {
		names_deinit(&q->names);
		enter(r, q);
	} else {
		finish(r, q);
	}
}

static void lane_done(struct lane *lane)
{
	struct topology_query *q;

	while ((q = TAILQ_FIRST(&lane->flight.queries)) != NULL)
		proceed(lane->r, q, lane->kind);
	names_deinit(&lane->flight.names);
	lane->in_flight = false;
	refresh_release(lane->r);
}

/* While answers bring nothing new, they are asked for less often. */
static void heard_all(struct refresh *r, bool is_news)
{
	if (is_news || r->was_due)
		r->pause_ms = REFRESH_LEAST_MS;
	else if (r->pause_ms < REFRESH_MOST_MS)
		r->pause_ms *= 2;
}

/* Takes the answer in; what is wrong with it, NULL: nothing. */
static const char *take_answer(struct lane *lane, const uint8_t *body, uint32_t len)
{
	struct refresh *r = lane->r;
	struct metadata m;
	const char *wrong = NULL;
	bool is_news;

	if (!metadata_read(&m, r->version, body, len))
		wrong = "malformed metadata";
	else if (m.error != 0)
		wrong = "it has no metadata to give";
	else if (m.broker_count == 0)
		wrong = "it lists no brokers";
	if (wrong == NULL) {
		is_news = r->events->on_metadata(r->owner, &m, lane->kind == ALL);
		if (lane->kind == ALL)
			heard_all(r, is_news);
	}
	metadata_deinit(&m);
	return wrong;
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct lane *lane = owner;
	struct refresh *r = lane->r;
	const char *wrong;

	if (body == NULL)
		return; /* refresh_lost follows */
	wrong = take_answer(lane, body, len);
	if (wrong != NULL) {
		control_leave(r->control, wrong);
		return;
	}
	control_is_good(r->control);
	lane_done(lane);
	step(r);
}

/* Topics as the request has them: each by its name or its id. */
static struct say *topics_of(const struct lane *lane, size_t each)
{
	const struct names *names = &lane->flight.names;
	struct say *pairs = mem_alloc((names->count * each + 1) * sizeof *pairs);

	for (size_t i = 0; i < names->count; i++) {
		const struct name *n = &names->all[i];

		pairs[i * each] =
			say_bytes(lane->kind == BY_ID ? TOPIC_ID : TOPIC_NAME, n->bytes, n->len);
		if (each > 1)
			pairs[i * each + 1] = say_null(TOPIC_NAME);
	}
	return pairs;
}

/* All topics: null, but in version 0 an empty list says so. */
static struct say all_topics(int version)
{
	return version > 0 ? say_null(TOPICS) : say_list(TOPICS, NULL, 0, 0);
}

/* A request that can't be sent has refresh_lost still to come. */
static void ask(struct lane *lane)
{
	struct refresh *r = lane->r;
	const size_t each = lane->kind == BY_ID ? 2 : 1;
	struct say *topics = topics_of(lane, each);
	const struct say says[] = { lane->kind == ALL ? all_topics(r->version)
						      : say_list(TOPICS, topics, each,
								 lane->flight.names.count),
				    say_number(AUTO_CREATE, 0) };
	const struct call_request request = { .key = KEY_METADATA,
					      .version = r->version,
					      .says = SAY_ALL(says),
					      .answer = on_answer,
					      .owner = lane };

	(void)!control_send(r->control, &request);
	free(topics);
}

static void send_lane(struct lane *lane)
{
	struct refresh *r = lane->r;

	lane->flight.names = lane->next.names;
	move_queries(&lane->next.queries, &lane->flight.queries);
	batch_init(&lane->next);
	lane->in_flight = true;
	if (lane->kind == ALL) {
		r->sent = clock_ms();
		r->was_due = r->is_due;
		r->is_due = r->is_needed = false;
	}
	ask(lane);
}

static int64_t next_at(const struct refresh *r)
{
	return r->sent + (r->is_needed ? REFRESH_LEAST_MS : r->pause_ms);
}

static void arm(struct refresh *r)
{
	const struct lane *all = &r->lanes[ALL];
	int64_t due = all->next.wanted ? next_at(r) : r->sent + r->every_ms;
	int64_t left = due - clock_ms();

	ev_timer_stop(r->loop, &r->timer);
	if (r->version < 0 || all->in_flight)
		return;
	ev_now_update(r->loop);
	ev_timer_set(&r->timer, left > 0 ? (double)left / 1e3 : 0., 0.);
	ev_timer_start(r->loop, &r->timer);
}

static bool may_send(const struct refresh *r, const struct lane *lane)
{
	if (r->version < 0 || !lane->next.wanted || lane->in_flight)
		return false;
	return lane->kind != ALL || clock_ms() >= next_at(r);
}

static void step(struct refresh *r)
{
	for (int kind = 0; kind < KINDS; kind++) {
		if (may_send(r, &r->lanes[kind]))
			send_lane(&r->lanes[kind]);
	}
	arm(r);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct refresh *r = CONTAINER_OF(timer, struct refresh, timer);

	(void)loop;
	(void)events;
	r->is_due = !r->lanes[ALL].next.wanted;
	r->lanes[ALL].next.wanted = true;
	step(r);
}

struct refresh *refresh_new(struct ev_loop *loop, struct control *control, int every_ms,
			    const struct refresh_events *events, void *owner)
{
	struct refresh *r = mem_zalloc(sizeof *r);

	r->loop = loop;
	r->control = control;
	r->every_ms = every_ms;
	r->events = events;
	r->owner = owner;
	r->version = -1;
	r->pause_ms = REFRESH_LEAST_MS;
	r->sent = clock_ms() - REFRESH_LEAST_MS;
	TAILQ_INIT(&r->unpublished);
	for (int kind = 0; kind < KINDS; kind++) {
		struct lane *lane = &r->lanes[kind];

		lane->r = r;
		lane->kind = (enum kind)kind;
		batch_init(&lane->next);
		batch_init(&lane->flight);
	}
	ev_timer_init(&r->timer, on_timer, 0., 0.);
	return r;
}

void refresh_set_period(struct refresh *r, int every_ms)
{
	r->every_ms = every_ms;
	refresh_want_all(r);
}

void refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	ev_timer_stop(r->loop, &r->timer);
	for (int kind = 0; kind < KINDS; kind++) {
		names_deinit(&r->lanes[kind].next.names);
		names_deinit(&r->lanes[kind].flight.names);
	}
	free(r);
}

void refresh_begin(struct refresh *r, const struct broker_versions *v)
{
	r->version = versions_best(v, KEY_METADATA);
	if (r->version < 0) {
		control_leave(r->control, "no version of Metadata in common");
		return;
	}
	refresh_need_all(r);
}

/* Queries that wait now wait for all topics, which are asked for first. */
void refresh_lost(struct refresh *r)
{
	r->version = -1;
	if (r->lanes[ALL].in_flight) /* it was asked for in vain */
		r->sent = clock_ms() - REFRESH_LEAST_MS;
	for (int kind = 0; kind < KINDS; kind++) {
		struct lane *lane = &r->lanes[kind];

		move_queries(&lane->flight.queries, &r->lanes[ALL].next.queries);
		if (kind != ALL) {
			move_queries(&lane->next.queries, &r->lanes[ALL].next.queries);
			names_deinit(&lane->next.names);
			lane->next.wanted = false;
		}
		names_deinit(&lane->flight.names);
		lane->in_flight = false;
	}
	arm(r);
}

void refresh_want_all(struct refresh *r)
{
	/* what was in vain long ago says nothing of now */
	if (clock_ms() - r->sent >= 2 * REFRESH_MOST_MS)
		r->pause_ms = REFRESH_LEAST_MS;
	r->lanes[ALL].next.wanted = true;
	r->is_due = false;
	step(r);
}

void refresh_need_all(struct refresh *r)
{
	r->is_needed = true;
	refresh_want_all(r);
}

void refresh_want_topic(struct refresh *r, const void *name, size_t len, bool by_id)
{
	if (!refresh_can_ask(name, len, by_id))
		return;
	if (put_name(r, kind_for(r, by_id), name, len))
		step(r);
	else
		refresh_want_all(r);
}

void refresh_ask(struct refresh *r, struct topology_query *q)
{
	enter(r, q);
	step(r);
	refresh_release(r);
}
