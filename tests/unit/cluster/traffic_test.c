/* Load records to and from the internal topic: what is asked of which broker, and when. */
#include "cluster/traffic.h"

#include "kafka/errors.h"
#include "unit/apis.h"
#include "unit/cluster/stand_in_links.h"
#include "unit/turned_clock.h"

enum { PARTITIONS_HERE = 3 };

static struct {
	struct ev_loop *loop;
	struct snapshot *snapshot;
	struct traffic *traffic;
	unsigned noticed; /* the topic, to the topology */
	unsigned loads;
	uint64_t connections; /* in the last one */
	size_t keys;	      /* to be taken */
} it;

/* Stands in for the topology's. */
void topology_notice_topic(struct topology *t, struct topology_name topic)
{
	(void)t;
	assert_int_equal(topic.len, 1);
	assert_memory_equal(topic.name, "t", 1);
	it.noticed++;
}

static void on_load(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
		    const struct cluster_load *load)
{
	(void)owner;
	assert_int_equal(id_len, 5);
	assert_memory_equal(node_id, "other", 5);
	assert_int_equal(incarnation, 8);
	it.loads++;
	it.connections = load->connections;
}

static void on_keys(void *owner, const char *node_id, size_t id_len, const struct load_keys *keys)
{
	(void)owner;
	(void)node_id;
	(void)id_len;
	(void)keys;
}

static size_t take(void *owner, uint64_t *keys, size_t max)
{
	size_t n = it.keys;

	(void)owner;
	assert_true(n <= max);
	for (size_t i = 0; i < n; i++)
		keys[i] = i;
	it.keys = 0;
	return n;
}

static int begin(void **state)
{
	static const struct load_events events = { on_load, on_keys, NULL };

	(void)state;
	memset(&it, 0, sizeof it);
	sent_clear();
	it.loop = ev_loop_new(EVFLAG_AUTO);
	it.snapshot = make_cluster(PARTITIONS_HERE, "t", PARTITIONS_HERE);
	it.traffic = traffic_new(it.loop, NULL, NULL, "t", "self", &events);
	return 0;
}

static int end(void **state)
{
	(void)state;
	traffic_free(it.traffic);
	snapshot_unref(it.snapshot);
	ev_loop_destroy(it.loop);
	sent_clear();
	return 0;
}

static void use(struct snapshot *s)
{
	snapshot_unref(it.snapshot);
	it.snapshot = s;
	traffic_snapshot(it.traffic, s);
}

/* The first turn comes at once. */
static void start(void)
{
	traffic_snapshot(it.traffic, it.snapshot);
	ev_run(it.loop, EVRUN_NOWAIT);
}

static void find_ends(int64_t offset)
{
	while (sent_count(KEY_LIST_OFFSETS) > 0)
		sent_answer(KEY_LIST_OFFSETS, &(struct said){ .offset = offset });
}

static void pass(int64_t ms)
{
	clock_turn(ms);
	ev_run(it.loop, EVRUN_NOWAIT);
}

/* Until a turn of the timers has sent one. */
static void wait_for(enum api_key key)
{
	for (int64_t ms = 0; ms < 2 * TRAFFIC_EVERY_MS && sent_count(key) == 0; ms += 50)
		pass(50);
	assert_true(sent_count(key) > 0);
}

static void the_load_goes_to_one_partition_at_its_leader(void **state)
{
	const struct cluster_load load = { .connections = 12 };

	(void)state;
	traffic_load(it.traffic, 8, &load);
	start();
	assert_int_equal(sent_count(KEY_PRODUCE), 1);
	assert_int_equal(sent_find(KEY_PRODUCE)->purpose, LINE_LOAD);
	sent_says(KEY_PRODUCE, "acks: 1");
	sent_says(KEY_PRODUCE, "name: \"t\"");
	/* partition p is led by broker p + 1 */
	if (sent_find(KEY_PRODUCE)->broker == 1)
		sent_says(KEY_PRODUCE, "index: 0");
	else if (sent_find(KEY_PRODUCE)->broker == 2)
		sent_says(KEY_PRODUCE, "index: 1");
	else
		sent_says(KEY_PRODUCE, "index: 2");
}

