/* Messages whose topics stand in sections: WriteTxnMarkers has a section a producer, DescribeLogDirs
 * one a directory.  They are read, taken apart and put together as a broker would have said it. */
#include "route/merge.h"
#include "route/split.h"
#include "route/stub.h"

#include "kafka/encode.h"
#include "kafka/wire.h"
#include "unit/apis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 6, BYTES_MAX = 1 << 16, CORRELATION = 77 };

/* A partition, of a topic of a section; in the order of the message.  -1: the section, or topic,
 * has none. */
struct line {
	int section;
	int topic;
	int32_t partition;
};

struct message {
	const struct line *lines;
	uint32_t count;
	int error;	   /* of each partition */
	int section_error; /* of each section */
	int64_t sums[2];
};

/* --- writing --- */

/* The lines of one element more: those that agree with the first one in its section, or topic. */
static bool begins(const struct message *m, uint32_t i, bool topic)
{
	return i == 0 || m->lines[i].section != m->lines[i - 1].section ||
	       (topic && m->lines[i].topic != m->lines[i - 1].topic);
}

static uint32_t nth_section(const struct message *m, uint32_t n)
{
	for (uint32_t i = 0;; i++) {
		if (begins(m, i, false) && n-- == 0)
			return i;
	}
}

static uint32_t nth_topic(const struct message *m, uint32_t section, uint32_t n)
{
	for (uint32_t i = nth_section(m, section);; i++) {
		if (begins(m, i, true) && n-- == 0)
			return i;
	}
}

static uint32_t count_sections(const struct message *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->count; i++)
		n += begins(m, i, false);
	return n;
}

static uint32_t count_topics(const struct message *m, uint32_t section)
{
	uint32_t n = 0, first = nth_section(m, section);

	for (uint32_t i = first; i < m->count && (i == first || !begins(m, i, false)); i++)
		n += m->lines[i].topic >= 0 && begins(m, i, true);
	return n;
}

static uint32_t count_partitions(const struct message *m, uint32_t first)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < m->count && (i == first || !begins(m, i, true)); i++)
		n += m->lines[i].partition >= 0;
	return n;
}

static void say_name(struct encode_value *v, int name)
{
	static const char names[][8] = { "alpha", "beta", "gamma", "delta" };

	v->bytes = (const uint8_t *)names[name];
	v->len = (uint32_t)strlen(names[name]);
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct message *m = ctx;
	uint32_t s = f->index[0], first;
	int sum = strcmp(f->row->name, "usable_bytes") == 0;

	switch (f->is) {
	case SECTIONS:
		v->number = count_sections(m);
		return true;
	case SECTION_ID:
		v->number = 1000 + m->lines[nth_section(m, s)].section;
		say_name(v, m->lines[nth_section(m, s)].section);
		return true;
	case TOPICS:
		v->number = count_topics(m, s);
		return true;
	case TOPIC_NAME:
		say_name(v, m->lines[nth_topic(m, s, f->index[1])].topic);
		return true;
	case PARTITIONS:
		v->number = count_partitions(m, nth_topic(m, s, f->index[1]));
		return true;
	case PARTITION:
		first = nth_topic(m, s, f->index[1]);
		v->number = m->lines[first + f->index[2]].partition;
		return true;
	case ERROR_CODE:
		v->number = f->depth == 3 ? m->error : f->depth == 1 ? m->section_error : 0;
		return true;
	case SUM:
		v->number = m->sums[sum];
		return true;
	default:
		return false;
	}
}

static struct buf written(const struct message *m, int key, int version, enum kdirection d)
{
	struct buf b;

	buf_init(&b, BYTES_MAX);
	assert_true(encode_message(api_of(key), version, d, fill, (void *)(uintptr_t)m, &b));
	return b;
}

#define MESSAGE_LINES(...)                             \
	.lines = (const struct line[]){ __VA_ARGS__ }, \
	.count = sizeof((const struct line[]){ __VA_ARGS__ }) / sizeof(struct line)
