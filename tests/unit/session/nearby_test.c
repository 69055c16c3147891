/* Reads from followers in the client's zone: whom a node asks, and what the client hears of it. */
#include "session/nearby.h"

#include "session/session.h"
#include "unit/session/words.h"

#include "kafka/errors.h"

/* "orders" is led by 0, in rack "a", and by 1, in rack "b"; broker 2, in rack "c", follows both. */
static struct scene s;

static struct partition *partition(int p)
{
	return &((struct topic *)(uintptr_t)snapshot_topic(s.snapshot, "orders", 6))->partitions[p];
}

static void begin(void)
{
	static const char *const racks[] = { "a", "b", "c" };

	scene_init(&s);
	s.config.listener.min_broker_id = 0;
	scene_topic(&s, "orders", (int32_t[]){ 0, 1 }, 2);
	for (int i = 0; i < SCENE_BROKERS; i++)
		s.snapshot->brokers[i].rack = mem_strdup(racks[i]);
	for (int p = 0; p < 2; p++)
		partition(p)->in_sync[0] = 2;
	scene_connect(&s);
	scene_be_still(&s);
}

/* About the first `count` partitions, in a session, or none (epoch -1). */
static void says(int id, int epoch, int count, const char *rack)
{
	char *text = mem_printf(
		"Fetch 11 id 1\nmax_wait_ms: 0\nsession_id: %d\nsession_epoch: %d\nrack_id: \"%s\"\n%s%s%s",
		id, epoch, rack,
		count > 0
			? "topics:\n  - topic: \"orders\"\n    partitions:\n      - partition: 0\n"
			: "",
		count > 1 ? "      - partition: 1\n" : "", "");

	client_says(&s, 0, text);
	free(text);
}

static char *answer_of(int partition, int error, int offset)
{
	return mem_printf(
		"session_id: 0\nresponses:\n  - topic: \"orders\"\n    partitions:\n"
		"      - partition_index: %d\n        error_code: %d\n        high_watermark: %d\n"
		"        last_stable_offset: %d\n",
		partition, error, offset, offset);
}

/* The broker gets what is asked, without a rack, and answers. */
static void asked(int broker, const char *answer)
{
	int by;
	char *text = broker_gets(&s, broker, &by);

	if (strstr(text, "rack_id") != NULL && strstr(text, "rack_id: \"\"") == NULL)
		fail_msg("broker %d hears of a rack:\n%s", broker, text);
	free(text);
	broker_answers(&s, broker, answer);
}

/* One Fetch of partition 0, which that broker is asked for and answers. */
static void fetches(const char *rack, int broker, int error, int offset, const char *heard)
{
	char *answer = answer_of(0, error, offset);

	says(0, -1, 1, rack);
	asked(broker, answer);
	assert_client_gets(&s, 0, heard);
	free(answer);
}

/* The same of both partitions, each asked of a broker. */
static void fetches_both(int broker, const char *answer, int other, const char *others,
			 const char *heard)
{
	says(0, -1, 2, "c");
	asked(broker, answer);
	asked(other, others);
	assert_client_gets(&s, 0, heard);
}

static void a_follower_in_the_zone_is_asked(void **state)
{
	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n"); /* the leader once */
	fetches("c", 2, 0, 8, "high_watermark: 8\n");
	fetches("c", 2, 0, 9, "high_watermark: 9\n");
	assert_int_equal(scene_count(&s, STAT_FOLLOWER_READS), 2);
	partition(0)->in_sync[0] = NO_BROKER;
	fetches("c", 0, 0, 9, "high_watermark: 9\n");
	scene_deinit(&s);
}

static void who_has_no_zone_reads_from_leaders(void **state)
{
	static const char *const zones[] = { "", "a", "nowhere" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		begin();
		fetches(zones[i], 0, 0, 8, "high_watermark: 8\n");
		fetches(zones[i], 0, 0, 8, "high_watermark: 8\n");
		assert_int_equal(scene_count(&s, STAT_FOLLOWER_READS), 0);
		scene_deinit(&s);
	}
	begin();
	s.config.follower_reads = false;
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	scene_deinit(&s);
}

/* Older clients' requests followers refuse. */
static void an_old_fetch_goes_to_the_leader(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 2; i++) {
		client_says(&s, 0,
			    "Fetch 10 id 1\nsession_epoch: -1\ntopics:\n  - topic: \"orders\"\n"
			    "    partitions:\n      - partition: 0\n");
		asked(0, "session_id: 0\n");
		assert_client_gets(&s, 0, "session_id: 0\n");
	}
	scene_deinit(&s);
}

static void offsets_do_not_go_back(void **state)
{
	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	fetches("c", 2, 0, 6, "high_watermark: 8\n        last_stable_offset: 8\n");
	fetches("c", 2, 0, 10, "high_watermark: 10\n        last_stable_offset: 10\n");
	partition(0)->in_sync[0] = NO_BROKER;
	fetches("c", 0, 0, 10, "high_watermark: 10\n");
	scene_deinit(&s);
}

