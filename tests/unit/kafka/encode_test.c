#include "kafka/encode.h"

#include "unit/apis.h"
#include "unit/kafka/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sample sample;
static size_t messages;

static bool is_recorded(const struct walk_event *e)
{
	return e->is != NOTHING &&
	       (e->kind == WALK_VALUE || e->kind == WALK_RUN || e->kind == WALK_ARRAY);
}

static void check_event(const struct walk_event *e, const struct sample_event *want)
{
	assert_int_equal(e->is, want->is);
	assert_int_equal(e->number, want->number);
	if (e->bytes != NULL && want->len > 0) {
		assert_int_equal(e->len, want->len);
		assert_int_equal(e->bytes[0], want->first);
	}
}

static void check_walk(const struct kapi *api, int version, enum kdirection d)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;
	size_t seen = 0;

	walk_init(&w, api_plan(api, version, d), (uint32_t)sample.bytes.len);
	walk_input(&w, sample.bytes.data, sample.bytes.len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (!is_recorded(&e))
			continue;
		assert_true(seen < sample.event_count);
		check_event(&e, &sample.events[seen++]);
	}
	assert_int_equal(got, WALK_DONE);
	assert_int_equal(w.pos, sample.bytes.len);
	assert_int_equal(seen, sample.event_count);
}

static void round_trip(const struct kapi *api, int version, enum kdirection d)
{
	for (uint32_t seed = 1; seed <= 8; seed++) {
		assert_true(sample_make(&sample, api, version, d, seed));
		check_walk(api, version, d);
		sample_free(&sample);
		messages++;
	}
}

static void what_is_encoded_is_what_is_read(void **state)
{
	(void)state;
	messages = 0;
	sample_each(round_trip);
	assert_true(messages > 8 * 2 * 33);
}

static bool nothing(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	(void)ctx;
	(void)f;
	(void)v;
	return false;
}

static void check_bytes(const struct buf *b, const char *hex)
{
	char got[512] = "";

	assert_true(b->len * 2 < sizeof got);
	for (size_t i = 0; i < b->len; i++)
		snprintf(got + 2 * i, 3, "%02x", b->data[i]);
	assert_string_equal(got, hex);
}

static void stubs_are_what_the_rows_say(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	/* v0: no topics, not null: every topic; auto creation since 4 */
	assert_true(encode_message(api_of(3), 0, REQUEST, nothing, NULL, &b));
	check_bytes(&b, "00000000");
	buf_clear(&b);
	assert_true(encode_message(api_of(3), 4, REQUEST, nothing, NULL, &b));
	check_bytes(&b, "0000000001");
	buf_clear(&b);
	/* Fetch 12: throttle, error, session, no topics, no tags */
	assert_true(encode_message(api_of(1), 12, RESPONSE, nothing, NULL, &b));
	check_bytes(&b, "00000000"
			"0000"
			"00000000"
			"01"
			"00");
	buf_clear(&b);
	/* FindCoordinator 0 and 3: error, (message,) node -1, "", port -1 */
	assert_true(encode_message(api_of(10), 0, RESPONSE, nothing, NULL, &b));
	check_bytes(&b, "0000"
			"ffffffff"
			"0000"
			"ffffffff");
	buf_clear(&b);
	/* JoinGroup 5: the protocol's name can't be null yet */
	assert_true(encode_message(api_of(11), 5, RESPONSE, nothing, NULL, &b));
	check_bytes(&b, "00000000"
			"0000"
			"ffffffff"
			"0000"
			"0000"
			"0000"
			"00000000");
	buf_clear(&b);
	assert_true(encode_message(api_of(11), 7, RESPONSE, nothing, NULL, &b));
	check_bytes(&b, "00000000"
			"0000"
			"ffffffff"
			"00"
			"00"
			"01"
			"01"
			"01"
			"00");
	buf_clear(&b);
	/* DescribeTopicPartitions: a null struct */
	assert_true(encode_message(api_of(75), 0, REQUEST, nothing, NULL, &b));
	check_bytes(&b, "01"
			"000007d0"
			"ff"
			"00");
	buf_deinit(&b);
}