#define MESSAGE(...)                        \
	{                                   \
		MESSAGE_LINES(__VA_ARGS__), \
	}

/* --- reading --- */

static const uint8_t *flat(const struct gather *g)
{
	uint8_t *all = arena_alloc(g->arena, g->size + 1), *at = all;

	for (int i = 0; i < g->count; i++) {
		memcpy(at, g->iov[i].iov_base, g->iov[i].iov_len);
		at += g->iov[i].iov_len;
	}
	return all;
}

static void assert_says(const struct gather *g, const struct message *m, int key, int version)
{
	struct buf b = written(m, key, version, RESPONSE);

	assert_int_equal(g->size, b.len);
	assert_memory_equal(flat(g), b.data, b.len);
	buf_deinit(&b);
}

static void sections_topics_and_items_are_read(void **state)
{
	const struct message m =
		MESSAGE({ 0, 1, 5 }, { 0, 1, 6 }, { 0, 2, 7 }, { 1, -1, -1 }, { 2, 1, 5 });
	struct arena arena;

	(void)state;
	for (int version = 0; version <= 2; version++) {
		struct buf b = written(&m, KEY_WRITE_TXN_MARKERS, version, REQUEST);
		struct layout l;

		arena_init(&arena);
		layout_init(&l, &arena);
		assert_true(layout_read(&l,
					api_plan(api_of(KEY_WRITE_TXN_MARKERS), version, REQUEST),
					b.data, (uint32_t)b.len));
		assert_true(l.has_sections && l.all_seen && !l.by_key);
		assert_int_equal(l.section_count, 3);
		assert_int_equal(l.topic_count, 3);
		assert_int_equal(l.item_count, 4);
		assert_int_equal(l.sections[0].count, 2);
		assert_int_equal(l.sections[1].count, 0);
		assert_int_equal(l.sections[2].first, 2);
		assert_int_equal(wire_get64(l.sections[1].id), 1001);
		assert_int_equal(l.topics[2].section, 2);
		assert_int_equal(l.items[2].partition, 7);
		assert_int_equal(l.items[3].topic, 2);
		for (uint32_t s = 0; s < 3; s++) {
			assert_int_equal(l.sections[s].end,
					 s < 2 ? l.sections[s + 1].at : l.array_end);
			assert_true(l.sections[s].topics_end < l.sections[s].end);
		}
		assert_true(l.topics[1].end == l.sections[0].topics_end);
		buf_deinit(&b);
		arena_deinit(&arena);
	}
}

/* --- taking apart --- */

static struct buf framed(struct buf body, int key, int version)
{
	const struct kapi *api = api_of(key);
	struct buf b;

	buf_init(&b, BYTES_MAX);
	buf_append32(&b, 0);
	buf_append16(&b, (uint16_t)key);
	buf_append16(&b, (uint16_t)version);
	buf_append32(&b, CORRELATION);
	buf_append16(&b, 0);
	if (api_is_flexible(api, version))
		buf_append8(&b, 0);
	buf_append(&b, body.data, body.len);
	wire_put32(b.data, (uint32_t)b.len - HEAD_SIZE_BYTES);
	buf_deinit(&body);
	return b;
}

/* Partition p belongs to broker p % 2. */
static void check_part(const struct message *request, int32_t target, const struct message *part,
		       int version)
{
	const int key = KEY_WRITE_TXN_MARKERS;
	struct buf frame = framed(written(request, key, version, REQUEST), key, version);
	struct buf expected = framed(written(part, key, version, REQUEST), key, version);
	struct request_head head;
	struct arena arena;
	struct gather g;
	struct layout l;

	arena_init(&arena);
	gather_init(&g, &arena);
	assert_int_equal(head_read(frame.data, frame.len, BYTES_MAX, &head), HEAD_OK);
	layout_init(&l, &arena);
	assert_true(layout_read(&l, api_plan(api_of(key), version, REQUEST),
				frame.data + head.body_at, (uint32_t)frame.len - head.body_at));
	for (uint32_t i = 0; i < l.item_count; i++)
		l.items[i].target = l.items[i].partition % 2;
	split_part(&g, &head, frame.data, &l, NULL, target, CORRELATION);
	assert_int_equal(g.size, expected.len);
	assert_memory_equal(flat(&g), expected.data, expected.len);
	buf_deinit(&frame);
	buf_deinit(&expected);
	arena_deinit(&arena);
}

