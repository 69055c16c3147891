/* A request with one broker whose answer passes as it comes: what is not an answer to it, and a
 * broker that is not there. */
#include "session/session.h"

#include "unit/session/words.h"

#define PRODUCE                  \
	"Produce 7 id 1\n"       \
	"acks: 1\n"              \
	"topic_data:\n"          \
	"  - name: \"orders\"\n" \
	"    partition_data:\n"  \
	"      - index: 1\n"     \
	"        records: 1000 bytes\n"
#define CREATE "CreateTopics 5 id 1\ntimeout_ms: 1000\n"

static struct scene s;

/* Broker 1 has a Produce. */
static void begin(void)
{
	scene_begin(&s);
	client_says(&s, 0, PRODUCE);
	broker_takes(&s, 1);
}

static void broker_sends(int broker, const void *bytes, size_t n)
{
	scene_send_all(&s, s.brokers[broker].ends[0].fd, bytes, n);
}

/* A late answer, or another's: nothing that comes over the connection can be told any more. */
static void what_is_not_its_answer_loses_the_broker(void **state)
{
	static const uint8_t wrong[][8] = {
		{ 0, 0, 0, 20, 0, 0, 0, 99 },		/* another correlation id */
		{ 0, 0, 0, 3, 0, 0, 0, 0 },		/* too short */
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 }, /* too long */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		begin();
		broker_sends(1, wrong[i], sizeof wrong[i]);
		assert_client_gets(&s, 0, "error_code: 7");
		scene_until(&s, s.brokers[1].ends[0].has_ended);
		assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST), 1);
		scene_deinit(&s);
	}
}

/* A part of the answer is with the client: it can only be cut off. */
static void a_loss_in_mid_answer_closes_the_client(void **state)
{
	struct buf answer;

	(void)state;
	begin();
	buf_init(&answer, SCENE_BYTES_MAX);
	words_answer(broker_owes(&s, 1, -1), "responses:\n  - name: \"orders\"\n", &answer);
	broker_sends(1, answer.data, 20);
	scene_until(&s, scene_unread(&s.clients[0].end) > 0);
	scene_end_close(&s.brokers[1].ends[0]);
	scene_until(&s, scene_client(&s, 0) == NULL);
	scene_until(&s, s.clients[0].end.has_ended);
	assert_true(scene_unread(&s.clients[0].end) < answer.len);
	buf_deinit(&answer);
	scene_deinit(&s);
}

/* Before its head is whole nothing has been said yet. */
static void a_loss_in_an_answers_head_has_a_code(void **state)
{
	static const uint8_t head[] = { 0, 0, 0, 20, 0, 0 };

	(void)state;
	begin();
	broker_sends(1, head, sizeof head);
	scene_be_still(&s);
	scene_end_close(&s.brokers[1].ends[0]);
	assert_client_gets(&s, 0, "error_code: 7");
	scene_deinit(&s);
}

static void an_answer_against_its_schema_closes_the_client(void **state)
{
	static const uint8_t bad[] = {
		0, 0, 0, 12, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0
	};

	(void)state;
	begin();
	broker_sends(1, bad, sizeof bad);
	scene_until(&s, scene_client(&s, 0) == NULL);
	assert_int_equal(scene_frame_size(&s.clients[0].end), 0);
	scene_deinit(&s);
}

/* Where no code would make the client do the right thing it is closed, as its broker was. */
static void what_has_no_code_closes_the_client(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, CREATE);
	broker_takes(&s, 0);
	scene_broker_dies(&s, 0);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* Records are spliced from socket to socket; every byte arrives. */
