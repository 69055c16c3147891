/* What brokers answer to a node: the version to ask in, and what an answer says. */
#include "cluster/reply.h"

#include "kafka/errors.h"
#include "topology/snapshot.h"
#include "unit/apis.h"
#include "unit/cluster/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 4096 };

static struct said good = { .node = 3,
			    .generation = 12,
			    .member_id = "m1",
			    .leader = "m1",
			    .members = { "m0", "m1", "m2" },
			    .data = { (uint8_t *)"data", 4, 4, 4, false },
			    .offset = 77 };

static void answer(enum api_key key, int version, const struct said *said, struct buf *body)
{
	buf_init(body, ROOM);
	assert_true(said_write(said, key, version, body));
}

static void read_whole(struct reply *r, enum api_key key, int version, const struct buf *body)
{
	assert_true(reply_read(r, key, version, body->data, (uint32_t)body->len));
}

static bool is_text(struct reply_bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.bytes, text, b.len) == 0;
}

static void the_version_is_one_that_both_understand(void **state)
{
	struct kversions offers[SNAPSHOT_KEYS];

	(void)state;
	for (size_t i = 0; i < SNAPSHOT_KEYS; i++)
		offers[i] = (struct kversions){ 0, -1 };
	assert_int_equal(reply_version(offers, KEY_FETCH), -1);
	offers[KEY_FETCH] = (struct kversions){ 4, 18 };
	assert_int_equal(reply_version(offers, KEY_FETCH), 11);
	offers[KEY_FETCH] = (struct kversions){ 0, 7 };
	assert_int_equal(reply_version(offers, KEY_FETCH), 7);
	offers[KEY_FETCH] = (struct kversions){ 0, 3 };
	assert_int_equal(reply_version(offers, KEY_FETCH), -1); /* too old for its records */
	offers[KEY_FETCH] = (struct kversions){ 12, 18 };
	assert_int_equal(reply_version(offers, KEY_FETCH), -1); /* too new */
	offers[KEY_DELETE_TOPICS] = (struct kversions){ 0, 6 };
	assert_int_equal(reply_version(offers, KEY_DELETE_TOPICS), -1); /* never asked here */
}

static void a_leader_is_told_the_members(void **state)
{
	struct reply r;
	struct buf body;

	(void)state;
	for (int version = 2; version <= 8; version++) {
		answer(KEY_JOIN_GROUP, version, &good, &body);
		read_whole(&r, KEY_JOIN_GROUP, version, &body);
		assert_int_equal(r.error, 0);
		assert_int_equal(r.generation, 12);
		assert_true(is_text(r.leader, "m1") && is_text(r.member_id, "m1"));
		assert_int_equal(r.member_count, 3);
		assert_true(is_text(r.members[0].id, "m0") && is_text(r.members[2].id, "m2"));
		assert_true(is_text(r.members[2].data, "data"));
		reply_deinit(&r);
		buf_deinit(&body);
	}
}

static void one_value_is_read_from_each_of_the_others(void **state)
{
	static const struct {
		enum api_key key;
		int version;
	} all[] = { { KEY_FIND_COORDINATOR, 3 },
		    { KEY_SYNC_GROUP, 5 },
		    { KEY_LIST_OFFSETS, 3 },
		    { KEY_FETCH, 11 } };
	struct reply r[ARRAY_LEN(all)];
	struct buf body[ARRAY_LEN(all)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		answer(all[i].key, all[i].version, &good, &body[i]);
		read_whole(&r[i], all[i].key, all[i].version, &body[i]);
		assert_int_equal(r[i].error, 0);
	}
	assert_int_equal(r[0].node, 3);
	assert_true(is_text(r[1].data, "data"));
	assert_int_equal(r[2].offset, 77);
	assert_true(is_text(r[3].data, "data"));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		reply_deinit(&r[i]);
		buf_deinit(&body[i]);
	}
}

static void an_error_is_found_wherever_it_stands(void **state)
{
	static const struct {
		enum api_key key;
		int version;
	} all[] = { { KEY_PRODUCE, 8 },
		    { KEY_HEARTBEAT, 4 },
		    { KEY_LIST_OFFSETS, 3 },
		    { KEY_CREATE_TOPICS, 4 } };
	const struct said refused = { .error = ERROR_TOPIC_AUTHORIZATION_FAILED };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct reply r;
		struct buf body;

		answer(all[i].key, all[i].version, &refused, &body);
		read_whole(&r, all[i].key, all[i].version, &body);
		assert_int_equal(r.error, ERROR_TOPIC_AUTHORIZATION_FAILED);
		reply_deinit(&r);
		buf_deinit(&body);
	}
}

static void what_is_cut_short_is_no_answer(void **state)
{
	struct reply r;
	struct buf body;

	(void)state;
	answer(KEY_JOIN_GROUP, 8, &good, &body);
	for (size_t n = 0; n < body.len; n++)
		assert_false(reply_read(&r, KEY_JOIN_GROUP, 8, body.data, (uint32_t)n));
	buf_deinit(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_one_that_both_understand),
		cmocka_unit_test(a_leader_is_told_the_members),
		cmocka_unit_test(one_value_is_read_from_each_of_the_others),
		cmocka_unit_test(an_error_is_found_wherever_it_stands),
		cmocka_unit_test(what_is_cut_short_is_no_answer),
	};

	return cmocka_run_group_tests_name("reply", tests, apis_set_up, apis_tear_down);
}
