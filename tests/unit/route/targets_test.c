#include "route/targets.h"

#include "messages.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

/* Brokers 0 and 5; topic "a" (also by id): led by 5, 0, nobody, and a broker
 * that is gone. */
static struct snapshot *make_snapshot(void)
{
	static const int32_t leaders[] = { 5, 0, NO_BROKER, 9 };
	struct snapshot *s = snapshot_new(NULL);
	struct topic *t = snapshot_add_topic(s, "a", 1, (uint8_t[16]){ 1 }, 4);

	for (int i = 0; i < 4; i++)
		t->partitions[i].leader = leaders[i];
	s->brokers = mem_zalloc(2 * sizeof *s->brokers);
	s->broker_count = 2;
	s->brokers[1].id = 5;
	return s;
}

static void partitions_go_to_their_leaders(void **state)
{
	struct snapshot *s = make_snapshot();
	const uint8_t id[16] = { 1 }, other[16] = { 2 };
	struct layout_topic topics[] = { { .name = (const uint8_t *)"a", .name_len = 1 },
					 { .id = id },
					 { .name = (const uint8_t *)"b", .name_len = 1 },
					 { .id = other } };
	struct layout_item items[32] = { 0 };
	struct layout l = { .topics = topics, .items = items, .topic_count = 4 };
	static const int32_t expected[] = { -2, 5, 0, -2, -2, -2 };

	(void)state;
	for (uint32_t t = 0; t < 4; t++) {
		for (int32_t p = -1; p <= 4; p++)
			items[l.item_count++] = (struct layout_item){ .topic = t, .partition = p };
	}
	assert_int_equal(
		targets_set(&l, &(struct where_question){ .api = api_of(1), .snapshot = s }),
		24 - 4);
	for (uint32_t i = 0; i < l.item_count; i++) {
		int32_t target = i < 12 ? expected[i % 6] : TARGET_UNKNOWN;

		assert_int_equal(items[i].target, target);
	}
	targets_settle(&l, 0);
	for (uint32_t i = 0; i < l.item_count; i++)
		assert_int_equal(items[i].target, i < 12 && expected[i % 6] == 5 ? 5 : 0);
	snapshot_unref(s);
}

static void a_brokers_own_resources_go_to_it(void **state)
{
	static const struct {
		int16_t type;
		const char *name;
		int32_t target;
	} cases[] = {
		{ 4, "5", 5 },
		{ 8, "5", 5 },
		{ 4, "0", 0 },
		{ 4, "", TARGET_ANY },
		{ 4, "6", TARGET_ANY },
		{ 4, "5x", TARGET_ANY },
		{ 4, "-5", TARGET_ANY },
		{ 2, "5", TARGET_ANY },
		{ 16, "5", TARGET_ANY },
		{ 32, "5", TARGET_ANY },
		{ 4, "99999999999999999999", TARGET_ANY },
	};
	struct snapshot *s = make_snapshot();
	struct layout_item items[11] = { 0 };
	struct layout l = { .items = items, .item_count = 11, .by_key = true };
	int32_t targets[4];

	(void)state;
	for (uint32_t i = 0; i < 11; i++) {
		items[i].resource_type = cases[i].type;
		items[i].key = (const uint8_t *)cases[i].name;
		items[i].key_len = (uint32_t)strlen(cases[i].name);
	}
	assert_int_equal(
		targets_set(&l, &(struct where_question){ .api = api_of(32), .snapshot = s }), 0);
	for (uint32_t i = 0; i < 11; i++)
		assert_int_equal(items[i].target, cases[i].target);
	assert_int_equal(targets_distinct(&l, targets, 4), 3);
	assert_int_equal(targets[0], 5);
	assert_int_equal(targets[1], 0);
	assert_int_equal(targets[2], TARGET_ANY);
	assert_int_equal(targets_distinct(&l, targets, 2), 2);
	targets_settle(&l, 0);
	assert_int_equal(targets_distinct(&l, targets, 4), 2);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_go_to_their_leaders),
		cmocka_unit_test(a_brokers_own_resources_go_to_it),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
