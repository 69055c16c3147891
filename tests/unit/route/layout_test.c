#include "route/layout.h"

#include "messages.h"
#include "util/compiler.h"

static bool has_items(const struct kapi *api)
{
	return api->merge == MERGE_PARTITIONS || api->merge == MERGE_KEYS;
}

static void assert_same(const struct layout *a, const struct layout *b)
{
	assert_int_equal(a->item_count, b->item_count);
	assert_int_equal(a->topic_count, b->topic_count);
	assert_int_equal(a->array_at, b->array_at);
	assert_int_equal(a->array_end, b->array_end);
	for (uint32_t i = 0; i < a->item_count; i++) {
		assert_int_equal(a->items[i].at, b->items[i].at);
		assert_int_equal(a->items[i].end, b->items[i].end);
		assert_int_equal(a->items[i].partition, b->items[i].partition);
		assert_int_equal(a->items[i].key_len, b->items[i].key_len);
		assert_memory_equal(a->items[i].key, b->items[i].key, a->items[i].key_len);
	}
	for (uint32_t t = 0; t < a->topic_count; t++) {
		assert_int_equal(a->topics[t].at, b->topics[t].at);
		assert_int_equal(a->topics[t].end, b->topics[t].end);
		assert_int_equal(a->topics[t].items_end, b->topics[t].items_end);
		assert_int_equal(a->topics[t].name_len, b->topics[t].name_len);
		assert_memory_equal(a->topics[t].name, b->topics[t].name, a->topics[t].name_len);
	}
}

