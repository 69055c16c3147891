#include "route/fetched_inside.h"
#include "route/targets.h"
#include "util/mem.h"

#include <stdlib.h>

/* --- a client's Fetch --- */

struct fetched *fetched_new(void)
{
	struct fetched *f = mem_zalloc(sizeof *f);

	TAILQ_INIT(&f->brokers);
	return f;
}

void fetched_clear(struct fetched *f)
{
	struct fetched_broker *b;

	TAILQ_FOREACH(b, &f->brokers, link)
	{
		fetched_leave_broker(f, b);
	}
}

void fetched_free(struct fetched *f)
{
	if (f == NULL)
		return;
	fetched_clear(f);
	while (!TAILQ_EMPTY(&f->brokers)) {
		struct fetched_broker *b = TAILQ_FIRST(&f->brokers);

		TAILQ_REMOVE(&f->brokers, b, link);
		free(b);
	}
	table_deinit(&f->topics);
	table_deinit(&f->items);
	free(f);
}

void fetched_know(struct fetched *f, int32_t broker, int32_t session)
{
	fetched_get_broker(f, broker)->session = session;
}

static void put(struct fetched *f, struct fetched_topic *topic, const struct layout_item *said,
		const uint8_t *body)
{
	const uint32_t len = said->end - said->at;
	struct fetched_item *i = fetched_item_at(f, topic, said->partition,
						 fetched_get_broker(f, said->target), len);

	if (i->was_said && !i->is_changed && memcmp(i->bytes, body + said->at, len) == 0)
		return;
	memcpy(i->bytes, body + said->at, len);
	fetched_set_changed(i, true);
}

static void forget(struct fetched *f, const struct layout_topic *topic, int32_t partition)
{
	struct fetched_topic *t = fetched_find_topic(f, topic);
	struct fetched_item *i = fetched_find_item(f, t, partition, NULL);

	if (i != NULL)
		fetched_leave_item(f, i);
}

/* What the Fetch forgets; the layout has nothing of it.  One that begins a session has nothing to forget. */
static void forget_all(struct fetched *f, const struct fetched_request *request)
{
	const bool begins = request->layout->session_epoch.number == 0;
	struct layout_topic topic = { 0 };
	struct walk w;
	struct walk_event e;

	walk_init(&w, api_plan(request->api, request->version, REQUEST), request->size);
	walk_input(&w, request->body, request->size);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_ARRAY_END && e.is == FORGOTTEN)
			f->behind_forgotten = e.at;
		if (e.kind != WALK_VALUE)
			continue;
		if (e.is == FORGOTTEN_NAME)
			topic = (struct layout_topic){ .name = e.bytes, .name_len = e.len };
		else if (e.is == FORGOTTEN_ID)
			topic = (struct layout_topic){ .id = e.bytes };
		else if (e.is == FORGOTTEN_PARTITION && !begins)
			forget(f, &topic, (int32_t)e.number);
	}
}

static void take_terms(struct fetched *f, const struct layout *l)
{
	struct fetched_broker *b;

	if (f->min_bytes == l->min_bytes.number && f->isolation == l->isolation.number)
		return;
	f->min_bytes = l->min_bytes.number;
	f->isolation = l->isolation.number;
	TAILQ_FOREACH(b, &f->brokers, link)
	{
		b->floor = b->said;
	}
}

void fetched_take(struct fetched *f, const struct fetched_request *request)
{
	const struct layout *l = request->layout;
	struct fetched_broker *first = TAILQ_FIRST(&f->brokers);
	struct fetched_topic *topic = NULL;
	uint32_t last = UINT32_MAX;

	take_terms(f, l);
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (i->topic != last) {
			last = i->topic;
			topic = fetched_find_topic(f, &l->topics[last]);
			if (topic == NULL)
				topic = fetched_add_topic(f, &l->topics[last], request->body);
		}
		put(f, topic, i, request->body);
	}
	forget_all(f, request);
	if (first != NULL) {
		TAILQ_REMOVE(&f->brokers, first, link);
		TAILQ_INSERT_TAIL(&f->brokers, first, link);
	}
}

/* --- leaders --- */