static void every_partition_is_read_from_its_end(void **state)
{
	(void)state;
	start();
	assert_int_equal(sent_count(KEY_LIST_OFFSETS), PARTITIONS_HERE);
	assert_int_equal(sent_count(KEY_FETCH), 0);
	sent_says(KEY_LIST_OFFSETS, "timestamp: -1");
	find_ends(41);
	wait_for(KEY_FETCH);
	assert_int_equal(sent_count(KEY_FETCH), PARTITIONS_HERE);
	for (size_t i = 0; i < links.count; i++) {
		const struct sent *s = &links.list[i];

		if (s->request.key != KEY_FETCH)
			continue;
		assert_non_null(strstr(s->tree, "fetch_offset: 41"));
		/* a poll each has a connection of its own */
		assert_int_equal((int)s->purpose, (int)LINE_POLL + s->broker - 1);
	}
}

static void what_comes_is_told_and_read_on_from(void **state)
{
	const struct cluster_load load = { .connections = 77 };
	static const struct load_keys none;
	struct said fetched = { 0 };

	(void)state;
	start();
	find_ends(0);
	wait_for(KEY_FETCH);
	buf_init(&fetched.data, 1000);
	load_write(&fetched.data, 1, "other", 8, &load, &none, NULL);
	while (strstr(sent_find(KEY_FETCH)->tree, "fetch_offset: 0") != NULL && it.loads == 0)
		sent_answer(KEY_FETCH, &fetched);
	assert_int_equal(it.loads, 1);
	assert_int_equal(it.connections, 77);
	/* the next poll of that partition is out already, and begins behind it */
	assert_int_equal(sent_count(KEY_FETCH), PARTITIONS_HERE);
	assert_non_null(strstr(links.list[links.count - 1].tree, "fetch_offset: 1"));
	buf_deinit(&fetched.data);
}

static void a_position_that_is_gone_is_looked_for_again(void **state)
{
	(void)state;
	start();
	find_ends(5);
	wait_for(KEY_FETCH);
	sent_answer(KEY_FETCH, &(struct said){ .error = ERROR_OFFSET_OUT_OF_RANGE });
	wait_for(KEY_LIST_OFFSETS);
	assert_int_equal(sent_count(KEY_LIST_OFFSETS), 1);
	assert_null(traffic_trouble(it.traffic));
}

static void a_leader_that_moved_is_noticed(void **state)
{
	(void)state;
	start();
	sent_answer(KEY_PRODUCE, &(struct said){ .error = ERROR_NOT_LEADER_OR_FOLLOWER });
	assert_int_equal(it.noticed, 1);
	assert_null(traffic_trouble(it.traffic));
	find_ends(0);
	wait_for(KEY_FETCH);
	sent_answer(KEY_FETCH, &(struct said){ .error = ERROR_UNKNOWN_TOPIC_OR_PARTITION });
	assert_int_equal(it.noticed, 2);
}

static void no_right_to_the_topic_is_trouble_until_it_is_given(void **state)
{
	(void)state;
	start();
	sent_answer(KEY_PRODUCE, &(struct said){ .error = ERROR_TOPIC_AUTHORIZATION_FAILED });
	assert_non_null(traffic_trouble(it.traffic));
	find_ends(0);
	wait_for(KEY_FETCH);
	sent_answer(KEY_FETCH, &(struct said){ 0 });
	assert_null(traffic_trouble(it.traffic));
}

static void a_missing_topic_is_created_once(void **state)
{
	(void)state;
	use(make_cluster(2, "t", 0));
	ev_run(it.loop, EVRUN_NOWAIT);
	assert_int_equal(links.count, 1);
	sent_says(KEY_CREATE_TOPICS, "name: \"t\"");
	sent_says(KEY_CREATE_TOPICS, "num_partitions: 3");
	sent_says(KEY_CREATE_TOPICS, "replication_factor: 2"); /* there are two brokers */
	sent_says(KEY_CREATE_TOPICS, "value: \"600000\"");
	sent_answer(KEY_CREATE_TOPICS, &(struct said){ 0 });
	assert_int_equal(it.noticed, 1);
	assert_null(traffic_trouble(it.traffic));
}