/* Whatever a follower can't do, it is the leader's word that counts, and it is asked next. */
static void a_followers_error_is_not_told(void **state)
{
	static const int errors[] = {
		ERROR_OFFSET_OUT_OF_RANGE,    ERROR_UNKNOWN_TOPIC_OR_PARTITION,
		ERROR_NOT_LEADER_OR_FOLLOWER, ERROR_REPLICA_NOT_AVAILABLE,
		ERROR_KAFKA_STORAGE_ERROR,    ERROR_FENCED_LEADER_EPOCH,
		ERROR_OFFSET_NOT_AVAILABLE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		begin();
		fetches("c", 0, 0, 8, "high_watermark: 8\n");
		fetches("c", 2, errors[i], -1, "error_code: 0\n        high_watermark: 8\n");
		assert_int_equal(scene_count(&s, STAT_FOLLOWER_FALLBACKS), 1);
		assert_true(scene_noticed_topic(&s, "orders"));
		fetches("c", 0, 0, 9, "high_watermark: 9\n");
		fetches("c", 0, ERROR_OFFSET_OUT_OF_RANGE, -1,
			"error_code: 1\n"); /* the leader's is */
		scene_deinit(&s);
	}
}

static void a_follower_that_dies_gives_way_to_the_leader(void **state)
{
	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	fetches("c", 2, 0, 8, "high_watermark: 8\n");
	says(0, -1, 1, "c");
	broker_takes(&s, 2);
	scene_broker_dies(&s, 2);
	assert_client_gets(&s, 0, "error_code: 0\n        high_watermark: 8\n");
	fetches("c", 0, 0, 9, "high_watermark: 9\n");
	scene_deinit(&s);
}

/* The time of the oldest request is over. */
static void time_passes(void)
{
	struct client *c = scene_client(&s, 0);

	c->out.first->deadline = client_now(c) - 1;
	scene_clock_fires(&s, 0);
}

static void a_silent_follower_gives_way_sooner_than_a_leader(void **state)
{
	char *answer = answer_of(0, 0, 8);

	(void)state;
	begin();
	says(0, -1, 1, "c");
	free(broker_gets(&s, 0, &(int){ 0 }));
	time_passes();
	scene_be_still(&s);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 0);
	broker_answers(&s, 0, answer);
	assert_client_gets(&s, 0, "high_watermark: 8\n");
	says(0, -1, 1, "c");
	broker_takes(&s, 2);
	time_passes();
	assert_client_gets(&s, 0, "error_code: 0\n        high_watermark: 8\n");
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 1);
	fetches("c", 0, 0, 9, "high_watermark: 9\n");
	free(answer);
	scene_deinit(&s);
}

/* The client's next request says no zone: the one before is a follower's all the same. */
static void an_error_is_not_told_when_the_zone_has_gone(void **state)
{
	char *bad = answer_of(0, ERROR_OFFSET_OUT_OF_RANGE, -1), *good = answer_of(0, 0, 8);

	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	says(0, -1, 1, "c");
	says(0, -1, 1, "");
	asked(2, bad);
	assert_client_gets(&s, 0, "error_code: 0\n");
	asked(0, good);
	assert_client_gets(&s, 0, "high_watermark: 8\n");
	free(bad);
	free(good);
	scene_deinit(&s);
}

/* Both partitions are read at one broker, though two lead them; one falls back, and two are asked. */
static void parts_of_several_brokers(void **state)
{
	static const char both[] =
		"responses:\n  - topic: \"orders\"\n    partitions:\n"
		"      - partition_index: 0\n        high_watermark: 5\n"
		"      - partition_index: 1\n        error_code: 1\n        high_watermark: -1\n";
	char *answers[] = { answer_of(0, 0, 8), answer_of(1, 0, 8) };

	(void)state;
	begin();
	fetches_both(0, answers[0], 1, answers[1], "high_watermark: 8\n");
	says(0, -1, 2, "c");
	asked(2, both);
	assert_client_gets(
		&s, 0, "partition_index: 1\n        error_code: 0\n        high_watermark: 8\n");
	fetches_both(2, answers[0], 1, answers[1], "high_watermark: 8\n");
	free(answers[0]);
	free(answers[1]);
	scene_deinit(&s);
}

/* In a look for several brokers it is the same: the client hears of no error. */
static void an_error_of_one_part(void **state)
{
	char *good = answer_of(0, 0, 8), *bad = answer_of(1, ERROR_OFFSET_OUT_OF_RANGE, -1);
	char *first = answer_of(1, 0, 8);

	(void)state;
	begin();
	partition(0)->in_sync[0] = NO_BROKER;
	fetches_both(0, good, 1, first, "high_watermark: 8\n");
	fetches_both(0, good, 2, bad,
		     "partition_index: 1\n        error_code: 0\n        high_watermark: 8\n");
	free(good);
	free(bad);
	free(first);
	scene_deinit(&s);
}

