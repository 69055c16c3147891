/* What a fetch session reads: whatever its client changes, leaders move and brokers forget, each broker
 * has been told of exactly what is read of it once it has been spoken to. */
#include "route/fetched.h"

#include "kafka/encode.h"
#include "kafka/errors.h"
#include "kafka/wire.h"
#include "topology/snapshot_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	VERSION = 11, /* by names; an item: partition, leader epoch, offset, ... */
	TOPICS_READ = 4,
	EACH = 6,
	ALL = TOPICS_READ * EACH,
	BROKERS_READ = 3,
	ROUNDS = 3000,
	NOT_READ = -1,
	OFFSET_AT = 8,
	FRAME_MAX = 64 * 1024,
};

static const char names[TOPICS_READ][8] = { "a", "bb", "orders", "x" };

/* As brokers and the client see it. */
struct play {
	struct fetched *fetched;
	struct snapshot *snapshot;
	uint32_t seed;
	int leaders[ALL];
	int64_t reads[ALL];				    /* offsets, or NOT_READ */
	int64_t at_broker[BROKERS_READ][ALL];		    /* the same, as its session has it */
	int32_t session[BROKERS_READ], epoch[BROKERS_READ]; /* 0: the broker has none */
	int sessions;
	/* the client's Fetch */
	int64_t says[ALL]; /* offsets, or NOT_READ: not said */
	bool forgets[ALL];
	struct buf frame;
	struct request_head head;
	struct arena arena;
	struct layout layout;
};

static uint32_t draw(struct play *p, uint32_t below)
{
	p->seed = p->seed * 1664525 + 1013904223;
	return (p->seed >> 8) % below;
}

/* --- the client's Fetch --- */

static uint32_t count_said(const struct play *p, uint32_t topic, bool forgotten)
{
	uint32_t n = 0;

	for (uint32_t i = topic * EACH; i < (topic + 1) * EACH; i++)
		n += forgotten ? p->forgets[i] : p->says[i] != NOT_READ;
	return n;
}

/* The n-th partition of the topic that is said, or forgotten. */
static uint32_t said_at(const struct play *p, uint32_t topic, uint32_t n, bool forgotten)
{
	for (uint32_t i = topic * EACH;; i++) {
		if ((forgotten ? p->forgets[i] : p->says[i] != NOT_READ) && n-- == 0)
			return i;
	}
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct play *p = ctx;
	const uint32_t topic = f->index[0];
	const bool forgotten = f->depth > 0 && f->in[0] == FORGOTTEN;

	switch (f->is) {
	case TOPICS:
	case FORGOTTEN:
		v->number = TOPICS_READ;
		return true;
	case TOPIC_NAME:
	case FORGOTTEN_NAME:
		v->bytes = (const uint8_t *)names[topic];
		v->len = (uint32_t)strlen(names[topic]);
		return true;
	case PARTITION:
	case FORGOTTEN_PARTITION:
		v->number = said_at(p, topic, f->index[1], forgotten) % EACH;
		return true;
	case FETCH_OFFSET:
		v->number = p->says[said_at(p, topic, f->index[1], false)];
		return true;
	default:
		if (f->row->type != ARRAY || f->depth != 1)
			return false;
		v->number = count_said(p, topic, forgotten);
		return true;
	}
}

static void make_request(struct play *p)
{
	const struct kapi *api = api_of(KEY_FETCH);

	buf_clear(&p->frame);
	buf_append32(&p->frame, 0);
	buf_append16(&p->frame, KEY_FETCH);
	buf_append16(&p->frame, VERSION);
	buf_append32(&p->frame, 7);
	buf_append16(&p->frame, UINT16_MAX);
	assert_true(encode_message(api, VERSION, REQUEST, fill, p, &p->frame));
	wire_put32(p->frame.data, (uint32_t)p->frame.len - 4);
	assert_int_equal(head_read(p->frame.data, p->frame.len, FRAME_MAX, &p->head), HEAD_OK);
	arena_deinit(&p->arena);
	layout_init(&p->layout, &p->arena);
	assert_true(layout_read(&p->layout, api_plan(api, VERSION, REQUEST),
				p->frame.data + p->head.body_at,
				(uint32_t)p->frame.len - p->head.body_at));
}

static int topic_of(const struct layout_topic *t)
{
	for (int n = 0; n < TOPICS_READ; n++) {
		if (strlen(names[n]) == t->name_len && memcmp(names[n], t->name, t->name_len) == 0)
			return n;
	}
	fail_msg("no topic of ours");
	return 0;
}

