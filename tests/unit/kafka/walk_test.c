#include "kafka/walk.h"

#include "unit/apis.h"
#include "unit/kafka/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { EVENTS_MAX = 8192 };

/* What a walk said: its last word and all events, contents as a sum. */
struct record {
	enum walk_result result;
	uint32_t pos;
	size_t count;
	struct {
		struct walk_event event;
		uint32_t sum;
	} events[EVENTS_MAX];
};

static struct sample sample;
static struct record whole, pieces;

static uint32_t sum_of(const struct walk_event *e)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; e->bytes != NULL && i < e->len; i++)
		sum = sum * 31 + e->bytes[i];
	return sum;
}

/* Reads a message of `size` bytes of which `step` more are shown each time. */
static void read_in_steps(struct record *r, const struct plan *plan, const uint8_t *bytes,
			  size_t size, size_t step)
{
	struct walk w;
	struct walk_event e;
	size_t shown = 0;

	r->count = 0;
	walk_init(&w, plan, (uint32_t)size);
	for (;;) {
		walk_input(&w, bytes + w.pos, shown - w.pos);
		while ((r->result = walk_next(&w, &e)) == WALK_EVENT) {
			assert_true(r->count < EVENTS_MAX);
			r->events[r->count].sum = sum_of(&e);
			e.bytes = NULL;
			r->events[r->count++].event = e;
		}
		r->pos = w.pos;
		assert_true(w.pos <= shown);
		if (r->result != WALK_MORE || shown == size)
			return;
		shown = size - shown < step ? size : shown + step;
	}
}

static void check_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct walk_event *x = &a->events[i].event, *y = &b->events[i].event;

		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->is, y->is);
		assert_int_equal(x->at, y->at);
		assert_int_equal(x->size, y->size);
		assert_int_equal(x->number, y->number);
		assert_int_equal(x->len, y->len);
		assert_int_equal(a->events[i].sum, b->events[i].sum);
	}
}

static void in_pieces(const struct kapi *api, int version, enum kdirection d)
{
	static const size_t steps[] = { 1, 2, 7 };

	for (uint32_t seed = 100; seed < 103; seed++) {
		const struct plan *plan = api_plan(api, version, d);

		assert_true(sample_make(&sample, api, version, d, seed));
		read_in_steps(&whole, plan, sample.bytes.data, sample.bytes.len, sample.bytes.len);
		assert_int_equal(whole.result, WALK_DONE);
		assert_int_equal(whole.pos, sample.bytes.len);
		read_in_steps(&pieces, plan, sample.bytes.data, sample.bytes.len, steps[seed % 3]);
		assert_int_equal(pieces.pos, sample.bytes.len);
		check_same(&whole, &pieces);
		sample_free(&sample);
	}
}

static void pieces_give_the_events_of_the_whole(void **state)
{
	(void)state;
	sample_each(in_pieces);
}

static void cut_short(const struct kapi *api, int version, enum kdirection d)
{
	const struct plan *plan = api_plan(api, version, d);

	assert_true(sample_make(&sample, api, version, d, 7));
	for (size_t n = 0; n < sample.bytes.len; n++) {
		/* a frame that says it is shorter than its content */
		read_in_steps(&whole, plan, sample.bytes.data, n, n);
		assert_int_equal(whole.result, WALK_BAD);
	}
	sample_free(&sample);
}

static void a_frame_cut_short_is_bad(void **state)
{
	(void)state;
	sample_each(cut_short);
}

static void with_more_to_come(const struct kapi *api, int version, enum kdirection d)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	assert_true(sample_make(&sample, api, version, d, 9));
	for (size_t n = 0; n < sample.bytes.len; n++) {
		walk_init(&w, api_plan(api, version, d), (uint32_t)sample.bytes.len);
		walk_input(&w, sample.bytes.data, n);
		while ((got = walk_next(&w, &e)) == WALK_EVENT)
			;
		assert_int_equal(got, WALK_MORE);
	}
	sample_free(&sample);
}

static void bytes_to_come_are_waited_for(void **state)
{
	(void)state;
	sample_each(with_more_to_come);
}

static void damaged(const struct kapi *api, int version, enum kdirection d)
{
	const struct plan *plan = api_plan(api, version, d);

	for (uint32_t seed = 1; seed < 12; seed++) {
		assert_true(sample_make(&sample, api, version, d, seed));
		for (int i = 0; i < 3 && sample.bytes.len > 0; i++) {
			uint32_t at = sample_random(&sample, (uint32_t)sample.bytes.len);

			sample.bytes.data[at] = (uint8_t)sample_random(&sample, 256);
		}
		read_in_steps(&whole, plan, sample.bytes.data, sample.bytes.len, sample.bytes.len);
		read_in_steps(&pieces, plan, sample.bytes.data, sample.bytes.len, 1);
		assert_int_not_equal(whole.result, WALK_MORE);
		check_same(&whole, &pieces);
		sample_free(&sample);
	}
}