static void each_broker_gets_its_partitions_in_their_sections(void **state)
{
	const struct message request =
		MESSAGE({ 0, 1, 0 }, { 0, 1, 1 }, { 0, 2, 3 }, { 1, 1, 2 }, { 2, 0, 5 });
	const struct message even = MESSAGE({ 0, 1, 0 }, { 1, 1, 2 });
	const struct message odd = MESSAGE({ 0, 1, 1 }, { 0, 2, 3 }, { 2, 0, 5 });

	(void)state;
	for (int version = 0; version <= 2; version++) {
		check_part(&request, 0, &even, version);
		check_part(&request, 1, &odd, version);
	}
}

/* --- putting together --- */

struct merging {
	struct arena arena;
	struct gather g;
	struct layout request;
	struct buf said, bodies[MAX];
	struct merge_part parts[MAX];
	uint32_t count;
	int key, version;
};

static void begin(struct merging *m, int key, int version)
{
	*m = (struct merging){ .key = key, .version = version };
	arena_init(&m->arena);
	gather_init(&m->g, &m->arena);
}

static void ask(struct merging *m, const struct message *request)
{
	m->said = written(request, m->key, m->version, REQUEST);
	layout_init(&m->request, &m->arena);
	assert_true(layout_read(&m->request, api_plan(api_of(m->key), m->version, REQUEST),
				m->said.data, (uint32_t)m->said.len));
}

static void add(struct merging *m, struct buf body)
{
	m->bodies[m->count] = body;
	assert_true(merge_read(&m->parts[m->count++], api_of(m->key), m->version, body.data,
			       (uint32_t)body.len, &m->arena));
}

static void hear(struct merging *m, const struct message *answer)
{
	add(m, written(answer, m->key, m->version, RESPONSE));
}

static void end(struct merging *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		buf_deinit(&m->bodies[i]);
	buf_deinit(&m->said);
	arena_deinit(&m->arena);
}

static void markers_come_in_the_requests_order(void **state)
{
	const struct message request =
		MESSAGE({ 0, 1, 0 }, { 0, 1, 1 }, { 0, 2, 3 }, { 1, 1, 2 }, { 2, 0, 5 });
	const struct message even = MESSAGE({ 1, 1, 2 }, { 0, 1, 0 });
	const struct message odd = MESSAGE({ 2, 0, 5 }, { 0, 2, 3 }, { 0, 1, 1 });
	struct merging m;

	(void)state;
	for (int version = 0; version <= 2; version++) {
		begin(&m, KEY_WRITE_TXN_MARKERS, version);
		ask(&m, &request);
		hear(&m, &even);
		hear(&m, &odd);
		merge_partitions(&m.g, &m.arena, api_of(m.key), version, &m.request, m.parts,
				 m.count);
		assert_says(&m.g, &request, m.key, version);
		end(&m);
	}
}

/* A producer that stands there twice is answered once, where it stood first. */
static void a_repeated_section_is_one(void **state)
{
	const struct message request = MESSAGE({ 0, 1, 0 }, { 1, 1, 2 }, { 0, 1, 4 }, { 0, 2, 6 });
	const struct message answer = MESSAGE({ 0, 1, 0 }, { 0, 1, 4 }, { 0, 2, 6 }, { 1, 1, 2 });
	struct merging m;

	(void)state;
	begin(&m, KEY_WRITE_TXN_MARKERS, 1);
	ask(&m, &request);
	hear(&m, &answer);
	merge_partitions(&m.g, &m.arena, api_of(m.key), m.version, &m.request, m.parts, m.count);
	assert_says(&m.g, &answer, m.key, m.version);
	end(&m);
}