static void a_topic_that_another_node_created_is_no_trouble(void **state)
{
	(void)state;
	use(make_cluster(2, "t", 0));
	ev_run(it.loop, EVRUN_NOWAIT);
	sent_answer(KEY_CREATE_TOPICS, &(struct said){ .error = ERROR_TOPIC_ALREADY_EXISTS });
	assert_int_equal(it.noticed, 1);
	assert_null(traffic_trouble(it.traffic));
}

static void a_topic_that_may_not_be_created_is_trouble(void **state)
{
	(void)state;
	use(make_cluster(2, "t", 0));
	ev_run(it.loop, EVRUN_NOWAIT);
	sent_answer(KEY_CREATE_TOPICS, &(struct said){ .error = ERROR_TOPIC_AUTHORIZATION_FAILED });
	assert_int_equal(it.noticed, 0);
	assert_non_null(traffic_trouble(it.traffic));
}

static void brokers_that_create_no_topics_are_trouble(void **state)
{
	struct snapshot *s = make_cluster(2, "t", 0);

	(void)state;
	s->offers[KEY_CREATE_TOPICS] = (struct kversions){ 0, -1 };
	use(s);
	ev_run(it.loop, EVRUN_NOWAIT);
	assert_int_equal(links.count, 0);
	assert_non_null(traffic_trouble(it.traffic));
}

/* The others are asked for what they have to tell once this node reads every partition. */
static void the_others_are_asked_once_all_is_read(void **state)
{
	(void)state;
	traffic_tell(it.traffic, take, NULL);
	start();
	sent_answer(KEY_PRODUCE, &(struct said){ 0 });
	assert_false(traffic_has_heard(it.traffic));
	find_ends(0);
	wait_for(KEY_PRODUCE); /* by the quick timer: there is something to tell */
	sent_answer(KEY_PRODUCE, &(struct said){ 0 });
	assert_false(traffic_has_heard(it.traffic)); /* answers take a while */
	pass(2000);
	assert_true(traffic_has_heard(it.traffic));
}

/* A record that did not arrive is said again with the same keys; those to come wait. */
static void keys_are_told_until_they_have_arrived(void **state)
{
	(void)state;
	traffic_tell(it.traffic, take, NULL);
	it.keys = 5;
	start();
	assert_int_equal(it.keys, 0);
	it.keys = 7;
	sent_answer(KEY_PRODUCE, NULL);
	wait_for(KEY_PRODUCE);
	assert_int_equal(it.keys, 7);
	sent_answer(KEY_PRODUCE, &(struct said){ 0 });
	wait_for(KEY_PRODUCE);
	assert_int_equal(it.keys, 0);
}

static void what_is_told_of_nothing_is_heard_at_once(void **state)
{
	(void)state;
	assert_true(traffic_has_heard(it.traffic));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_load_goes_to_one_partition_at_its_leader),
		TEST(every_partition_is_read_from_its_end),
		TEST(what_comes_is_told_and_read_on_from),
		TEST(a_position_that_is_gone_is_looked_for_again),
		TEST(a_leader_that_moved_is_noticed),
		TEST(no_right_to_the_topic_is_trouble_until_it_is_given),
		TEST(a_missing_topic_is_created_once),
		TEST(a_topic_that_another_node_created_is_no_trouble),
		TEST(a_topic_that_may_not_be_created_is_trouble),
		TEST(brokers_that_create_no_topics_are_trouble),
		TEST(the_others_are_asked_once_all_is_read),
		TEST(keys_are_told_until_they_have_arrived),
		TEST(what_is_told_of_nothing_is_heard_at_once),
	};

	return cmocka_run_group_tests_name("traffic", tests, apis_set_up, apis_tear_down);
}
