/* A request of several brokers whose answers become one: what is missing, wrong or too much. */
#include "session/session.h"

#include "unit/session/words.h"

#include "kafka/errors.h"

#define SPLIT(records)                                                                      \
	"Produce 7 id 1\nacks: 1\ntopic_data:\n  - name: \"orders\"\n    partition_data:\n" \
	"      - index: 0\n        records: " records " bytes\n"                            \
	"      - index: 1\n        records: " records " bytes\n"
#define OFFSETS                                                                \
	"ListOffsets 5 id 1\ntopics:\n  - name: \"orders\"\n    partitions:\n" \
	"      - partition_index: 0\n      - partition_index: 1\n"
#define GROUPS "ListGroups 4 id 1\n"

enum { TAKEN = 700 << 10 };

static struct scene s;

/* Brokers 0 to n - 1 have their parts. */
static void begin(const char *request, int n)
{
	scene_begin(&s);
	client_says(&s, 0, request);
	for (int i = 0; i < n; i++)
		broker_takes(&s, i);
}

static void offset_of(int broker, int partition)
{
	char *text = mem_printf("topics:\n  - name: \"orders\"\n    partitions:\n"
				"      - partition_index: %d\n        offset: 5\n",
				partition);

	broker_answers(&s, broker, text);
	free(text);
}

/* --- partitions --- */

/* A broker that leaves out what it was asked: not the right one for it. */
static void what_no_answer_has_gets_a_code(void **state)
{
	char *text;

	(void)state;
	begin(OFFSETS, 2);
	offset_of(0, 0);
	broker_answers(&s, 1, "");
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "partition_index: 1\n        error_code: 6\n"));
	assert_non_null(strstr(text, "partition_index: 0\n        error_code: 0\n"));
	free(text);
	assert_int_equal(scene_count(&s, STAT_SYNTHESIZED), 1);
	scene_deinit(&s);
}

/* Only what was written here is counted so. */
static void a_whole_answer_is_none_of_ours(void **state)
{
	(void)state;
	begin(OFFSETS, 2);
	offset_of(0, 0);
	offset_of(1, 1);
	free(client_gets(&s, 0));
	assert_int_equal(scene_count(&s, STAT_SYNTHESIZED), 0);
	assert_int_equal(s.w->stats.errors[ERROR_NOT_LEADER_OR_FOLLOWER + 1], 0);
	scene_deinit(&s);
}

/* What nobody asked for is not passed on. */
static void what_was_not_asked_is_left_out(void **state)
{
	char *text;

	(void)state;
	begin(OFFSETS, 2);
	offset_of(0, 0);
	broker_answers(&s, 1,
		       "topics:\n  - name: \"other\"\n    partitions:\n      - partition_index: 1\n"
		       "  - name: \"orders\"\n    partitions:\n      - partition_index: 1\n"
		       "      - partition_index: 2\n");
	text = client_gets(&s, 0);
	assert_null(strstr(text, "other"));
	assert_null(strstr(text, "partition_index: 2"));
	free(text);
	scene_deinit(&s);
}

static void an_answer_against_its_schema_closes_the_client(void **state)
{
	static const uint8_t bad[] = { 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0x7f, 0, 0, 0 };

	(void)state;
	begin(OFFSETS, 2);
	offset_of(0, 0);
	scene_send_all(&s, s.brokers[1].ends[0].fd, bad, sizeof bad);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* Hints of single answers would lead clients past the gateway: none is left. */
static void no_hints_are_passed_on(void **state)
{
	char *text;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "Produce 10 id 1\nacks: 1\ntopic_data:\n  - name: \"orders\"\n"
		    "    partition_data:\n      - index: 0\n      - index: 1\n");
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	broker_answers(&s, 0,
		       "responses:\n  - name: \"orders\"\n    partition_responses:\n"
		       "      - index: 0\n        error_code: 6\n        current_leader:\n"
		       "          leader_id: 2\n          leader_epoch: 9\n"
		       "node_endpoints:\n  - node_id: 2\n    host: \"kafka-2.internal\"\n");
	broker_answers(&s, 1,
		       "responses:\n  - name: \"orders\"\n    partition_responses:\n"
		       "      - index: 1\n");
	text = client_gets(&s, 0);
	assert_null(strstr(text, "kafka-2"));
	assert_null(strstr(text, "node_endpoints"));
	assert_non_null(strstr(text, "error_code: 6\n"));
	free(text);
	assert_true(scene_noticed_topic(&s, "orders"));
	scene_deinit(&s);
}

/* One of two brokers was lost before it had its part, the other after. */
static void each_part_is_lost_for_itself(void **state)
{
	char *text;

	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 0);
	client_says(&s, 0, SPLIT("10"));
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "index: 0\n        error_code: 6\n"));
	assert_non_null(strstr(text, "index: 1\n        error_code: 7\n"));
	free(text);
	scene_deinit(&s);
}