static void damage_is_judged_alike_in_pieces(void **state)
{
	(void)state;
	sample_each(damaged);
}

/* Hex with spaces into bytes; returns how many. */
static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t n = 0;
	unsigned byte;

	for (; *hex != '\0'; hex += 2) {
		while (*hex == ' ')
			hex++;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		bytes[n++] = (uint8_t)byte;
	}
	return n;
}

static void read_hex(int key, int version, enum kdirection d, const char *hex)
{
	uint8_t bytes[512];
	size_t n = from_hex(hex, bytes);

	read_in_steps(&whole, api_plan(api_of(key), version, d), bytes, n, n);
	read_in_steps(&pieces, api_plan(api_of(key), version, d), bytes, n, 1);
	check_same(&whole, &pieces);
}

static void bad_lengths_are_bad(void **state)
{
	static const struct {
		int key, version;
		const char *hex;
	} cases[] = {
		{ 3, 4, "7fffffff 01" },		 /* Metadata: absurd count of topics */
		{ 3, 0, "ffffffff" },			 /* null before it was allowed */
		{ 3, 4, "00000001 7fff 01" },		 /* a name longer than the frame */
		{ 3, 4, "00000001 fffe 01" },		 /* a negative length */
		{ 3, 4, "00000001 ffff 01" },		 /* a null name */
		{ 3, 9, "ffffffff0f 01 00 00 00" },	 /* compact: 2^32 - 2 topics */
		{ 3, 9, "ffffffff1f 01 00 00 00" },	 /* more than 32 bits */
		{ 3, 9, "8080808080 00 00 00 00" },	 /* a varint without an end */
		{ 12, 4, "00 00000001 02 61 00 00" },	 /* Heartbeat: null group */
		{ 12, 4, "02 61 00000001 02 61 00 ff" }, /* 127 more tags than bytes */
		{ 12, 4, "02 61 00000001 02 61 00 01 05 7f" }, /* a tag beyond the frame */
		{ 0, 3, "ffff 0001 00000000 00000001 0001 61 00000001 00000000 7fffffff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		read_hex(cases[i].key, cases[i].version, REQUEST, cases[i].hex);
		assert_int_equal(whole.result, WALK_BAD);
	}
}

/* As brokers take them. */
static void negative_lengths_are_null(void **state)
{
	(void)state;
	read_hex(3, 4, REQUEST, "fffffffe 01"); /* Metadata: topics may be null */
	assert_int_equal(whole.result, WALK_DONE);
	read_hex(3, 0, REQUEST, "fffffffe"); /* before they might be */
	assert_int_equal(whole.result, WALK_BAD);
}

static const struct walk_event *find(enum walk_kind kind, enum kis is)
{
	for (size_t i = 0; i < whole.count; i++) {
		if (whole.events[i].event.kind == kind && whole.events[i].event.is == is)
			return &whole.events[i].event;
	}
	return NULL;
}

static void null_topics_are_an_array_of_minus_one(void **state)
{
	(void)state;
	read_hex(3, 4, REQUEST, "ffffffff 01");
	assert_int_equal(whole.result, WALK_DONE);
	assert_non_null(find(WALK_ARRAY, TOPICS));
	assert_int_equal(find(WALK_ARRAY, TOPICS)->number, -1);
	assert_non_null(find(WALK_ARRAY_END, TOPICS));
	assert_null(find(WALK_ELEMENT, TOPICS));
	assert_int_equal(find(WALK_VALUE, AUTO_CREATE)->number, 1);
}

static void unknown_tags_are_passed_over(void **state)
{
	(void)state;
	/* Heartbeat 4 with tags 3 (two bytes) and 200 (none) */
	read_hex(12, 4, REQUEST, "02 61 00000001 02 61 00 02 03 02 aabb c801 00");
	assert_int_equal(whole.result, WALK_DONE);
	assert_int_equal(whole.pos, 17);
	assert_null(find(WALK_TAG, NOTHING));
}

static void known_tags_are_found_in_any_order(void **state)
{
	static const char *const answers[] = {
		/* ApiVersions 3: no keys; epoch (tag 1), finalized (tag 2) "a" 3-2 */
		"0000 01 00000000 02 01 08 0000000000000007 02 08 02 02 61 0003 0002 00",
		"0000 01 00000000 02 02 08 02 02 61 0003 0002 00 01 08 0000000000000007",
		/* with an unknown one between, and more at the end of a known one */
		"0000 01 00000000 03 02 09 02 02 61 0003 0002 00 ee 09 01 05 01 08 0000000000000007",
	};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		read_hex(18, 3, RESPONSE, answers[i]);
		assert_int_equal(whole.result, WALK_DONE);
		assert_int_equal(find(WALK_VALUE, FEATURES_EPOCH)->number, 7);
		assert_int_equal(find(WALK_TAG, FEATURES_EPOCH)->number, 1);
		assert_int_equal(find(WALK_ARRAY, FINALIZED_FEATURES)->number, 1);
		assert_int_equal(find(WALK_VALUE, MIN_VERSION)->number, 2);
		assert_int_equal(find(WALK_VALUE, MAX_VERSION)->number, 3);
	}
}