static struct fetched_request request_of(const struct play *p)
{
	return (struct fetched_request){ .api = p->head.api,
					 .version = VERSION,
					 .body = p->frame.data + p->head.body_at,
					 .size = (uint32_t)p->frame.len - p->head.body_at,
					 .layout = &p->layout };
}

static void client_says(struct play *p)
{
	struct fetched_request said;
	size_t expected;

	make_request(p);
	for (struct layout_item *i = p->layout.items; i < p->layout.items + p->layout.item_count;
	     i++)
		i->target = p->leaders[topic_of(&p->layout.topics[i->topic]) * EACH + i->partition];
	said = request_of(p);
	expected = fetched_bytes_with(p->fetched, &said);
	fetched_take(p->fetched, &said);
	assert_true(fetched_bytes(p->fetched) <= expected);
	for (int i = 0; i < ALL; i++) {
		if (p->says[i] != NOT_READ)
			p->reads[i] = p->says[i];
		if (p->forgets[i])
			p->reads[i] = NOT_READ;
	}
}

static void client_changes_some(struct play *p)
{
	for (int i = 0; i < ALL; i++) {
		const uint32_t what = draw(p, 8);

		p->says[i] = what == 0 ? (int64_t)draw(p, 1000) : NOT_READ;
		p->forgets[i] = what == 1;
	}
	client_says(p);
}

/* --- brokers --- */

/* As a broker takes it: what is said first, then what is forgotten. */
static void broker_takes(struct play *p, int broker, const uint8_t *frame, size_t n)
{
	const struct kapi *api = api_of(KEY_FETCH);
	int64_t *has = p->at_broker[broker];
	struct request_head head;
	struct arena arena;
	struct layout l;
	const uint8_t *body;
	struct walk w;
	struct walk_event e;
	int topic = 0;

	arena_init(&arena);
	layout_init(&l, &arena);
	assert_int_equal(head_read(frame, n, FRAME_MAX, &head), HEAD_OK);
	body = frame + head.body_at;
	assert_true(
		layout_read(&l, api_plan(api, VERSION, REQUEST), body, (uint32_t)n - head.body_at));
	assert_int_equal(l.session_id.number, p->session[broker]);
	if (l.session_epoch.number != 0)
		assert_int_equal(l.session_epoch.number, p->epoch[broker]);
	p->epoch[broker] = (int32_t)l.session_epoch.number;
	for (int i = 0; i < ALL && l.session_epoch.number == 0; i++)
		has[i] = NOT_READ;
	for (const struct layout_item *i = l.items; i < l.items + l.item_count; i++)
		has[topic_of(&l.topics[i->topic]) * EACH + i->partition] =
			(int64_t)wire_get64(body + i->at + OFFSET_AT);
	walk_init(&w, api_plan(api, VERSION, REQUEST), (uint32_t)n - head.body_at);
	walk_input(&w, body, n - head.body_at);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == FORGOTTEN_NAME)
			topic = topic_of(
				&(struct layout_topic){ .name = e.bytes, .name_len = e.len });
		else if (e.kind == WALK_VALUE && e.is == FORGOTTEN_PARTITION)
			has[topic * EACH + e.number] = NOT_READ;
	}
	arena_deinit(&arena);
}

static void assert_told(const struct play *p, int broker)
{
	for (int i = 0; i < ALL; i++)
		assert_int_equal(p->at_broker[broker][i],
				 p->leaders[i] == broker ? p->reads[i] : NOT_READ);
}

static uint32_t say(struct play *p, int broker, struct gather *g)
{
	const struct fetched_terms terms = {
		.head = &p->head, .frame = p->frame.data, .layout = &p->layout, .correlation_id = 9
	};

	return fetched_say(p->fetched, broker, &terms, g);
}

static uint8_t *joined(const struct gather *g)
{
	uint8_t *bytes = malloc(g->size), *at = bytes;

	for (int i = 0; i < g->count; i++) {
		memcpy(at, g->iov[i].iov_base, g->iov[i].iov_len);
		at += g->iov[i].iov_len;
	}
	return bytes;
}

/* The broker answers, or knows the session no more; sometimes it was never asked. */
static void speak_to(struct play *p, int broker)
{
	struct arena arena;
	struct gather g;
	uint32_t said;
	uint8_t *bytes;
	const uint32_t fate = draw(p, 12);

	arena_init(&arena);
	gather_init(&g, &arena);
	said = say(p, broker, &g);
	bytes = joined(&g);
	if (fate == 0) {
		fetched_unsaid(p->fetched, broker, said);
		assert_false(fetched_is_said(p->fetched, broker, said));
	} else if (fate == 1) {
		assert_false(fetched_heard(p->fetched, broker, said,
					   ERROR_FETCH_SESSION_ID_NOT_FOUND, 0));
		p->session[broker] = p->epoch[broker] = 0;
	} else {
		broker_takes(p, broker, bytes, g.size);
		assert_told(p, broker);
		if (p->epoch[broker] == 0)
			p->session[broker] = draw(p, 4) > 0 ? ++p->sessions : 0;
		p->epoch[broker] = p->session[broker] != 0 ? p->epoch[broker] + 1 : 0;
		assert_true(
			fetched_heard(p->fetched, broker, said, ERROR_NONE, p->session[broker]));
		assert_true(fetched_is_said(p->fetched, broker, said));
	}
	free(bytes);
	arena_deinit(&arena);
}