/* Where it stood first it had no topics: its bytes are those of where it had. */
static void a_repeated_section_may_begin_without_topics(void **state)
{
	const struct message request = MESSAGE({ 0, -1, -1 }, { 1, 1, 2 }, { 0, 2, 6 });
	const struct message answer = MESSAGE({ 0, 2, 6 }, { 1, 1, 2 });
	struct merging m;

	(void)state;
	begin(&m, KEY_WRITE_TXN_MARKERS, 1);
	ask(&m, &request);
	hear(&m, &answer);
	merge_partitions(&m.g, &m.arena, api_of(m.key), m.version, &m.request, m.parts, m.count);
	assert_says(&m.g, &answer, m.key, m.version);
	end(&m);
}

/* The same partition of another producer is another item. */
static void what_no_answer_has_is_the_stubs(void **state)
{
	const struct message request = MESSAGE({ 0, 1, 0 }, { 1, 1, 0 }, { 1, 2, 3 });
	const struct message answer = MESSAGE({ 1, 1, 0 });
	struct layout l;
	struct merging m;
	struct buf stub;

	(void)state;
	for (int version = 0; version <= 2; version++) {
		begin(&m, KEY_WRITE_TXN_MARKERS, version);
		ask(&m, &request);
		hear(&m, &answer);
		buf_init(&stub, BYTES_MAX);
		assert_true(stub_answer(&stub, api_of(m.key), version, &m.request, 6, false));
		add(&m, stub);
		merge_partitions(&m.g, &m.arena, api_of(m.key), version, &m.request, m.parts,
				 m.count);
		layout_init(&l, &m.arena);
		assert_true(layout_read(&l, api_plan(api_of(m.key), version, RESPONSE), flat(&m.g),
					(uint32_t)m.g.size));
		assert_int_equal(l.section_count, 2);
		assert_int_equal(l.item_count, 3);
		assert_int_equal(l.items[0].error, 6);
		assert_int_equal(l.items[1].error, 0);
		assert_int_equal(l.items[2].error, 6);
		assert_int_equal(wire_get64(l.sections[1].id), 1001);
		assert_int_equal(m.parts[1].taken, 2);
		end(&m);
	}
}

/* --- lists of what there is --- */

/* Directories of the same name are one, with what any of the brokers has in it. */
static void directories_of_all_brokers_become_a_brokers(void **state)
{
	const struct message one = { MESSAGE_LINES({ 0, 1, 0 }, { 0, 1, 1 }, { 1, 2, 0 }),
				     .sums = { 100, 40 } };
	const struct message two = { MESSAGE_LINES({ 2, -1, -1 }, { 0, 1, 1 }, { 0, 1, 2 },
						   { 0, 3, 0 }),
				     .sums = { 100, 40 } };
	const struct message all = MESSAGE({ 0, 1, 0 }, { 0, 1, 1 }, { 0, 1, 2 }, { 0, 3, 0 },
					   { 1, 2, 0 }, { 2, -1, -1 });
	struct merging m;
	struct layout l;

	(void)state;
	for (int version = 0; version <= 5; version++) {
		begin(&m, KEY_DESCRIBE_LOG_DIRS, version);
		hear(&m, &one);
		hear(&m, &two);
		merge_sections(&m.g, &m.arena, api_of(m.key), version, m.parts, m.count);
		layout_init(&l, &m.arena);
		assert_true(layout_read(&l, api_plan(api_of(m.key), version, RESPONSE), flat(&m.g),
					(uint32_t)m.g.size));
		if (version < 4) {
			assert_says(&m.g, &all, m.key, version);
		} else {
			assert_int_equal(l.section_count, 3);
			assert_int_equal(l.item_count, 5);
			assert_int_equal(l.sections[0].sums[0].number, 200);
			assert_int_equal(l.sections[0].sums[1].number, 80);
			assert_int_equal(l.sections[1].sums[0].number, 100);
			assert_int_equal(l.sections[2].sums[1].number, 40);
			assert_int_equal(l.sections[2].count, 0);
		}
		end(&m);
	}
}

