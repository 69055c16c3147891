/* Requests as Kafka's own clients write them, byte for byte, and read back by their rows. */
#include "kafka/say.h"

#include "kafka/walk.h"
#include "unit/apis.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 1000 };

/* "00 07 'anyport'": numbers in hex, and text. */
static void read_golden(const char *golden, struct buf *bytes)
{
	while (*golden != '\0') {
		if (*golden == ' ') {
			golden++;
		} else if (*golden == '\'') {
			const char *end = strchr(golden + 1, '\'');

			assert_non_null(end);
			buf_append(bytes, golden + 1, (size_t)(end - golden - 1));
			golden = end + 1;
		} else {
			char hex[3] = { golden[0], golden[1], '\0' };

			assert_true(isxdigit(hex[0]) && isxdigit(hex[1]));
			buf_append8(bytes, (uint8_t)strtoul(hex, NULL, 16));
			golden += 2;
		}
	}
}

/* Whether the walk takes the body for a whole request. */
static bool is_whole(enum api_key key, int version, const struct buf *body)
{
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	walk_init(&w, api_plan(api_of((int)key), version, REQUEST), (uint32_t)body->len);
	walk_input(&w, body->data, body->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT)
		;
	return got == WALK_DONE && w.pos == body->len;
}

static void check(enum api_key key, int version, struct say_pairs says, const char *golden)
{
	struct buf body, wanted;

	buf_init(&body, ROOM);
	buf_init(&wanted, ROOM);
	read_golden(golden, &wanted);
	assert_true(say_request(api_of((int)key), version, says, &body));
	assert_int_equal(body.len, wanted.len);
	if (wanted.len > 0)
		assert_memory_equal(body.data, wanted.data, wanted.len);
	assert_true(is_whole(key, version, &body));
	buf_deinit(&body);
	buf_deinit(&wanted);
}

static bool can_say(enum api_key key, int version, struct say_pairs says, size_t room)
{
	struct buf body;
	bool good;

	buf_init(&body, room);
	good = say_request(api_of((int)key), version, says, &body);
	buf_deinit(&body);
	return good;
}

static void who_asks_for_versions(void **state)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, "anyport"),
				    say_text(SOFTWARE_VERSION, "1.0") };

	(void)state;
	check(KEY_API_VERSIONS, 0, SAY_ALL(says), "");
	check(KEY_API_VERSIONS, 3, SAY_ALL(says), "08 'anyport' 04 '1.0' 00");
	check(KEY_API_VERSIONS, 5, SAY_ALL(says), "08 'anyport' 04 '1.0' 00 ff ff ff ff 00");
}

static void a_login(void **state)
{
	const struct say handshake[] = { say_text(MECHANISM, "PLAIN") };
	const struct say step[] = { say_bytes(AUTH_BYTES, "\0me\0it", 6) };

	(void)state;
	for (int version = 0; version <= 1; version++)
		check(KEY_SASL_HANDSHAKE, version, SAY_ALL(handshake), "00 05 'PLAIN'");
	for (int version = 0; version <= 1; version++)
		check(KEY_SASL_AUTHENTICATE, version, SAY_ALL(step), "00 00 00 06 00 'me' 00 'it'");
	check(KEY_SASL_AUTHENTICATE, 2, SAY_ALL(step), "07 00 'me' 00 'it' 00");
}