static int32_t leader_of(const struct snapshot *s, const struct topic *topic,
			 const struct fetched_item *i, int32_t any,
			 const struct fetched_place *place)
{
	const int32_t at = place->at != NULL
				   ? place->at(place->ctx, topic, &i->topic->key, i->partition)
				   : NO_BROKER;
	const struct partition *p = topic_partition(topic, i->partition);

	if (at != NO_BROKER)
		return at;
	if (p != NULL && snapshot_broker(s, p->leader) != NULL)
		return p->leader;
	return snapshot_broker(s, i->at->id) != NULL || any == NO_BROKER ? i->at->id : any;
}

static void move_item(struct fetched *f, struct fetched_item *i, int32_t leader)
{
	const uint32_t len = i->len;
	struct fetched_topic *topic = i->topic;
	const int32_t partition = i->partition;
	uint8_t *bytes = mem_alloc(len);
	struct fetched_item *to;

	memcpy(bytes, i->bytes, len); /* where it was it may go at once */
	to = fetched_item_at(f, topic, partition, fetched_get_broker(f, leader), len);
	memcpy(to->bytes, bytes, len);
	fetched_set_changed(to, true);
	free(bytes);
}

/* All that is read of the broker, in memory of the caller's. */
static uint32_t items_of(const struct fetched_broker *b, struct fetched_item **all)
{
	const struct fetched_list *lists[] = { &b->told, &b->changed };
	uint32_t n = 0;
	struct fetched_item *i;

	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		TAILQ_FOREACH(i, lists[l], link)
		{
			if (!i->is_gone)
				all[n++] = i;
		}
	}
	return n;
}

static void follow_broker(struct fetched *f, struct fetched_broker *b, const struct snapshot *s,
			  int32_t any, const struct fetched_place *place)
{
	struct fetched_item **all = mem_alloc((b->reading + 1) * sizeof(struct fetched_item *));
	const struct fetched_topic *last = NULL;
	const struct topic *topic = NULL;
	const uint32_t n = items_of(b, all);

	for (uint32_t i = 0; i < n; i++) {
		int32_t leader;

		if (last == NULL || all[i]->topic != last) {
			last = all[i]->topic;
			topic = target_topic(s, &last->key);
		}
		leader = leader_of(s, topic, all[i], any, place);
		if (leader != b->id) {
			move_item(f, all[i], leader);
			last = NULL; /* it may have gone */
		}
	}
	free(all);
}

void fetched_follow(struct fetched *f, const struct snapshot *s, int32_t any,
		    struct fetched_place place)
{
	struct fetched_broker *b;

	TAILQ_FOREACH(b, &f->brokers, link)
	{
		follow_broker(f, b, s, any, &place);
	}
}

/* --- what is there --- */

uint32_t fetched_count(const struct fetched *f, int32_t broker)
{
	const struct fetched_broker *b;

	if (broker == NO_BROKER)
		return f->reading;
	b = fetched_find_broker(f, broker);
	return b != NULL ? b->reading : 0;
}

struct layout fetched_items(const struct fetched *f, int32_t broker, struct arena *arena)
{
	const struct fetched_broker *b = fetched_find_broker(f, broker);
	struct layout l = { .arena = arena, .has_array = true };
	struct fetched_item **all;
	uint32_t n;

	if (b == NULL)
		return l;
	all = arena_alloc(arena, (b->reading + 1) * sizeof(struct fetched_item *));
	n = items_of(b, all);
	l.topics = arena_zalloc(arena, (n + 1) * sizeof *l.topics);
	l.items = arena_zalloc(arena, (n + 1) * sizeof *l.items);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || all[i]->topic != all[i - 1]->topic) {
			l.topics[l.topic_count] = all[i]->topic->key;
			l.topics[l.topic_count++].first = i;
		}
		l.topics[l.topic_count - 1].count++;
		l.items[l.item_count++] = (struct layout_item){ .topic = l.topic_count - 1,
								.partition = all[i]->partition,
								.leader_epoch = -1,
								.target = broker };
	}
	return l;
}

uint32_t fetched_brokers(const struct fetched *f, bool to_end, int32_t *brokers, uint32_t max)
{
	const struct fetched_broker *b;
	uint32_t n = 0;

	TAILQ_FOREACH(b, &f->brokers, link)
	{
		if (to_end ? b->session == 0 : b->reading == 0)
			continue;
		if (n < max)
			brokers[n] = b->id;
		n++;
	}
	return n;
}
