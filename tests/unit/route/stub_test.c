#include "route/stub.h"

#include "kafka/print.h"
#include "messages.h"

static const int codes[] = { ERROR_NOT_LEADER_OR_FOLLOWER, ERROR_REQUEST_TIMED_OUT,
			     ERROR_COORDINATOR_LOAD_IN_PROGRESS, ERROR_COORDINATOR_NOT_AVAILABLE };

static struct buf stub(const struct kapi *api, int version, const struct message *about, int code,
		       bool at_top)
{
	struct buf request = message_encode(about, api, version, REQUEST), out;
	struct arena arena;
	struct layout l;

	arena_init(&arena);
	message_read(&l, &arena, api, version, REQUEST, &request);
	buf_init(&out, MESSAGE_MAX);
	assert_true(stub_answer(&out, api, version, &l, code, at_top));
	arena_deinit(&arena);
	buf_deinit(&request);
	return out;
}

static bool has_stub(const struct kapi *api)
{
	return api->response != NULL && api->request != NULL && api->lost != LOST_CLOSE &&
	       api->route != HERE && !message_has_sections(api) && api->merge != MERGE_SECTIONS;
}

/* Every error in it, and that it ends where it ends. */
static uint32_t count_errors(const struct kapi *api, int version, const struct buf *b, int code)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;
	uint32_t n = 0;

	walk_init(&w, api_plan(api, version, RESPONSE), (uint32_t)b->len);
	walk_input(&w, b->data, b->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == ERROR_CODE && e.number == code)
			n++;
		else if (e.kind == WALK_VALUE && e.is == ERROR_CODE)
			assert_int_equal(e.number, 0);
	}
	assert_int_equal(got, WALK_DONE);
	assert_int_equal(w.pos, b->len);
	return n;
}

static void check_stub(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++) {
			struct buf b = stub(api, version, &all[i], codes[c], false);
			uint32_t errors = count_errors(api, version, &b, codes[c]);

			if (all[i].count > 0)
				assert_true(errors > 0);
			buf_deinit(&b);
		}
	}
}

static void every_answer_says_the_error(void **state)
{
	(void)state;
	message_each(has_stub, check_stub);
}

/* The items are the request's, in its order. */
static void check_items(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		struct buf request = message_encode(&all[i], api, version, REQUEST);
		struct buf b = stub(api, version, &all[i], ERROR_NOT_LEADER_OR_FOLLOWER, false);
		struct layout asked, said;
		struct arena arena;

		arena_init(&arena);
		message_read(&asked, &arena, api, version, REQUEST, &request);
		message_read(&said, &arena, api, version, RESPONSE, &b);
		assert_int_equal(said.item_count, asked.item_count);
		assert_int_equal(said.topic_count, asked.topic_count);
		assert_int_equal(said.has_item_error, said.item_count > 0);
		for (uint32_t k = 0; k < said.item_count; k++) {
			assert_int_equal(said.items[k].partition, asked.items[k].partition);
			assert_int_equal(said.items[k].topic, asked.items[k].topic);
			assert_int_equal(said.items[k].resource_type, asked.items[k].resource_type);
			assert_int_equal(said.items[k].error, ERROR_NOT_LEADER_OR_FOLLOWER);
			assert_int_equal(said.items[k].key_len, asked.items[k].key_len);
			if (asked.by_key)
				assert_memory_equal(said.items[k].key, asked.items[k].key,
						    asked.items[k].key_len);
		}
		for (uint32_t t = 0; t < said.topic_count; t++) {
			const struct layout_topic *a = &asked.topics[t], *s = &said.topics[t];

			assert_int_equal(s->name_len, a->name_len);
			if (a->name != NULL)
				assert_memory_equal(s->name, a->name, a->name_len);
			else
				assert_memory_equal(s->id, a->id, 16);
		}
		arena_deinit(&arena);
		buf_deinit(&request);
		buf_deinit(&b);
	}
}

static bool has_items(const struct kapi *api)
{
	return api->merge == MERGE_PARTITIONS || api->merge == MERGE_KEYS;
}

static void items_are_those_of_the_request(void **state)
{
	(void)state;
	message_each(has_items, check_items);
}

static void assert_top(int key, int version, bool at_top, int code)
{
	const struct message about = { { { 1, 2, { 0, 1 } } }, 1 };
	struct buf b = stub(api_of(key), version, &about, ERROR_COORDINATOR_NOT_AVAILABLE, at_top);
	struct arena arena;
	struct layout l;

	arena_init(&arena);
	message_read(&l, &arena, api_of(key), version, RESPONSE, &b);
	assert_true(l.error.size > 0);
	assert_int_equal(l.error.number, code);
	if (at_top)
		assert_int_equal(l.item_count, 0);
	arena_deinit(&arena);
	buf_deinit(&b);
}

static void the_top_speaks_only_for_the_whole(void **state)
{
	const int code = ERROR_COORDINATOR_NOT_AVAILABLE;

	(void)state;
	assert_top(1, 7, false, 0); /* Fetch: its partitions say it */
	assert_top(1, 18, false, 0);
	assert_top(1, 12, true, code);
	assert_top(9, 7, false, code); /* OffsetFetch of one group */
	assert_top(10, 3, false, code);
	for (int version = 0; version <= 9; version++)
		assert_top(11, version, false, code); /* JoinGroup */
	assert_top(12, 4, false, code);
	assert_top(16, 5, true, code); /* ListGroups */
	assert_top(66, 2, true, code); /* ListTransactions */
	assert_top(47, 0, false, code);
}

static void assert_prints(int key, int version, const char *expected)
{
	const struct message about = { { { 1, 1, { 6 } } }, 1 };
	struct buf b = stub(api_of(key), version, &about, ERROR_NOT_LEADER_OR_FOLLOWER, false);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_true(print_body(out, api_of(key), version, RESPONSE, b.data, b.len));
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	buf_deinit(&b);
}

/* Clients look at these too: no offset, and records that are empty, not null. */
static void the_rest_says_that_nothing_is_known(void **state)
{
	(void)state;
	assert_prints(1, 12,
		      "throttle_time_ms: 0\n"
		      "error_code: 0\n"
		      "session_id: 0\n"
		      "responses:\n"
		      "  - topic: \"12\"\n"
		      "    partitions:\n"
		      "      - partition_index: 6\n"
		      "        error_code: 6\n"
		      "        high_watermark: -1\n"
		      "        last_stable_offset: -1\n"
		      "        log_start_offset: -1\n"
		      "        aborted_transactions: null\n"
		      "        preferred_read_replica: -1\n"
		      "        records: 0 bytes\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_says_the_error),
		cmocka_unit_test(items_are_those_of_the_request),
		cmocka_unit_test(the_top_speaks_only_for_the_whole),
		cmocka_unit_test(the_rest_says_that_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