/* A directory of which one broker says an error is not well; a size that one does not know nobody
 * knows. */
static void an_error_and_an_unknown_size_are_of_the_whole(void **state)
{
	const struct message well = { MESSAGE_LINES({ 0, 1, 0 }), .sums = { 100, 40 } };
	const struct message ill = { MESSAGE_LINES({ 0, -1, -1 }), .section_error = 56,
				     .sums = { 100, -1 } };
	const struct message *orders[2][2] = { { &well, &ill }, { &ill, &well } };
	struct merging m;
	struct layout l;

	(void)state;
	for (int order = 0; order < 2; order++) {
		begin(&m, KEY_DESCRIBE_LOG_DIRS, 5);
		hear(&m, orders[order][0]);
		hear(&m, orders[order][1]);
		merge_sections(&m.g, &m.arena, api_of(m.key), 5, m.parts, m.count);
		layout_init(&l, &m.arena);
		assert_true(layout_read(&l, api_plan(api_of(m.key), 5, RESPONSE), flat(&m.g),
					(uint32_t)m.g.size));
		assert_int_equal(l.section_count, 1);
		assert_int_equal(l.sections[0].error.number, 56);
		assert_int_equal(l.sections[0].sums[0].number, 200);
		assert_int_equal(l.sections[0].sums[1].number, -1);
		assert_int_equal(l.item_count, 1);
		end(&m);
	}
}

/* A replica is moved by the topic and partition alone, to whichever directory. */
static void moves_are_answered_by_partition(void **state)
{
	const struct message request = MESSAGE({ 0, 1, 0 }, { 0, 2, 0 }, { 1, 1, 1 });
	struct merging m;
	struct layout l;
	struct buf stub;

	(void)state;
	begin(&m, KEY_ALTER_REPLICA_LOG_DIRS, 2);
	ask(&m, &request);
	buf_init(&stub, BYTES_MAX);
	assert_true(stub_answer(&stub, api_of(m.key), 2, &m.request, 9, false));
	add(&m, stub);
	merge_partitions(&m.g, &m.arena, api_of(m.key), 2, &m.request, m.parts, m.count);
	layout_init(&l, &m.arena);
	assert_true(layout_read(&l, api_plan(api_of(m.key), 2, RESPONSE), flat(&m.g),
				(uint32_t)m.g.size));
	assert_int_equal(l.topic_count, 2);
	assert_int_equal(l.item_count, 3);
	assert_int_equal(l.topics[0].count, 2); /* of both directories */
	assert_int_equal(l.items[1].partition, 1);
	assert_int_equal(l.items[2].error, 9);
	end(&m);
}

static void only_versions_with_an_error_at_the_top_can_say_one(void **state)
{
	(void)state;
	for (int version = 0; version <= 5; version++)
		assert_int_equal(stub_has_top(api_of(KEY_DESCRIBE_LOG_DIRS), version),
				 version >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_topics_and_items_are_read),
		cmocka_unit_test(each_broker_gets_its_partitions_in_their_sections),
		cmocka_unit_test(markers_come_in_the_requests_order),
		cmocka_unit_test(a_repeated_section_is_one),
		cmocka_unit_test(a_repeated_section_may_begin_without_topics),
		cmocka_unit_test(what_no_answer_has_is_the_stubs),
		cmocka_unit_test(directories_of_all_brokers_become_a_brokers),
		cmocka_unit_test(an_error_and_an_unknown_size_are_of_the_whole),
		cmocka_unit_test(moves_are_answered_by_partition),
		cmocka_unit_test(only_versions_with_an_error_at_the_top_can_say_one),
	};

	return cmocka_run_group_tests_name("sections", tests, apis_set_up, apis_tear_down);
}
