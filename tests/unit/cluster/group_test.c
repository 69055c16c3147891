/* A member of its group: what it asks of whom, and what it makes of the answers. */
#include "cluster/group.h"

#include "cluster/identity.h"
#include "cluster/subscription.h"
#include "kafka/errors.h"
#include "unit/apis.h"
#include "unit/cluster/stand_in_links.h"
#include "unit/turned_clock.h"

enum { TOPIC_PARTITIONS = 3 };

static char group_id[] = "gw", node_id[] = "n1";

struct told {
	unsigned maps, changes, strangers;
	size_t map_len;
};

static struct {
	struct ev_loop *loop;
	struct config config;
	struct snapshot *snapshot;
	struct group *group;
	struct told told;
} it;

static void on_map(void *owner, const uint8_t *map, size_t len)
{
	struct told *told = owner;

	(void)map;
	told->maps++;
	told->map_len = len;
}

static void on_change(void *owner)
{
	((struct told *)owner)->changes++;
}

static void on_stranger(void *owner)
{
	((struct told *)owner)->strangers++;
}

static void give_identity(const char *text)
{
	struct buf identity;

	buf_init(&identity, IDENTITY_MAX);
	buf_append(&identity, text, strlen(text));
	group_identity(it.group, &identity);
	buf_deinit(&identity);
}

static int begin(void **state)
{
	static const struct group_events events = { on_map, on_change, on_stranger };

	(void)state;
	memset(&it, 0, sizeof it);
	sent_clear();
	it.loop = ev_loop_new(EVFLAG_AUTO);
	it.config = (struct config){ .group_id = group_id,
				     .node_id = node_id,
				     .session_timeout_ms = 10000,
				     .heartbeat_interval_ms = 3000 };
	it.snapshot = make_cluster(3, "t", TOPIC_PARTITIONS);
	it.group = group_new(it.loop, NULL, &it.config, "t", &events, &it.told);
	return 0;
}

static int end(void **state)
{
	(void)state;
	group_free(it.group);
	snapshot_unref(it.snapshot);
	ev_loop_destroy(it.loop);
	sent_clear();
	return 0;
}

static void start(void)
{
	give_identity("ID");
	group_snapshot(it.group, it.snapshot);
}

/* The coordinator is broker 2. */
static void find(void)
{
	sent_answer(KEY_FIND_COORDINATOR, &(struct said){ .node = 2 });
}

/* The timer of its next step comes. */
static void wait_for(enum api_key key)
{
	for (int i = 0; i < 100 && sent_count(key) == 0; i++) {
		clock_turn(100);
		ev_run(it.loop, EVRUN_NOWAIT);
	}
	assert_int_equal(sent_count(key), 1);
}

static void become_stable(void)
{
	start();
	find();
	sent_answer(KEY_JOIN_GROUP,
		    &(struct said){ .member_id = "m1", .leader = "m9", .generation = 7 });
	sent_answer(KEY_SYNC_GROUP, &(struct said){ 0 });
	assert_int_equal(group_life(it.group)->state, MEMBER_STABLE);
}

static void nothing_is_asked_before_it_knows_the_brokers_and_itself(void **state)
{
	(void)state;
	group_snapshot(it.group, it.snapshot);
	assert_int_equal(links.count, 0);
	give_identity("ID");
	assert_int_equal(links.count, 1);
	assert_int_equal(sent_find(KEY_FIND_COORDINATOR)->purpose, LINE_FIND);
	sent_says(KEY_FIND_COORDINATOR, "key: \"gw\"");
	sent_says(KEY_FIND_COORDINATOR, "key_type: 0");
}