/* --- leaders --- */

static void set_leaders(struct play *p)
{
	for (int t = 0; t < TOPICS_READ; t++) {
		struct topic *topic = (struct topic *)(uintptr_t)snapshot_topic(
			p->snapshot, names[t], strlen(names[t]));

		for (int i = 0; i < EACH; i++)
			topic->partitions[i].leader = p->leaders[t * EACH + i];
	}
}

static void move_some(struct play *p)
{
	for (int i = 0; i < ALL; i++) {
		if (draw(p, 10) == 0)
			p->leaders[i] = (int)draw(p, BROKERS_READ);
	}
	set_leaders(p);
	fetched_follow(p->fetched, p->snapshot, 0, (struct fetched_place){ NULL, NULL });
}

static void begin(struct play *p)
{
	static const uint8_t no_id[16];

	memset(p, 0, sizeof *p);
	p->fetched = fetched_new();
	p->seed = 4242;
	buf_init(&p->frame, FRAME_MAX);
	arena_init(&p->arena);
	p->snapshot = snapshot_new(NULL);
	p->snapshot->brokers = calloc(BROKERS_READ, sizeof *p->snapshot->brokers);
	p->snapshot->broker_count = BROKERS_READ;
	for (int b = 0; b < BROKERS_READ; b++)
		p->snapshot->brokers[b].id = b;
	for (int t = 0; t < TOPICS_READ; t++)
		snapshot_add_topic(p->snapshot, names[t], strlen(names[t]), no_id, EACH);
	for (int i = 0; i < ALL; i++) {
		p->leaders[i] = i % BROKERS_READ;
		p->reads[i] = NOT_READ;
		for (int b = 0; b < BROKERS_READ; b++)
			p->at_broker[b][i] = NOT_READ;
	}
	set_leaders(p);
}

static void end(struct play *p)
{
	fetched_free(p->fetched);
	snapshot_unref(p->snapshot);
	buf_deinit(&p->frame);
	arena_deinit(&p->arena);
}

static uint32_t count_read(const struct play *p, int broker)
{
	uint32_t n = 0;

	for (int i = 0; i < ALL; i++)
		n += p->reads[i] != NOT_READ && p->leaders[i] == broker;
	return n;
}

static void assert_counts(const struct play *p)
{
	for (int b = 0; b < BROKERS_READ; b++)
		assert_int_equal(fetched_count(p->fetched, b), count_read(p, b));
}

static void every_broker_knows_what_is_read_of_it(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	for (int round = 0; round < ROUNDS; round++) {
		int32_t brokers[BROKERS_READ];
		uint32_t n;

		client_changes_some(&p);
		assert_counts(&p);
		if (draw(&p, 5) == 0)
			move_some(&p);
		assert_counts(&p);
		n = fetched_brokers(p.fetched, false, brokers, BROKERS_READ);
		for (uint32_t i = 0; i < n; i++) {
			if (draw(&p, 3) > 0)
				speak_to(&p, brokers[i]);
		}
	}
	end(&p);
}

static void what_is_forgotten_leaves_no_memory(void **state)
{
	struct play p;
	size_t before;

	(void)state;
	begin(&p);
	for (int b = 0; b < BROKERS_READ; b++)
		fetched_know(p.fetched, b, 0);
	before = fetched_bytes(p.fetched);
	for (int i = 0; i < ALL; i++) {
		p.says[i] = i;
		p.forgets[i] = false;
	}
	client_says(&p);
	assert_true(fetched_bytes(p.fetched) > before);
	for (int i = 0; i < ALL; i++) {
		p.says[i] = NOT_READ;
		p.forgets[i] = true;
	}
	client_says(&p);
	assert_int_equal(fetched_count(p.fetched, NO_BROKER), 0);
	assert_int_equal(fetched_bytes(p.fetched), before);
	end(&p);
}

static int setup(void **state)
{
	(void)state;
	return apis_compile(stderr) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_broker_knows_what_is_read_of_it),
		cmocka_unit_test(what_is_forgotten_leaves_no_memory),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
