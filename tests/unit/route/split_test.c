#include "route/split.h"

#include "messages.h"

enum { CORRELATION = 0x01020304 };

static bool is_split(const struct kapi *api)
{
	return (api->merge == MERGE_PARTITIONS || api->merge == MERGE_KEYS) &&
	       !message_has_sections(api);
}

static bool has_request(const struct kapi *api)
{
	return api->request != NULL;
}

/* The part must be the frame that a client would send for these items alone. */
static void check_part(const struct kapi *api, int version, const struct message *request,
		       int32_t target, int32_t targets)
{
	struct buf body = message_encode(request, api, version, REQUEST), frame, expected;
	struct request_head head;
	struct message part;
	struct arena arena;
	struct gather g;
	struct layout l;

	arena_init(&arena);
	gather_init(&g, &arena);
	message_read(&l, &arena, api, version, REQUEST, &body);
	part = message_part(request, l.by_key, target, targets);
	frame = message_frame(api, version, body);
	expected = message_frame(api, version, message_encode(&part, api, version, REQUEST));
	wire_put32(expected.data + HEAD_CORRELATION_AT, CORRELATION);
	assert_int_equal(head_read(frame.data, frame.len, MESSAGE_MAX, &head), HEAD_OK);
	layout_init(&l, &arena);
	assert_true(layout_read(&l, api_plan(api, version, REQUEST), frame.data + head.body_at,
				(uint32_t)frame.len - head.body_at));
	if (l.has_key && api->merge == MERGE_KEYS)
		goto done; /* one key: never split */
	message_set_targets(request, &l, targets);
	split_part(&g, &head, frame.data, &l, NULL, target, CORRELATION);
	assert_gathered(&g, expected.data, expected.len);
done:
	arena_deinit(&arena);
	buf_deinit(&frame);
	buf_deinit(&expected);
}

static void check_parts(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		for (int32_t targets = 1; targets <= 3; targets++) {
			for (int32_t target = 0; target < targets; target++)
				check_part(api, version, &all[i], target, targets);
		}
	}
}

static void a_part_is_what_a_client_would_send_for_it(void **state)
{
	(void)state;
	message_each(is_split, check_parts);
}

/* Without an array, or with a null one, which means all: the same frame. */
static void check_whole(const struct kapi *api, int version)
{
	const struct message request = { .null = true };
	const struct plan *plan = api_plan(api, version, REQUEST);
	struct request_head head;
	struct arena arena;
	struct gather g;
	struct layout l;
	struct buf body, frame;

	arena_init(&arena);
	gather_init(&g, &arena);
	buf_init(&body, MESSAGE_MAX);
	if (!encode_message(api, version, REQUEST, message_fill, (void *)(uintptr_t)&request,
			    &body)) {
		buf_deinit(&body); /* its array can't be null */
		arena_deinit(&arena);
		return;
	}
	frame = message_frame(api, version, body);
	assert_int_equal(head_read(frame.data, frame.len, MESSAGE_MAX, &head), HEAD_OK);
	layout_init(&l, &arena);
	assert_true(layout_read(&l, plan, frame.data + head.body_at,
				(uint32_t)frame.len - head.body_at));
	split_part(&g, &head, frame.data, &l, NULL, 0, CORRELATION);
	wire_put32(frame.data + HEAD_CORRELATION_AT, CORRELATION);
	assert_gathered(&g, frame.data, frame.len);
	arena_deinit(&arena);
	buf_deinit(&frame);
}

static void what_has_no_items_goes_whole(void **state)
{
	(void)state;
	message_each(has_request, check_whole);
}

/* A Fetch whose rack is taken out (behind the array) and whose wait is another
 * (before it). */
static void edits_apply_outside_of_the_array(void **state)
{
	const struct kapi *api = api_of(1);
	const struct message request = { { { 1, 2, { 0, 1 } } }, 1 };

	(void)state;
	for (int version = 0; version <= api_versions(api).max; version++) {
		struct buf frame = message_frame(api, version,
						 message_encode(&request, api, version, REQUEST));
		uint32_t end = (uint32_t)frame.len, rack = 0, at;
		struct request_head head;
		struct layout l, part;
		struct edits edits;
		struct arena arena;
		struct gather g;

		arena_init(&arena);
		gather_init(&g, &arena);
		edits_init(&edits, &arena);
		assert_int_equal(head_read(frame.data, end, MESSAGE_MAX, &head), HEAD_OK);
		at = head.body_at;
		layout_init(&l, &arena);
		assert_true(layout_read(&l, api_plan(api, version, REQUEST), frame.data + at,
					end - at));
		message_set_targets(&request, &l, 2);
		edits_add_int32(&edits, l.max_wait_ms.at, 123456);
		if (l.rack.size > 0) {
			rack = l.rack.size;
			edits_add_string(&edits, l.rack.at, l.rack.at + l.rack.size, "",
					 api_is_flexible(api, version));
		}
		split_part(&g, &head, frame.data, &l, &edits, 1, 1);
		assert_int_equal(wire_get32(gathered(&g)), g.size - HEAD_SIZE_BYTES);
		layout_init(&part, &arena);
		assert_true(layout_read(&part, api_plan(api, version, REQUEST), gathered(&g) + at,
					(uint32_t)g.size - at));
		assert_int_equal(part.item_count, 1);
		assert_int_equal(part.items[0].partition, message_target(1, 0, 2) == 1 ? 0 : 1);
		assert_int_equal(part.max_wait_ms.number, 123456);
		if (rack > 0)
			assert_int_equal(part.rack.number, 0);
		arena_deinit(&arena);
		buf_deinit(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_what_a_client_would_send_for_it),
		cmocka_unit_test(what_has_no_items_goes_whole),
		cmocka_unit_test(edits_apply_outside_of_the_array),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