static void it_joins_at_the_coordinator_as_a_static_member(void **state)
{
	const struct sent *join;

	(void)state;
	start();
	find();
	assert_int_equal(links.kept_to, 2);
	join = sent_find(KEY_JOIN_GROUP);
	assert_int_equal(join->purpose, LINE_GROUP);
	assert_int_equal(join->broker, 2);
	assert_true(join->request.timeout_ms > it.config.session_timeout_ms);
	sent_says(KEY_JOIN_GROUP, "group_id: \"gw\"");
	sent_says(KEY_JOIN_GROUP, "member_id: \"\"");
	sent_says(KEY_JOIN_GROUP, "group_instance_id: \"n1\"");
	sent_says(KEY_JOIN_GROUP, "session_timeout_ms: 10000");
	sent_says(KEY_JOIN_GROUP, "rebalance_timeout_ms: 10000");
	sent_says(KEY_JOIN_GROUP, "protocol_type: \"consumer\"");
	sent_says(KEY_JOIN_GROUP, "name: \"anyport\"");
}

static void who_does_not_lead_gives_nothing_out(void **state)
{
	(void)state;
	start();
	find();
	sent_answer(KEY_JOIN_GROUP,
		    &(struct said){ .member_id = "m1", .leader = "m9", .generation = 7 });
	assert_false(group_is_leader(it.group));
	sent_says(KEY_SYNC_GROUP, "generation_id: 7");
	sent_says(KEY_SYNC_GROUP, "member_id: \"m1\"");
	sent_says(KEY_SYNC_GROUP, "assignments: []");
}

static void the_map_that_the_leader_sent_is_told(void **state)
{
	struct said synced = { 0 };
	struct buf map;

	(void)state;
	start();
	find();
	sent_answer(KEY_JOIN_GROUP,
		    &(struct said){ .member_id = "m1", .leader = "m9", .generation = 7 });
	buf_init(&map, 100);
	buf_init(&synced.data, 100);
	buf_append(&map, "MAP", 3);
	assignment_write(&synced.data, "t", NULL, 0, &map);
	sent_answer(KEY_SYNC_GROUP, &synced);
	assert_int_equal(it.told.maps, 1);
	assert_int_equal(it.told.map_len, 3);
	assert_int_equal(group_life(it.group)->state, MEMBER_STABLE);
	buf_deinit(&map);
	buf_deinit(&synced.data);
}

static void the_leader_gives_out_to_all(void **state)
{
	struct said joined = {
		.member_id = "m1", .leader = "m1", .generation = 7, .members = { "m2", "m1" }
	};
	struct buf identity;

	(void)state;
	start();
	find();
	buf_init(&identity, 100);
	buf_init(&joined.data, 100);
	buf_append(&identity, "ID", 2);
	subscription_write(&joined.data, "t", &identity);
	sent_answer(KEY_JOIN_GROUP, &joined);
	assert_true(group_is_leader(it.group));
	sent_says(KEY_SYNC_GROUP, "- member_id: \"m1\"");
	sent_says(KEY_SYNC_GROUP, "- member_id: \"m2\"");
	buf_deinit(&identity);
	buf_deinit(&joined.data);
}

/* A topic that gets more partitions has them given out anew, by the leader alone. */
static void more_partitions_are_given_out_anew(void **state)
{
	struct snapshot *more = make_cluster(3, "t", TOPIC_PARTITIONS + 1);

	(void)state;
	start();
	find();
	sent_answer(KEY_JOIN_GROUP, &(struct said){ .member_id = "m1", .leader = "m1" });
	sent_answer(KEY_SYNC_GROUP, &(struct said){ 0 });
	assert_int_equal(sent_count(KEY_JOIN_GROUP), 0);
	group_snapshot(it.group, more);
	wait_for(KEY_JOIN_GROUP);
	sent_says(KEY_JOIN_GROUP, "member_id: \"m1\"");
	snapshot_unref(it.snapshot);
	it.snapshot = more;
}

static void a_member_beats(void **state)
{
	(void)state;
	become_stable();
	wait_for(KEY_HEARTBEAT);
	sent_says(KEY_HEARTBEAT, "generation_id: 7");
	sent_says(KEY_HEARTBEAT, "member_id: \"m1\"");
	sent_says(KEY_HEARTBEAT, "group_instance_id: \"n1\"");
	sent_answer(KEY_HEARTBEAT, &(struct said){ 0 });
	assert_int_equal(group_life(it.group)->error, 0);
}

static void a_new_identity_joins_again(void **state)
{
	(void)state;
	become_stable();
	give_identity("NEW");
	wait_for(KEY_JOIN_GROUP);
	sent_says(KEY_JOIN_GROUP, "member_id: \"m1\"");
}