/* One topic with two partitions, the second one with a leader hint. */
static bool produce_answer(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	(void)ctx;
	switch (f->is) {
	case TOPICS:
		v->number = 1;
		return true;
	case TOPIC_ID:
		v->bytes = (const uint8_t *)"0123456789abcdef";
		v->len = 16;
		return true;
	case PARTITIONS:
		v->number = 2;
		return true;
	case PARTITION:
		assert_int_equal(f->depth, 2);
		assert_int_equal(f->in[0], TOPICS);
		assert_int_equal(encode_in(f), PARTITIONS);
		v->number = 4 + f->index[1];
		return true;
	case ERROR_CODE:
		v->number = 6;
		return true;
	case CURRENT_LEADER:
		return f->index[1] == 1;
	case LEADER_ID:
		v->number = 3;
		return true;
	default:
		return false;
	}
}

static void writes_stubs_of_partitions_and_tags(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_append16(&b, 0xabcd); /* what is there stays */
	assert_true(encode_message(api_of(0), 13, RESPONSE, produce_answer, NULL, &b));
	check_bytes(&b, "abcd"
			"02"
			"30313233343536373839616263646566"
			"03"
			"00000004"
			"0006"
			"ffffffffffffffff"
			"ffffffffffffffff"
			"ffffffffffffffff"
			"01"
			"00"
			"00"
			"00000005"
			"0006"
			"ffffffffffffffff"
			"ffffffffffffffff"
			"ffffffffffffffff"
			"01"
			"00"
			"01"
			"00"
			"09"
			"00000003"
			"ffffffff"
			"00"
			"00"
			"00000000"
			"00");
	buf_deinit(&b);
}

static bool bad_null(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	(void)ctx;
	if (f->is != GROUP_ID)
		return false;
	v->bytes = NULL;
	return true;
}

static bool bad_count(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	(void)ctx;
	v->number = -1;
	return f->is == TOPICS;
}

static bool long_string(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const uint8_t text[40000];

	(void)ctx;
	v->bytes = text;
	v->len = sizeof text;
	return f->is == GROUP_ID;
}

static void refuses_what_cannot_be_written(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	assert_false(encode_message(api_of(12), 4, REQUEST, bad_null, NULL, &b));
	buf_clear(&b);
	assert_false(encode_message(api_of(3), 0, REQUEST, bad_count, NULL, &b));
	buf_clear(&b);
	assert_true(encode_message(api_of(3), 1, REQUEST, bad_count, NULL, &b));
	check_bytes(&b, "ffffffff");
	buf_clear(&b);
	assert_false(encode_message(api_of(12), 0, REQUEST, long_string, NULL, &b));
	buf_deinit(&b);
}

static void says_when_it_does_not_fit(void **state)
{
	struct buf b;
	size_t whole;

	(void)state;
	buf_init(&b, 1000);
	assert_true(encode_message(api_of(0), 13, RESPONSE, produce_answer, NULL, &b));
	whole = b.len;
	buf_deinit(&b);
	for (size_t max = 0; max < whole; max++) {
		buf_init(&b, max);
		assert_false(encode_message(api_of(0), 13, RESPONSE, produce_answer, NULL, &b));
		assert_true(b.len <= max);
		buf_deinit(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_what_is_read),
		cmocka_unit_test(stubs_are_what_the_rows_say),
		cmocka_unit_test(writes_stubs_of_partitions_and_tags),
		cmocka_unit_test(refuses_what_cannot_be_written),
		cmocka_unit_test(says_when_it_does_not_fit),
	};

	return cmocka_run_group_tests_name("encode", tests, apis_set_up, apis_tear_down);
}