/* --- replicas that no one broker alone has --- */

#define MOVE(version)                                                                             \
	"AlterReplicaLogDirs " version " id 1\ndirs:\n  - path: \"/b\"\n    topics:\n"            \
	"      - name: \"orders\"\n        partitions: [ 0, 1 ]\n  - path: \"/c\"\n    topics:\n" \
	"      - name: \"orders\"\n        partitions: [ 2 ]\n"
#define MOVED(code)                                                  \
	"results:\n  - topic_name: \"orders\"\n    partitions:\n"    \
	"      - partition_index: 0\n        error_code: " code "\n" \
	"      - partition_index: 1\n        error_code: " code "\n" \
	"      - partition_index: 2\n        error_code: " code "\n"

/* A broker is asked for what it does not do, and says whether the client may; the client hears no
 * more of where replicas are than it may know. */
static void assert_moved(const char *request, const char *answer, const char *told)
{
	char *text;
	int end;

	begin(request, 0);
	scene_until(&s, scene_broker_has(&s, 0) >= 0 || scene_broker_has(&s, 1) >= 0 ||
				scene_broker_has(&s, 2) >= 0);
	for (int i = 0; i < SCENE_BROKERS; i++) {
		if (scene_broker_has(&s, i) < 0)
			continue;
		text = broker_gets(&s, i, &end);
		assert_null(strstr(text, "path: \"/"));
		assert_non_null(strstr(text, "path: \"\""));
		assert_non_null(strstr(text, "partitions: [ 0, 1 ]"));
		assert_non_null(strstr(text, "partitions: [ 2 ]"));
		free(text);
		broker_answers(&s, i, answer);
	}
	assert_client_gets(&s, 0, told);
	scene_deinit(&s);
}

static void who_may_move_replicas_says_a_broker(void **state)
{
	static const char *const requests[] = { MOVE("1"), MOVE("2") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		assert_moved(requests[i], MOVED("57"), MOVED("9"));
		assert_moved(requests[i], MOVED("31"), MOVED("31"));
	}
}

/* --- lists of all brokers --- */

static void lists_of_all_become_one(void **state)
{
	char *text;

	(void)state;
	begin(GROUPS, 3);
	broker_answers(&s, 0, "groups:\n  - group_id: \"a\"\n  - group_id: \"b\"\n");
	broker_answers(&s, 1, "");
	broker_answers(&s, 2, "groups:\n  - group_id: \"b\"\n  - group_id: \"c\"\n");
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "group_id: \"a\""));
	assert_non_null(strstr(text, "group_id: \"c\""));
	assert_null(strstr(strstr(text, "group_id: \"b\"") + 1, "group_id: \"b\"")); /* once */
	free(text);
	scene_deinit(&s);
}

/* Never a silently partial list. */
static void an_error_of_one_is_the_lists(void **state)
{
	char *text;

	(void)state;
	begin(GROUPS, 3);
	broker_answers(&s, 0, "groups:\n  - group_id: \"a\"\n");
	broker_answers(&s, 1, "error_code: 14\n");
	broker_answers(&s, 2, "");
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "error_code: 14\n"));
	assert_null(strstr(text, "group_id"));
	free(text);
	scene_deinit(&s);
}

static void a_lost_broker_is_the_lists_error(void **state)
{
	(void)state;
	begin(GROUPS, 3);
	broker_answers(&s, 0, "groups:\n  - group_id: \"a\"\n");
	broker_answers(&s, 1, "");
	scene_broker_dies(&s, 2);
	assert_client_gets(&s, 0, "error_code: 14\n");
	scene_deinit(&s);
}

/* What the broker that was dialled has can't be told: nobody else's stands in for it. */
static void a_lost_broker_that_was_dialled_has_no_stand_in(void **state)
{
	char *text;

	(void)state;
	scene_begin(&s);
	scene_client(&s, 0)->came.hint = hint_of_client(2);
	client_says(&s, 0, GROUPS);
	broker_takes(&s, 2);
	broker_answers(&s, 2, "groups:\n  - group_id: \"a\"\n");
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "group_id: \"a\""));
	free(text);
	scene_broker_dies(&s, 2);
	client_says(&s, 0, GROUPS);
	assert_client_gets(&s, 0, "error_code: 14\n");
	assert_int_equal(scene_count(&s, STAT_SPLITS), 0);
	scene_deinit(&s);
}

/* --- keys --- */