static void a_rebalance_joins_again(void **state)
{
	(void)state;
	become_stable();
	wait_for(KEY_HEARTBEAT);
	sent_answer(KEY_HEARTBEAT, &(struct said){ .error = ERROR_REBALANCE_IN_PROGRESS });
	wait_for(KEY_JOIN_GROUP);
}

static void a_coordinator_that_is_silent_is_looked_for_at_another_broker(void **state)
{
	int32_t first;

	(void)state;
	start();
	first = sent_find(KEY_FIND_COORDINATOR)->broker;
	find();
	sent_answer(KEY_JOIN_GROUP, NULL);
	assert_non_null(member_trouble(group_life(it.group)));
	wait_for(KEY_FIND_COORDINATOR);
	assert_int_not_equal(sent_find(KEY_FIND_COORDINATOR)->broker, first);
}

static void a_coordinator_that_nobody_knows_is_told(void **state)
{
	(void)state;
	start();
	sent_answer(KEY_FIND_COORDINATOR, &(struct said){ .node = 99 });
	assert_int_equal(it.told.strangers, 1);
	assert_int_equal(sent_count(KEY_JOIN_GROUP), 0);
	wait_for(KEY_FIND_COORDINATOR);
}

static void brokers_without_the_requests_are_trouble(void **state)
{
	(void)state;
	it.snapshot->offers[KEY_JOIN_GROUP] = (struct kversions){ 0, -1 };
	start();
	find();
	assert_int_equal(links.count, 0);
	assert_true(member_is_refused(group_life(it.group)));
	assert_true(it.told.changes > 0);
}

static void what_cannot_be_sent_counts_as_no_answer(void **state)
{
	(void)state;
	links.refuses = true;
	start();
	assert_int_equal(group_life(it.group)->error, MEMBER_NO_ANSWER);
	links.refuses = false;
	wait_for(KEY_FIND_COORDINATOR);
}

static void a_static_member_does_not_leave(void **state)
{
	bool left = false;

	(void)state;
	become_stable();
	group_leave(it.group, &left);
	assert_true(left);
	assert_int_equal(sent_count(KEY_LEAVE_GROUP), 0);
}

/* Fenced: another process has its instance id, so that it went on without one. */
static void a_member_without_instance_id_leaves(void **state)
{
	bool left = false;

	(void)state;
	become_stable();
	wait_for(KEY_HEARTBEAT);
	sent_answer(KEY_HEARTBEAT, &(struct said){ .error = ERROR_FENCED_INSTANCE_ID });
	wait_for(KEY_JOIN_GROUP);
	sent_says(KEY_JOIN_GROUP, "group_instance_id: null");
	sent_answer(KEY_JOIN_GROUP, &(struct said){ .member_id = "m2", .leader = "m9" });
	sent_answer(KEY_SYNC_GROUP, &(struct said){ 0 });
	group_leave(it.group, &left);
	assert_false(left);
	sent_says(KEY_LEAVE_GROUP, "- member_id: \"m2\"");
	sent_answer(KEY_LEAVE_GROUP, NULL);
	assert_true(left);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_asked_before_it_knows_the_brokers_and_itself),
		TEST(it_joins_at_the_coordinator_as_a_static_member),
		TEST(who_does_not_lead_gives_nothing_out),
		TEST(the_map_that_the_leader_sent_is_told),
		TEST(the_leader_gives_out_to_all),
		TEST(more_partitions_are_given_out_anew),
		TEST(a_member_beats),
		TEST(a_new_identity_joins_again),
		TEST(a_rebalance_joins_again),
		TEST(a_coordinator_that_is_silent_is_looked_for_at_another_broker),
		TEST(a_coordinator_that_nobody_knows_is_told),
		TEST(brokers_without_the_requests_are_trouble),
		TEST(what_cannot_be_sent_counts_as_no_answer),
		TEST(a_static_member_does_not_leave),
		TEST(a_member_without_instance_id_leaves),
	};

	return cmocka_run_group_tests_name("group", tests, apis_set_up, apis_tear_down);
}