static void topics_by_name_by_id_and_all(void **state)
{
	static const uint8_t id[16] = { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	const struct say names[] = { say_text(TOPIC_NAME, "a"), say_text(TOPIC_NAME, "bc") };
	const struct say by_name[] = { say_list(TOPICS, names, 1, 2), say_number(AUTO_CREATE, 0) };
	const struct say ids[] = { say_bytes(TOPIC_ID, id, sizeof id), say_null(TOPIC_NAME) };
	const struct say by_id[] = { SAY_ONE(TOPICS, ids), say_number(AUTO_CREATE, 0) };
	const struct say all[] = { say_null(TOPICS), say_number(AUTO_CREATE, 0) };
	const struct say none[] = { say_list(TOPICS, NULL, 0, 0) };

	(void)state;
	check(KEY_METADATA, 0, SAY_ALL(by_name), "00 00 00 02 00 01 'a' 00 02 'bc'");
	check(KEY_METADATA, 4, SAY_ALL(by_name), "00 00 00 02 00 01 'a' 00 02 'bc' 00");
	check(KEY_METADATA, 12, SAY_ALL(by_name),
	      "03 00000000000000000000000000000000 02 'a' 00"
	      "   00000000000000000000000000000000 03 'bc' 00 00 00 00");
	check(KEY_METADATA, 12, SAY_ALL(by_id),
	      "02 a0010203040506070809 0a0b0c0d0e0f 00 00 00 00 00");
	check(KEY_METADATA, 1, SAY_ALL(all), "ff ff ff ff");
	check(KEY_METADATA, 9, SAY_ALL(all), "00 00 00 00 00");
	check(KEY_METADATA, 1, SAY_ALL(none), "00 00 00 00");
	/* version 0 has no null list, and no version before 10 a topic without a name */
	assert_false(can_say(KEY_METADATA, 0, SAY_ALL(all), ROOM));
	assert_false(can_say(KEY_METADATA, 9, SAY_ALL(by_id), ROOM));
}

static void a_list_of_one_stands_flat_where_there_is_no_list(void **state)
{
	const struct say keys[] = { say_text(COORDINATOR_KEY, "g"),
				    say_text(COORDINATOR_KEY, "h") };
	const struct say one[] = { say_list(KEYS, keys, 1, 1), say_number(COORDINATOR_TYPE, 1) };
	const struct say two[] = { say_list(KEYS, keys, 1, 2), say_number(COORDINATOR_TYPE, 1) };

	(void)state;
	check(KEY_FIND_COORDINATOR, 0, SAY_ALL(one), "00 01 'g'");
	check(KEY_FIND_COORDINATOR, 1, SAY_ALL(one), "00 01 'g' 01");
	check(KEY_FIND_COORDINATOR, 3, SAY_ALL(one), "02 'g' 01 00");
	check(KEY_FIND_COORDINATOR, 4, SAY_ALL(one), "01 02 02 'g' 00");
	check(KEY_FIND_COORDINATOR, 6, SAY_ALL(two), "01 03 02 'g' 02 'h' 00");
	assert_false(can_say(KEY_FIND_COORDINATOR, 3, SAY_ALL(two), ROOM));
}

static void the_life_of_a_member(void **state)
{
	const struct buf data = { (uint8_t *)"DATA", 4, 4, 4, false }, empty = { .max = 4 };
	const struct say spoken[] = { say_text(PROTOCOL_NAME, "any"), say_buf(MEMBER_DATA, &data) };
	const struct say join[] = { say_text(GROUP_ID, "g"),	say_text(MEMBER_ID, ""),
				    say_text(INSTANCE_ID, "i"), say_number(SESSION_TIMEOUT_MS, 3),
				    say_number(TIMEOUT_MS, 4),	say_text(PROTOCOL_TYPE, "c"),
				    SAY_ONE(PROTOCOLS, spoken) };
	const struct say shares[][2] = {
		{ say_text(MEMBER_ID, "m"), say_buf(MEMBER_DATA, &data) },
		{ say_text(MEMBER_ID, "n"), say_buf(MEMBER_DATA, &empty) },
	};
	const struct say sync[] = { say_text(GROUP_ID, "g"),
				    say_text(MEMBER_ID, "m"),
				    say_text(INSTANCE_ID, NULL),
				    say_number(GENERATION_ID, 7),
				    say_text(PROTOCOL_TYPE, "c"),
				    say_text(PROTOCOL_NAME, "any"),
				    say_list(GROUP_MEMBERS, shares[0], 2, 2) };
	const struct say follow[] = { say_text(GROUP_ID, "g"), say_text(MEMBER_ID, "m"),
				      say_number(GENERATION_ID, 7),
				      say_list(GROUP_MEMBERS, NULL, 0, 0) };
	const struct say beat[] = { say_text(GROUP_ID, "g"), say_text(MEMBER_ID, "m"),
				    say_text(INSTANCE_ID, "i"), say_number(GENERATION_ID, -1) };
	const struct say leaver[] = { say_text(MEMBER_ID, "m") };
	const struct say leave[] = { say_text(GROUP_ID, "g"), SAY_ONE(GROUP_MEMBERS, leaver) };

	(void)state;
	check(KEY_JOIN_GROUP, 2, SAY_ALL(join),
	      "00 01 'g' 00 00 00 03 00 00 00 04 00 00 00 01 'c'"
	      "00 00 00 01 00 03 'any' 00 00 00 04 'DATA'");
	check(KEY_JOIN_GROUP, 5, SAY_ALL(join),
	      "00 01 'g' 00 00 00 03 00 00 00 04 00 00 00 01 'i' 00 01 'c'"
	      "00 00 00 01 00 03 'any' 00 00 00 04 'DATA'");
	check(KEY_JOIN_GROUP, 8, SAY_ALL(join),
	      "02 'g' 00 00 00 03 00 00 00 04 01 02 'i' 02 'c' 02 04 'any' 05 'DATA' 00 00 00");
	check(KEY_SYNC_GROUP, 0, SAY_ALL(sync),
	      "00 01 'g' 00 00 00 07 00 01 'm'"
	      "00 00 00 02 00 01 'm' 00 00 00 04 'DATA' 00 01 'n' 00 00 00 00");
	check(KEY_SYNC_GROUP, 5, SAY_ALL(sync),
	      "02 'g' 00 00 00 07 02 'm' 00 02 'c' 04 'any'"
	      "03 02 'm' 05 'DATA' 00 02 'n' 01 00 00");
	check(KEY_SYNC_GROUP, 3, SAY_ALL(follow),
	      "00 01 'g' 00 00 00 07 00 01 'm' ff ff 00 00 00 00");
	check(KEY_HEARTBEAT, 0, SAY_ALL(beat), "00 01 'g' ff ff ff ff 00 01 'm'");
	check(KEY_HEARTBEAT, 4, SAY_ALL(beat), "02 'g' ff ff ff ff 02 'm' 02 'i' 00");
	check(KEY_LEAVE_GROUP, 1, SAY_ALL(leave), "00 01 'g' 00 01 'm'");
	check(KEY_LEAVE_GROUP, 3, SAY_ALL(leave), "00 01 'g' 00 00 00 01 00 01 'm' ff ff");
	check(KEY_LEAVE_GROUP, 5, SAY_ALL(leave), "02 'g' 02 02 'm' 00 00 00 00");
}

static void records_to_and_from_a_partition(void **state)
{
	const struct buf records = { (uint8_t *)"RECORDS", 7, 7, 7, false };
	const struct say written[] = { say_number(PARTITION, 2), say_buf(RECORD_BYTES, &records) };
	const struct say to[] = { say_text(TOPIC_NAME, "t"), SAY_ONE(PARTITIONS, written) };
	const struct say produce[] = { say_number(ACKS, -1), say_number(TIMEOUT_MS, 5000),
				       SAY_ONE(TOPICS, to) };
	const struct say read[] = { say_number(PARTITION, 2), say_number(FETCH_OFFSET, 9),
				    say_number(PARTITION_MAX_BYTES, 16) };
	const struct say from[] = { say_text(TOPIC_NAME, "t"), SAY_ONE(PARTITIONS, read) };
	const struct say fetch[] = { say_number(MAX_WAIT_MS, 1), say_number(MIN_BYTES, 2),
				     say_number(MAX_BYTES, 32), SAY_ONE(TOPICS, from) };
	const struct say ends[] = { say_number(PARTITION, 2), say_number(TIMESTAMP, -1) };
	const struct say of[] = { say_text(TOPIC_NAME, "t"), SAY_ONE(PARTITIONS, ends) };
	const struct say list[] = { SAY_ONE(TOPICS, of) };

	(void)state;
	check(KEY_PRODUCE, 3, SAY_ALL(produce),
	      "ff ff ff ff 00 00 13 88 00 00 00 01 00 01 't' 00 00 00 01"
	      "00 00 00 02 00 00 00 07 'RECORDS'");
	check(KEY_PRODUCE, 9, SAY_ALL(produce),
	      "00 ff ff 00 00 13 88 02 02 't' 02 00 00 00 02 08 'RECORDS' 00 00 00");
	check(KEY_FETCH, 4, SAY_ALL(fetch),
	      "ff ff ff ff 00 00 00 01 00 00 00 02 00 00 00 20 00"
	      "00 00 00 01 00 01 't' 00 00 00 01"
	      "00 00 00 02 00 00 00 00 00 00 00 09 00 00 00 10");
	check(KEY_FETCH, 11, SAY_ALL(fetch),
	      "ff ff ff ff 00 00 00 01 00 00 00 02 00 00 00 20 00 00 00 00 00 ff ff ff ff"
	      "00 00 00 01 00 01 't' 00 00 00 01"
	      "00 00 00 02 ff ff ff ff 00 00 00 00 00 00 00 09 ff ff ff ff ff ff ff ff"
	      "00 00 00 10 00 00 00 00 00 00");
	check(KEY_FETCH, 12, SAY_ALL(fetch),
	      "ff ff ff ff 00 00 00 01 00 00 00 02 00 00 00 20 00 00 00 00 00 ff ff ff ff"
	      "02 02 't' 02"
	      "00 00 00 02 ff ff ff ff 00 00 00 00 00 00 00 09 ff ff ff ff"
	      "ff ff ff ff ff ff ff ff 00 00 00 10 00 00 01 01 00");
	check(KEY_LIST_OFFSETS, 1, SAY_ALL(list),
	      "ff ff ff ff 00 00 00 01 00 01 't' 00 00 00 01"
	      "00 00 00 02 ff ff ff ff ff ff ff ff");
	check(KEY_LIST_OFFSETS, 6, SAY_ALL(list),
	      "ff ff ff ff 00 02 02 't' 02"
	      "00 00 00 02 ff ff ff ff ff ff ff ff ff ff ff ff 00 00 00");
}

static void a_topic_to_be_created(void **state)
{
	const struct say configs[][2] = {
		{ say_text(CONFIG_NAME, "k"), say_text(CONFIG_VALUE, "v") },
		{ say_text(CONFIG_NAME, "l"), say_null(CONFIG_VALUE) },
	};
	const struct say topic[] = { say_text(TOPIC_NAME, "t"), say_number(PARTITION_COUNT, 3),
				     say_number(REPLICAS, 2), say_list(CONFIGS, configs[0], 2, 2) };
	const struct say says[] = { SAY_ONE(TOPICS, topic), say_number(TIMEOUT_MS, 5000) };

	(void)state;
	check(KEY_CREATE_TOPICS, 4, SAY_ALL(says),
	      "00 00 00 01 00 01 't' 00 00 00 03 00 02 00 00 00 00"
	      "00 00 00 02 00 01 'k' 00 01 'v' 00 01 'l' ff ff 00 00 13 88 00");
	check(KEY_CREATE_TOPICS, 7, SAY_ALL(says),
	      "02 02 't' 00 00 00 03 00 02 01 03 02 'k' 02 'v' 00 02 'l' 00 00 00"
	      "00 00 13 88 00 00");
}

static void check_frame(int version, const char *client_id, const char *golden)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, "a"), say_text(SOFTWARE_VERSION, "1") };
	struct buf frame, wanted;

	buf_init(&frame, ROOM);
	buf_init(&wanted, ROOM);
	read_golden(golden, &wanted);
	buf_append(&frame, "before", 6); /* what is there already stays */
	assert_true(say_frame(api_of(18), version, 0x01020304, client_id, SAY_ALL(says), &frame));
	assert_int_equal(frame.len, 6 + wanted.len);
	assert_memory_equal(frame.data + 6, wanted.data, wanted.len);
	buf_deinit(&frame);
	buf_deinit(&wanted);
}