/* The next Fetch of a session that the broker has, or a first one (id and epoch 0), which it answers
 * with the session told. */
static void session(int id, int epoch, int broker, int told)
{
	char *answer = mem_printf("session_id: %d\n", told);

	says(id, epoch, epoch == 0 ? 1 : 0, "c");
	asked(broker, answer);
	assert_client_gets(&s, 0, answer);
	free(answer);
}

/* The client is to begin anew, so that it is asked elsewhere. */
static void session_is_refused(int id, int epoch, const char *rack)
{
	says(id, epoch, 0, rack);
	assert_client_gets(&s, 0, "error_code: 70\n");
}

/* A session that a broker has: once all is read elsewhere the client begins anew, there. */
static void a_brokers_session_follows(void **state)
{
	(void)state;
	begin();
	session(0, 0, 0, 9);
	session_is_refused(9, 1, "c"); /* a follower is near */
	session(0, 0, 2, 5);
	session(5, 1, 2, 5);
	says(5, 2, 0, "c");
	asked(2, "session_id: 5\nresponses:\n  - topic: \"orders\"\n    partitions:\n"
		 "      - partition_index: 0\n        error_code: 1\n");
	assert_client_gets(&s, 0, "session_id: 5\n");
	session_is_refused(5, 3, "c"); /* where it is read it can't go on */
	session(0, 0, 0, 6);
	session(6, 1, 0, 6);
	scene_deinit(&s);
}

static void begin_session_at_the_follower(void)
{
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	session(0, 0, 2, 5);
}

/* A follower's session is none for who reads from leaders. */
static void a_brokers_session_ends_with_the_zone(void **state)
{
	(void)state;
	begin_session_at_the_follower();
	session_is_refused(5, 1, "");
	scene_deinit(&s);
	begin_session_at_the_follower();
	s.config.follower_reads = false;
	session_is_refused(5, 1, "c");
	session(0, 0, 0, 6);
	session(6, 1, 0, 6);
	scene_deinit(&s);
}

/* What is known of reads is held for long: an answer is taken as slowly as without. */
static void what_is_known_presses_nobody(void **state)
{
	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	assert_true(scene_held(&s) > 0);
	assert_int_equal(scene_client(&s, 0)->holds, 0);
	scene_deinit(&s);
}

/* Where there is no memory for what is known of a client's reads, they are its leaders'. */
static void without_memory_leaders_are_read(void **state)
{
	struct reservation *all;

	(void)state;
	begin();
	all = scene_takes(&s, BUDGET_SESSIONS, budget_largest(s.shared.budget, BUDGET_SESSIONS));
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	budget_release(all);
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	fetches("c", 2, 0, 8, "high_watermark: 8\n");
	assert_true(scene_held(&s) > 0);
	scene_deinit(&s);
}

/* The node is in the follower's zone: bytes are counted by where they go, on both sides. */
static void bytes_are_counted_by_zone(void **state)
{
	uint64_t other, same;

	(void)state;
	begin();
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	assert_int_equal(scene_count(&s, STAT_ZONE_BROKER_OTHER), 0); /* nobody knows the node's */
	s.config.rack_id = (char[]){ "c" };
	fetches("c", 2, 0, 8, "high_watermark: 8\n");
	same = scene_count(&s, STAT_ZONE_BROKER_SAME);
	assert_true(same > 0 && scene_count(&s, STAT_ZONE_CLIENT_SAME) > 0);
	assert_int_equal(scene_count(&s, STAT_ZONE_BROKER_OTHER), 0);
	assert_int_equal(scene_count(&s, STAT_ZONE_CLIENT_OTHER), 0);
	partition(0)->in_sync[0] = NO_BROKER;
	fetches("c", 0, 0, 8, "high_watermark: 8\n");
	other = scene_count(&s, STAT_ZONE_BROKER_OTHER);
	assert_int_equal(scene_count(&s, STAT_ZONE_BROKER_SAME), same);
	assert_int_equal(other, same); /* the same request, and the same answer */
	s.config.rack_id = NULL;
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_counted_by_zone),
		cmocka_unit_test(a_follower_in_the_zone_is_asked),
		cmocka_unit_test(who_has_no_zone_reads_from_leaders),
		cmocka_unit_test(an_old_fetch_goes_to_the_leader),
		cmocka_unit_test(offsets_do_not_go_back),
		cmocka_unit_test(a_followers_error_is_not_told),
		cmocka_unit_test(a_follower_that_dies_gives_way_to_the_leader),
		cmocka_unit_test(a_silent_follower_gives_way_sooner_than_a_leader),
		cmocka_unit_test(an_error_is_not_told_when_the_zone_has_gone),
		cmocka_unit_test(a_brokers_session_ends_with_the_zone),
		cmocka_unit_test(what_is_known_presses_nobody),
		cmocka_unit_test(parts_of_several_brokers),
		cmocka_unit_test(an_error_of_one_part),
		cmocka_unit_test(a_brokers_session_follows),
		cmocka_unit_test(without_memory_leaders_are_read),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