/* A byte more each time; names are kept, so the bytes may go meanwhile. */
static void check_slow(const struct kapi *api, int version)
{
	const struct message *all;
	const struct plan *plan = api_plan(api, version, REQUEST);
	struct layout whole, slow;
	struct layout_sum sum;
	struct walk_event e;
	struct arena arena;
	struct walk w;
	struct buf b;
	uint32_t seen_at = 0;
	uint8_t *copy;

	message_hard_ones(&all);
	b = message_encode(&all[2], api, version, REQUEST);
	arena_init(&arena);
	message_read(&whole, &arena, api, version, REQUEST, &b);
	layout_init(&slow, &arena);
	assert_true(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	layout_room(&slow, &sum);
	walk_init(&w, plan, (uint32_t)b.len);
	for (uint32_t n = 1; n <= b.len; n++) {
		walk_input(&w, b.data + w.pos, n - w.pos);
		while (walk_next(&w, &e) == WALK_EVENT)
			layout_event(&slow, &e);
		if (slow.all_seen && seen_at == 0)
			seen_at = n;
	}
	assert_same(&slow, &whole);
	if (whole.item_count > 0) {
		const struct layout_item *last = &whole.items[whole.item_count - 1];

		/* known before the item has ended, and not before it has begun */
		assert_true(seen_at > last->at && seen_at <= last->end);
	}
	layout_keep(&slow);
	layout_init(&whole, &arena);
	copy = arena_copy(&arena, b.data, b.len);
	memset(b.data, 0xee, b.len);
	assert_true(layout_read(&whole, plan, copy, (uint32_t)b.len));
	assert_same(&slow, &whole);
	arena_deinit(&arena);
	buf_deinit(&b);
}

static void it_is_the_same_however_slow_it_comes(void **state)
{
	(void)state;
	message_each(has_items, check_slow);
}

static void assert_key(int key, int version, bool has_array, bool by_key)
{
	const struct message about = { { { 3, 2, { 0, 1 } }, { 4, 1, { 5 } } }, 2 };
	struct buf b = message_encode(&about, api_of(key), version, REQUEST);
	struct arena arena;
	struct layout l;

	arena_init(&arena);
	message_read(&l, &arena, api_of(key), version, REQUEST, &b);
	assert_true(l.done);
	assert_int_equal(l.has_key, !by_key);
	assert_int_equal(l.has_array, has_array);
	assert_int_equal(l.by_key, by_key);
	if (by_key) {
		assert_int_equal(l.item_count, 2);
		assert_int_equal(l.topic_count, 0);
		assert_int_equal(l.items[1].key_len, 1 + 4);
	} else {
		assert_int_equal(l.key_len, 1 + 9);
		assert_int_equal(l.item_count, has_array ? 3 : 0);
	}
	arena_deinit(&arena);
	buf_deinit(&b);
}

static void keys_are_single_or_a_list(void **state)
{
	(void)state;
	assert_key(9, 7, true, false); /* OffsetFetch: a group and its topics */
	assert_key(9, 8, true, true);  /* groups and their topics */
	assert_key(10, 3, false, false);
	assert_key(10, 4, true, true);
	assert_key(12, 4, false, false);
	assert_key(42, 2, true, true);
	assert_key(24, 3, true, false); /* AddPartitionsToTxn */
}

static void values_are_found_with_their_places(void **state)
{
	const struct message about = { { { 1, 2, { 0, 3 } } }, 1 };
	const struct kapi *api = api_of(1);

	(void)state;
	for (int version = 0; version <= api_versions(api).max; version++) {
		struct buf b = message_encode(&about, api, version, REQUEST);
		struct arena arena;
		struct layout l;

		arena_init(&arena);
		message_read(&l, &arena, api, version, REQUEST, &b);
		assert_int_equal(l.max_wait_ms.size, 4);
		assert_int_equal(wire_get32(b.data + l.max_wait_ms.at), l.max_wait_ms.number);
		assert_int_equal(wire_get32(b.data + l.min_bytes.at), l.min_bytes.number);
		assert_int_equal(l.max_bytes.size, version >= 3 ? 4 : 0);
		assert_int_equal(l.session_epoch.size, version >= 7 ? 4 : 0);
		assert_int_equal(l.rack.size > 0, version >= 11);
		assert_true(l.replica.size > 0); /* in a tagged struct from 15 on */
		assert_int_equal(l.items[1].partition, 3);
		if (version < 9)
			assert_int_equal(l.items[1].leader_epoch, -1);
		else
			assert_true(l.items[1].leader_epoch >= 0);
		arena_deinit(&arena);
		buf_deinit(&b);
	}
}

static void a_null_array_is_told_from_an_empty_one(void **state)
{
	struct message about = { .null = true };

	(void)state;
	for (int null = 0; null <= 1; null++) {
		struct arena arena;
		struct layout l;
		struct buf b;

		about.null = null;
		b = message_encode(&about, api_of(3), 12, REQUEST);
		arena_init(&arena);
		message_read(&l, &arena, api_of(3), 12, REQUEST, &b);
		assert_true(l.has_array);
		assert_true(l.all_seen);
		assert_int_equal(l.array_null, null);
		arena_deinit(&arena);
		buf_deinit(&b);
	}
}

/* --- memory --- */

/* What was counted is what is taken. */
static void check_bytes(const struct kapi *api, int version)
{
	const struct message *all;
	const struct plan *plan = api_plan(api, version, REQUEST);
	struct layout_sum sum;
	struct arena arena;
	struct layout l;
	struct buf b;

	message_hard_ones(&all);
	b = message_encode(&all[2], api, version, REQUEST);
	arena_init(&arena);
	assert_true(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	message_read(&l, &arena, api, version, REQUEST, &b);
	assert_int_equal(sum.layout.topic_count, l.topic_count);
	assert_int_equal(sum.layout.item_count, l.item_count);
	assert_int_equal(sum.layout.record_bytes, l.record_bytes);
	assert_int_equal(l.topic_cap, l.topic_count);
	layout_keep(&l);
	if (arena_held(&arena) > 64 * 1024)
		assert_true(arena_held(&arena) <= layout_bytes(&sum));
	arena_deinit(&arena);
	buf_deinit(&b);
}

static void it_takes_what_was_counted(void **state)
{
	(void)state;
	message_each(has_items, check_bytes);
}

/* DescribeGroups 5 of so many empty names: one byte each. */
static struct buf empty_names(uint32_t said, uint32_t there)
{
	struct buf b;

	buf_init(&b, 8 << 20);
	buf_append_uvarint(&b, said + 1);
	for (uint32_t i = 0; i < there; i++)
		buf_append8(&b, 1);
	buf_append16(&b, 0); /* no operations are asked for, no tagged fields */
	return b;
}

static void a_layout_that_nobody_paid_for_is_full_soon(void **state)
{
	const struct plan *plan = api_plan(api_of(KEY_DESCRIBE_GROUPS), 5, REQUEST);
	struct buf b = empty_names(100000, 100000);
	struct arena arena;
	struct layout l;
	struct layout_sum sum;
	struct walk w;
	struct walk_event e;

	(void)state;
	arena_init(&arena);
	layout_init(&l, &arena);
	walk_init(&w, plan, (uint32_t)b.len);
	walk_input(&w, b.data, b.len);
	while (walk_next(&w, &e) == WALK_EVENT)
		layout_event(&l, &e);
	assert_true(l.is_full);
	assert_int_equal(l.item_count, LAYOUT_FEW);
	assert_false(l.all_seen);
	assert_true(arena_held(&arena) < 3 * LAYOUT_FEW * sizeof(struct layout_item));
	arena_deinit(&arena);
	assert_true(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	layout_init(&l, &arena);
	layout_read_counted(&l, &sum, plan, b.data, (uint32_t)b.len);
	layout_keep(&l); /* empty names cost nothing */
	assert_int_equal(l.item_count, 100000);
	/* a sanitizer has each piece alone */
	assert_true(ADDRESS_SANITIZED || arena_held(&arena) <= layout_bytes(&sum));
	assert_true(arena_held(&arena) >= 100000 * sizeof(struct layout_item));
	arena_deinit(&arena);
	buf_deinit(&b);
}

/* The count is on the wire first: nothing is walked. */
static void more_than_can_be_is_told_by_the_count(void **state)
{
	const struct plan *plan = api_plan(api_of(KEY_DESCRIBE_GROUPS), 5, REQUEST);
	struct buf b = empty_names(LAYOUT_MOST + 1, LAYOUT_MOST + 1);
	struct layout_sum sum;

	(void)state;
	assert_false(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	assert_true(sum.layout.is_full);
	assert_int_equal(sum.layout.item_count, 0);
	buf_deinit(&b);
	b = empty_names(LAYOUT_MOST, LAYOUT_MOST);
	assert_true(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	assert_int_equal(sum.layout.item_count, LAYOUT_MOST);
	buf_deinit(&b);
	b = empty_names(LAYOUT_MOST, 100);
	assert_false(layout_count(&sum, plan, b.data, (uint32_t)b.len));
	assert_false(sum.layout.is_full); /* malformed */
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_same_however_slow_it_comes),
		cmocka_unit_test(keys_are_single_or_a_list),
		cmocka_unit_test(values_are_found_with_their_places),
		cmocka_unit_test(a_null_array_is_told_from_an_empty_one),
		cmocka_unit_test(it_takes_what_was_counted),
		cmocka_unit_test(a_layout_that_nobody_paid_for_is_full_soon),
		cmocka_unit_test(more_than_can_be_is_told_by_the_count),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