static void keys_are_answered_in_their_order(void **state)
{
	char *text, *a, *b, *c;

	(void)state;
	scene_begin(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "h", 2);
	client_says(&s, 0, "DescribeGroups 4 id 1\ngroups: [ \"h\", \"g\", \"h2\" ]\n");
	scene_until(&s, scene_question(&s) != NULL);
	scene_coordinator(&s, COORDINATOR_GROUP, "h2", 2);
	scene_topology_answers(&s);
	broker_takes(&s, 1);
	broker_takes(&s, 2);
	broker_answers(&s, 2,
		       "groups:\n  - group_id: \"h2\"\n  - error_code: 16\n    group_id: \"h\"\n");
	broker_answers(&s, 1, "groups:\n  - group_id: \"g\"\n");
	text = client_gets(&s, 0);
	a = strstr(text, "group_id: \"h\"");
	b = strstr(text, "group_id: \"g\"");
	c = strstr(text, "group_id: \"h2\"");
	assert_true(a != NULL && a < b && b < c);
	free(text);
	/* and the one that moved is forgotten: all of the request's are */
	assert_int_equal(topology_coordinator(s.shared.topology, COORDINATOR_GROUP, "h", 1),
			 NO_BROKER);
	scene_deinit(&s);
}

/* --- memory --- */

#define BIG_FETCH(partition)                                                                      \
	"responses:\n  - topic: \"orders\"\n    partitions:\n      - partition_index: " partition \
	"\n        records: 100000 bytes\n"

/* Answers that must be held come out of the budget, all at once, when their sizes are known. */
static void answers_are_held_within_the_budget(void **state)
{
	struct buf one, other;

	(void)state;
	begin("Fetch 4 id 1\nmin_bytes: 1\nmax_bytes: 1000000\ntopics:\n  - topic: \"orders\"\n"
	      "    partitions:\n      - partition: 0\n      - partition: 1\n",
	      2);
	buf_init(&one, SCENE_BYTES_MAX);
	buf_init(&other, SCENE_BYTES_MAX);
	words_answer(broker_owes(&s, 0, -1), BIG_FETCH("0"), &one);
	words_answer(broker_owes(&s, 1, -1), BIG_FETCH("1"), &other);
	scene_send_all(&s, s.brokers[0].ends[0].fd, one.data, one.len);
	scene_be_still(&s);
	assert_int_equal(scene_held(&s), 0); /* nobody waits for memory while holding some */
	scene_send_all(&s, s.brokers[1].ends[0].fd, other.data, 1000);
	scene_until(&s, scene_held(&s) == (int64_t)(one.len + other.len));
	scene_send_all(&s, s.brokers[1].ends[0].fd, other.data + 1000, other.len - 1000);
	free(client_gets(&s, 0));
	assert_int_equal(scene_held(&s), 0);
	buf_deinit(&one);
	buf_deinit(&other);
	scene_deinit(&s);
}

static void answers_larger_than_the_budget_close_the_client(void **state)
{
	static const uint8_t big[2][8] = { { 0x02, 0, 0, 0, 0, 0, 0, 0 },
					   { 0x02, 0, 0, 0, 0, 0, 0, 1 } };

	(void)state;
	begin(OFFSETS, 2);
	for (int i = 0; i < 2; i++)
		scene_send_all(&s, s.brokers[i].ends[0].fd, big[i], sizeof big[i]);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

/* The answer waits in the brokers' sockets until there is memory. */
static void answers_wait_for_memory(void **state)
{
	struct reservation *taken;

	(void)state;
	begin("Fetch 4 id 1\nmin_bytes: 1\nmax_bytes: 1000000\ntopics:\n  - topic: \"orders\"\n"
	      "    partitions:\n      - partition: 0\n      - partition: 1\n",
	      2);
	budget_resize(s.shared.budget, 1 << 20, 100);
	taken = scene_takes(&s, BUDGET_ANSWERS, TAKEN);
	broker_answers(&s, 0, BIG_FETCH("0"));
	broker_answers(&s, 1, BIG_FETCH("1"));
	scene_be_still(&s);
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
	assert_int_equal(scene_held(&s), TAKEN);
	budget_release(taken);
	free(client_gets(&s, 0));
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_answer_has_gets_a_code),
		cmocka_unit_test(a_whole_answer_is_none_of_ours),
		cmocka_unit_test(what_was_not_asked_is_left_out),
		cmocka_unit_test(an_answer_against_its_schema_closes_the_client),
		cmocka_unit_test(no_hints_are_passed_on),
		cmocka_unit_test(each_part_is_lost_for_itself),
		cmocka_unit_test(who_may_move_replicas_says_a_broker),
		cmocka_unit_test(lists_of_all_become_one),
		cmocka_unit_test(an_error_of_one_is_the_lists),
		cmocka_unit_test(a_lost_broker_is_the_lists_error),
		cmocka_unit_test(a_lost_broker_that_was_dialled_has_no_stand_in),
		cmocka_unit_test(keys_are_answered_in_their_order),
		cmocka_unit_test(answers_are_held_within_the_budget),
		cmocka_unit_test(answers_larger_than_the_budget_close_the_client),
		cmocka_unit_test(answers_wait_for_memory),
	};

	return cmocka_run_group_tests_name("merged", tests, scene_setup, scene_teardown);
}