static void a_known_tag_must_hold_its_fields(void **state)
{
	(void)state;
	/* the epoch needs eight bytes, its tag has four */
	read_hex(18, 3, RESPONSE, "0000 01 00000000 01 01 04 0000000000000007");
	assert_int_equal(whole.result, WALK_BAD);
}

static void a_struct_may_be_null(void **state)
{
	(void)state;
	/* ConsumerGroupHeartbeat answer: assignment null, then one with a topic */
	read_hex(68, 0, RESPONSE, "00000005 0010 00 00 00000001 00000002 ff 00");
	assert_int_equal(whole.result, WALK_DONE);
	assert_int_equal(find(WALK_VALUE, ERROR_CODE)->number, 16);
	read_hex(68, 0, RESPONSE,
		 "00000005 0000 00 00 00000001 00000002 01"
		 "02 00000000000000000000000000000001 02 00000000 00 00 00");
	assert_int_equal(whole.result, WALK_DONE);
	assert_int_equal(find(WALK_VALUE, THROTTLE_MS)->number, 5);
}

static void bytes_behind_the_plan_are_left(void **state)
{
	(void)state;
	read_hex(12, 0, RESPONSE, "0019 dead beef");
	assert_int_equal(whole.result, WALK_DONE);
	assert_int_equal(whole.pos, 2);
}

static void offsets_say_where_things_are(void **state)
{
	const struct walk_event *e;

	(void)state;
	/* Produce 3: null id, acks 1, timeout 5, topic "ab", partition 7, 3 bytes of records */
	read_hex(0, 3, REQUEST,
		 "ffff 0001 00000005 00000001 0002 6162 00000001 00000007 00000003 010203");
	assert_int_equal(whole.result, WALK_DONE);
	assert_int_equal(find(WALK_VALUE, TRANSACTIONAL_ID)->number, -1);
	assert_int_equal(find(WALK_VALUE, ACKS)->number, 1);
	assert_int_equal(find(WALK_VALUE, TIMEOUT_MS)->number, 5);
	e = find(WALK_VALUE, TOPIC_NAME);
	assert_int_equal(e->at, 12);
	assert_int_equal(e->size, 4);
	assert_int_equal(e->len, 2);
	e = find(WALK_ELEMENT, PARTITIONS);
	assert_int_equal(e->at, 20);
	assert_int_equal(find(WALK_VALUE, PARTITION)->at, 20);
	e = find(WALK_RUN, RECORD_BYTES);
	assert_int_equal(e->at, 24);
	assert_int_equal(e->size, 7);
	assert_int_equal(e->len, 3);
	assert_int_equal(find(WALK_ARRAY_END, PARTITIONS)->at, 31);
	assert_int_equal(find(WALK_ARRAY_END, TOPICS)->number, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_give_the_events_of_the_whole),
		cmocka_unit_test(a_frame_cut_short_is_bad),
		cmocka_unit_test(bytes_to_come_are_waited_for),
		cmocka_unit_test(damage_is_judged_alike_in_pieces),
		cmocka_unit_test(bad_lengths_are_bad),
		cmocka_unit_test(negative_lengths_are_null),
		cmocka_unit_test(null_topics_are_an_array_of_minus_one),
		cmocka_unit_test(unknown_tags_are_passed_over),
		cmocka_unit_test(known_tags_are_found_in_any_order),
		cmocka_unit_test(a_known_tag_must_hold_its_fields),
		cmocka_unit_test(a_struct_may_be_null),
		cmocka_unit_test(bytes_behind_the_plan_are_left),
		cmocka_unit_test(offsets_say_where_things_are),
	};

	return cmocka_run_group_tests_name("walk", tests, apis_set_up, apis_tear_down);
}
