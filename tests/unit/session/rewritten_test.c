/* An answer that names addresses is held and written anew: what can't be shown is not. */
#include "session/session.h"

#include "unit/session/words.h"

#define METADATA "Metadata 9 id 1\ntopics:\n  - name: \"orders\"\n"
#define FIND "FindCoordinator 4 id 1\ncoordinator_keys: [ \"g\" ]\n"

static struct scene s;

static void begin(const char *request)
{
	scene_begin(&s);
	client_says(&s, 0, request);
	broker_takes(&s, 0);
}

/* The coordinator's address is a port of the gateway. */
static void a_coordinator_is_written_anew(void **state)
{
	char *text;

	(void)state;
	begin(FIND);
	broker_answers(&s, 0,
		       "coordinators:\n  - key: \"g\"\n    node_id: 2\n"
		       "    host: \"kafka-2.internal\"\n    port: 9092\n");
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "node_id: 2\n"));
	assert_non_null(strstr(text, "host: \"gateway\"\n"));
	assert_non_null(strstr(text, "port: 9094\n"));
	free(text);
	assert_int_equal(scene_count(&s, STAT_REWRITTEN), 1);
	scene_deinit(&s);
}

static void a_lost_broker_has_a_code_or_closes(void **state)
{
	(void)state;
	begin(FIND);
	scene_broker_dies(&s, 0);
	assert_client_gets(&s, 0, "error_code: 15");
	scene_deinit(&s);
	begin("DescribeCluster 0 id 1\n");
	scene_broker_dies(&s, 0);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* An address might be in what can't be read: nothing of it passes. */
static void an_answer_against_its_schema_closes_the_client(void **state)
{
	struct buf answer;

	(void)state;
	for (size_t cut = 1; cut < 30; cut += 7) {
		begin(METADATA);
		buf_init(&answer, SCENE_BYTES_MAX);
		words_answer(broker_owes(&s, 0, -1),
			     "brokers:\n  - node_id: 2\n    host: \"kafka-2.internal\"\n", &answer);
		wire_put32(answer.data, (uint32_t)(answer.len - cut - 4));
		scene_send_all(&s, s.brokers[0].ends[0].fd, answer.data, answer.len - cut);
		assert_client_closed(&s, 0);
		buf_deinit(&answer);
		scene_deinit(&s);
	}
}

static void what_is_not_its_answer_loses_the_broker(void **state)
{
	static const uint8_t other[] = { 0, 0, 0, 20, 0, 0, 0, 99 };

	(void)state;
	begin(FIND);
	scene_send_all(&s, s.brokers[0].ends[0].fd, other, sizeof other);
	assert_client_gets(&s, 0, "error_code: 15");
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST), 1);
	scene_deinit(&s);
}

/* Larger than the memory that there is: it could never be held. */
static void an_answer_larger_than_the_budget_closes_the_client(void **state)
{
	static const uint8_t huge[] = { 0x10, 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	begin(METADATA);
	scene_send_all(&s, s.brokers[0].ends[0].fd, huge, sizeof huge);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

/* A large one is held within the budget while it comes. */
static void a_large_answer_is_held_within_the_budget(void **state)
{
	struct buf answer, tree;
	char *text;

	(void)state;
	begin(METADATA);
	buf_init(&answer, SCENE_BYTES_MAX);
	buf_init(&tree, SCENE_BYTES_MAX);
	for (int i = 0; i < 30000; i++)
		buf_append8(&tree, 'r');
	buf_append8(&tree, 0);
	text = mem_printf("brokers:\n  - node_id: 1\n    rack: \"%s\"\n"
			  "  - node_id: 2\n    rack: \"%s\"\n  - node_id: 3\n    rack: \"%s\"\n",
			  (const char *)tree.data, (const char *)tree.data,
			  (const char *)tree.data);
	words_answer(broker_owes(&s, 0, -1), text, &answer);
	scene_send_all(&s, s.brokers[0].ends[0].fd, answer.data, answer.len / 2);
	scene_until(&s, scene_held(&s) == (int64_t)answer.len);
	scene_send_all(&s, s.brokers[0].ends[0].fd, answer.data + answer.len / 2,
		       answer.len - answer.len / 2);
	free(client_gets(&s, 0));
	assert_int_equal(scene_held(&s), 0);
	free(text);
	buf_deinit(&answer);
	buf_deinit(&tree);
	scene_deinit(&s);
}

/* What the answer says that is not known yet is told to the topology. */
static void what_is_new_is_noticed(void **state)
{
	(void)state;
	begin(METADATA);
	broker_answers(
		&s, 0,
		"brokers:\n  - node_id: 2\n    host: \"kafka-2.internal\"\n    port: 9092\n"
		"topics:\n  - name: \"orders\"\n    partitions:\n"
		"      - partition_index: 0\n        leader_id: 2\n        leader_epoch: 6\n");
	free(client_gets(&s, 0));
	assert_true(scene_noticed_topic(&s, "orders") || scene_notices(&s)->all);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_coordinator_is_written_anew),
		cmocka_unit_test(a_lost_broker_has_a_code_or_closes),
		cmocka_unit_test(an_answer_against_its_schema_closes_the_client),
		cmocka_unit_test(what_is_not_its_answer_loses_the_broker),
		cmocka_unit_test(an_answer_larger_than_the_budget_closes_the_client),
		cmocka_unit_test(a_large_answer_is_held_within_the_budget),
		cmocka_unit_test(what_is_new_is_noticed),
	};

	return cmocka_run_group_tests_name("rewritten", tests, scene_setup, scene_teardown);
}