static void a_large_answer_passes_whole(void **state)
{
	enum { SIZE = 1000000 };
	struct scene_end *e = &s.clients[0].end;
	size_t n;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "Fetch 4 id 1\nmax_wait_ms: 500\ntopics:\n  - topic: \"orders\"\n"
		    "    partitions:\n      - partition: 1\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1,
		       "responses:\n  - topic: \"orders\"\n    partitions:\n"
		       "      - partition_index: 1\n        records: 1000000 bytes\n");
	scene_until(&s, scene_frame_size(e) > 0);
	n = scene_frame_size(e);
	assert_true(n > SIZE);
	for (size_t i = n - SIZE; i < n; i++)
		assert_int_equal(e->in.data[i], 'r');
	assert_true(scene_count(&s, STAT_SPLICED_BYTES) > 0 ||
		    !conn_pipes_in(&scene_client(&s, 0)->conn));
	free(client_gets(&s, 0));
	assert_null(scene_client(&s, 0)->out.first);
	scene_deinit(&s);
}

/* --- any broker --- */

/* A broker that can't be reached is passed by, and others are preferred for a while. */
static void another_broker_answers_what_any_can(void **state)
{
	int end, asked;

	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 0); /* which would have been the first */
	client_says(&s, 0, CREATE);
	scene_until(&s, scene_broker_has(&s, 1) >= 0 || scene_broker_has(&s, 2) >= 0);
	asked = scene_broker_has(&s, 1) >= 0 ? 1 : 2;
	free(broker_gets(&s, asked, &end));
	broker_answers(&s, asked, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_FAILED), 1);
	for (int i = 0; i < 20; i++)
		assert_int_not_equal(worker_any_broker(s.w, NO_BROKER), 0);
	scene_deinit(&s);
}

static void without_any_broker_the_client_is_closed(void **state)
{
	(void)state;
	scene_begin(&s);
	for (int i = 0; i < SCENE_BROKERS; i++)
		scene_broker_dies(&s, i);
	client_says(&s, 0, CREATE);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* A leader that can't be reached is not replaced by another broker: the client hears 6. */
static void nobody_stands_in_for_a_leader(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 1);
	client_says(&s, 0, PRODUCE);
	assert_client_gets(&s, 0, "error_code: 6");
	assert_int_equal(scene_count(&s, STAT_SYNTHESIZED), 1);
	scene_deinit(&s);
}

/* Its offsets are kept by a coordinator like any other's. */
static void a_group_without_a_name_is_a_group(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "", 2);
	client_says(&s, 0,
		    "OffsetCommit 2 id 1\ngroup_id: \"\"\ngeneration_id_or_member_epoch: -1\n");
	broker_takes(&s, 2);
	broker_answers(&s, 2, "");
	free(client_gets(&s, 0));
	client_says(&s, 0, "OffsetFetch 2 id 2\ngroup_id: \"\"\n");
	broker_takes(&s, 2);
	broker_answers(&s, 2, "");
	assert_client_gets(&s, 0, "error_code: 0");
	scene_deinit(&s);
}

/* Its one key is asked for once, however many partitions the request has. */
static void a_coordinator_that_nobody_has_is_asked_for_once(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "OffsetCommit 2 id 1\ngroup_id: \"nobody\"\ntopics:\n  - name: \"orders\"\n"
		    "    partitions:\n      - partition_index: 1\n");
	scene_until(&s, scene_question(&s) != NULL);
	scene_topology_answers(&s);
	scene_until(&s, scene_broker_has(&s, 0) >= 0 || scene_broker_has(&s, 1) >= 0 ||
				scene_broker_has(&s, 2) >= 0); /* any of them says it */
	assert_null(scene_question(&s));
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_its_answer_loses_the_broker),
		cmocka_unit_test(a_loss_in_mid_answer_closes_the_client),
		cmocka_unit_test(a_loss_in_an_answers_head_has_a_code),
		cmocka_unit_test(an_answer_against_its_schema_closes_the_client),
		cmocka_unit_test(what_has_no_code_closes_the_client),
		cmocka_unit_test(a_large_answer_passes_whole),
		cmocka_unit_test(another_broker_answers_what_any_can),
		cmocka_unit_test(without_any_broker_the_client_is_closed),
		cmocka_unit_test(nobody_stands_in_for_a_leader),
		cmocka_unit_test(a_group_without_a_name_is_a_group),
		cmocka_unit_test(a_coordinator_that_nobody_has_is_asked_for_once),
	};

	return cmocka_run_group_tests_name("through", tests, scene_setup, scene_teardown);
}