static void a_frame_has_size_and_head(void **state)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, "a") };
	struct buf frame;

	(void)state;
	check_frame(0, "me", "00 00 00 0c 00 12 00 00 01 02 03 04 00 02 'me'");
	check_frame(3, "me", "00 00 00 12 00 12 00 03 01 02 03 04 00 02 'me' 00 02 'a' 02 '1' 00");
	check_frame(0, NULL, "00 00 00 0a 00 12 00 00 01 02 03 04 ff ff");
	buf_init(&frame, 16);
	assert_false(say_frame(api_of(18), 3, 1, "me", SAY_ALL(says), &frame));
	buf_deinit(&frame);
}

static void it_is_refused_when_it_does_not_fit(void **state)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, "anyport"),
				    say_text(SOFTWARE_VERSION, "1.0") };
	enum { WHOLE = 1 + 7 + 1 + 3 + 1 };

	(void)state;
	for (size_t room = 0; room < WHOLE; room++)
		assert_false(can_say(KEY_API_VERSIONS, 3, SAY_ALL(says), room));
	assert_true(can_say(KEY_API_VERSIONS, 3, SAY_ALL(says), WHOLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_for_versions),
		cmocka_unit_test(a_login),
		cmocka_unit_test(topics_by_name_by_id_and_all),
		cmocka_unit_test(a_list_of_one_stands_flat_where_there_is_no_list),
		cmocka_unit_test(the_life_of_a_member),
		cmocka_unit_test(records_to_and_from_a_partition),
		cmocka_unit_test(a_topic_to_be_created),
		cmocka_unit_test(a_frame_has_size_and_head),
		cmocka_unit_test(it_is_refused_when_it_does_not_fit),
	};

	return cmocka_run_group_tests_name("say", tests, apis_set_up, apis_tear_down);
}
