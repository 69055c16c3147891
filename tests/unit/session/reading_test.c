/* Frame by frame from a client: heads, bodies that must be held, bad ones, and the end of input at
 * each place. */
#include "session/session.h"

#include "unit/session/words.h"

enum { IN_FLIGHT = 64, LARGE = 4 << 20 };

#define HEARTBEAT "group_id: \"g\"\nmember_id: \"m\"\n"

/* A Produce of two brokers: it can only be split when all of it is there. */
#define SPLIT                             \
	"Produce 7 id 1\n"                \
	"acks: 1\n"                       \
	"topic_data:\n"                   \
	"  - name: \"orders\"\n"          \
	"    partition_data:\n"           \
	"      - index: 0\n"              \
	"        records: 100000 bytes\n" \
	"      - index: 1\n"              \
	"        records: 100000 bytes\n"

#define PRODUCE                  \
	"Produce 7 id 1\n"       \
	"acks: 1\n"              \
	"topic_data:\n"          \
	"  - name: \"orders\"\n" \
	"    partition_data:\n"  \
	"      - index: 1\n"     \
	"        records: 1000 bytes\n"

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static struct buf frame_of(const char *text)
{
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&s.clients[0].said, words_request(text, &frame));
	return frame;
}

/* --- heads --- */

static void a_frame_may_come_in_single_bytes(void **state)
{
	struct buf frame;

	(void)state;
	scene_begin(&s);
	frame = frame_of("Heartbeat 4 id 1 client \"app\"\n" HEARTBEAT);
	for (size_t i = 0; i < frame.len; i++) {
		scene_client_sends(&s, 0, frame.data + i, 1);
		scene_turn(&s);
		scene_turn(&s);
		assert_true(i == frame.len - 1 || scene_broker_has(&s, 1) < 0);
	}
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_string_equal(client()->client_id, "app");
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* The same from the broker's side: its answer. */
static void an_answer_may_come_in_single_bytes(void **state)
{
	struct buf answer;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 4 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	buf_init(&answer, SCENE_BYTES_MAX);
	words_answer(broker_owes(&s, 1, -1), "error_code: 27\n", &answer);
	for (size_t i = 0; i < answer.len; i++) {
		scene_send_all(&s, s.brokers[1].ends[0].fd, answer.data + i, 1);
		scene_turn(&s);
	}
	assert_client_gets(&s, 0, "error_code: 27");
	buf_deinit(&answer);
	scene_deinit(&s);
}

static void a_client_id_is_kept_as_the_last_one_was(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "ApiVersions 0 id 1 client \"one\"");
	free(client_gets(&s, 0));
	assert_string_equal(client()->client_id, "one");
	client_says(&s, 0, "ApiVersions 0 id 2 client \"other\"");
	free(client_gets(&s, 0));
	assert_string_equal(client()->client_id, "other");
	client_says(&s, 0, "ApiVersions 0 id 3");
	free(client_gets(&s, 0));
	assert_null(client()->client_id);
	scene_deinit(&s);
}

/* --- bad frames --- */

struct bad {
	const char *bytes;
	size_t len;
};
#define BAD(text)                     \
	{                             \
		text, sizeof text - 1 \
	}

static void what_no_broker_takes_ends_the_client(void **state)
{
	static const struct bad all[] = {
		BAD("\0\0\0\7\0\0\0\0\0\0\0\0"),		       /* too short a size */
		BAD("\x7f\0\0\0\0\0\0\0\0\0\0\0"),		       /* too long a one */
		BAD("\0\0\0\x0a\x7d\0\0\0\0\0\0\1\xff\xff"),	       /* no such API */
		BAD("\0\0\0\x0a\0\4\0\0\0\0\0\1\xff\xff"),	       /* brokers' own */
		BAD("\0\0\0\x0a\0\x0c\xff\xff\0\0\0\1\xff\xff"),       /* version -1 */
		BAD("\0\0\0\x0a\0\x0c\0\x63\0\0\0\1\xff\xff"),	       /* version 99 */
		BAD("\0\0\0\x0a\0\x0c\0\3\0\0\0\1\0\x20"),	       /* too long a client id */
		BAD("\0\0\0\x10\0\x0c\0\3\0\0\0\1\xff\xff\0\5ab\0\0"), /* too long a group */
		BAD("\0\0\0\x12\0\0\0\7\0\0\0\1\xff\xff\xff\xff\0\1\0\0\0\0"), /* no topics */
		BAD("GET / HTTP/1.1\r\n\r\n"),
		BAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), /* TLS */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		scene_begin(&s);
		scene_client_sends(&s, 0, all[i].bytes, all[i].len);
		assert_client_closed(&s, 0);
		assert_null(client());
		assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 1);
		scene_deinit(&s);
	}
}

static void a_frame_may_be_as_large_as_brokers_allow(void **state)
{
	struct buf frame;

	(void)state;
	scene_begin(&s);
	frame = frame_of(PRODUCE);
	s.config.max_frame_bytes = (int64_t)frame.len - 4;
	scene_client_sends(&s, 0, frame.data, frame.len);
	broker_takes(&s, 1);
	s.config.max_frame_bytes--;
	scene_client_sends(&s, 0, frame.data, frame.len);
	scene_until(&s, scene_count(&s, STAT_BAD_FRAMES) == 1);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* Some broker does not serve it: then nobody is offered it. */
static void a_version_that_is_not_offered_is_bad(void **state)
{
	(void)state;
	scene_begin(&s);
	s.snapshot->offers[12].max = 3;
	client_says(&s, 0, "Heartbeat 4 id 1\n" HEARTBEAT);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 1);
	scene_deinit(&s);
}

/* ApiVersions says that Produce begins at 0, though brokers of today close on it. */
static void a_version_that_brokers_have_given_up_ends_it(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Produce 2 id 1\nacks: 1\n");
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 0);
	scene_deinit(&s);
}

static void a_brokers_fetch_is_no_clients(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Fetch 11 id 1\nreplica_id: 2\n");
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 1);
	scene_deinit(&s);
}

/* --- in flight --- */

static void no_more_than_so_many_are_in_flight(void **state)
{
	(void)state;
	scene_begin(&s);
	for (int i = 0; i < IN_FLIGHT + 2; i++)
		client_says(&s, 0, "Heartbeat 3 id 9\n" HEARTBEAT);
	for (int i = 0; i < IN_FLIGHT; i++)
		broker_takes(&s, 1);
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, 1), -1);
	assert_int_equal(client()->out.in_flight, IN_FLIGHT);
	broker_answers(&s, 1, "");
	broker_takes(&s, 1);
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, 1), -1);
	broker_answers(&s, 1, "");
	broker_takes(&s, 1);
	for (int i = 0; i < IN_FLIGHT; i++)
		broker_answers(&s, 1, "");
	for (int i = 0; i < IN_FLIGHT + 2; i++)
		assert_client_gets(&s, 0, "correlation id 9");
	assert_int_equal(client()->out.in_flight, 0);
	scene_deinit(&s);
}

/* --- held frames --- */

static void what_must_be_held_comes_out_of_the_budget(void **state)
{
	struct buf frame;

	(void)state;
	scene_begin(&s);
	frame = frame_of(SPLIT);
	scene_client_sends(&s, 0, frame.data, 150000);
	scene_until(&s, scene_held(&s) > 0);
	assert_int_equal(scene_held(&s), frame.len);
	scene_client_sends(&s, 0, frame.data + 150000, frame.len - 150000);
	buf_deinit(&frame);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	scene_until(&s, scene_held(&s) == 0); /* its last byte has left */
	broker_answers(&s, 0, "");
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

static void who_must_hold_waits_for_memory(void **state)
{
	enum { PARTS = 10 }; /* all that frames of their size may have, but for some KiB */
	struct reservation *taken[PARTS];

	(void)state;
	scene_begin(&s);
	for (int i = 0; i < PARTS; i++)
		taken[i] = scene_takes(&s, BUDGET_FRAMES, i < 9 ? LARGE : 1900 << 10);
	client_says(&s, 0, SPLIT);
	scene_until(&s, client()->in.state == IN_BUDGET);
	s.config.body_timeout_ms = s.config.head_timeout_ms = 0;
	scene_clock_fires(&s, 0); /* it is not the client that is slow */
	scene_be_still(&s);
	assert_int_equal(client()->in.state, IN_BUDGET);
	s.config.body_timeout_ms = SCENE_LONG_MS;
	budget_release(taken[0]);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	for (int i = 1; i < PARTS; i++)
		budget_release(taken[i]);
	scene_deinit(&s);
}

static void who_leaves_while_waiting_for_memory_gives_its_place_back(void **state)
{
	struct reservation *taken;

	(void)state;
	scene_begin(&s);
	budget_resize(s.shared.budget, 1 << 20, 100);
	taken = scene_takes(&s, BUDGET_FRAMES, 500 << 10);
	client_says(&s, 0, SPLIT);
	scene_until(&s, client()->in.state == IN_BUDGET);
	budget_release(taken); /* the grant is under way */
	client_free(client(), "the test closes it");
	scene_be_still(&s);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

static void what_is_larger_than_the_budget_is_closed(void **state)
{
	(void)state;
	scene_begin(&s);
	budget_resize(s.shared.budget, 128 << 10, 100);
	client_says(&s, 0, SPLIT);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

/* Memory that is larger than a block goes with the frame that it was reserved for: frames behind it
 * are read as all others, and one that is to be held itself is moved before it is looked at. */
static void frames_behind_a_held_one_have_a_block(void **state)
{
	static const char split[] = "Produce 7 id %d\nacks: 1\ntopic_data:\n"
				    "  - name: \"%s\"\n    partition_data:\n"
				    "      - index: 0\n        records: %d bytes\n"
				    "  - name: \"other\"\n    partition_data:\n"
				    "      - index: 0\n        records: %d bytes\n";
	char *texts[] = { mem_printf(split, 1, "new", 50000, 50000),
			  mem_printf(split, 2, "orders", 15000, 15000),
			  mem_printf(split, 3, "orders", 40000, 40000) };
	int room = 1 << 20, end;
	size_t behind;
	char *text;

	(void)state;
	scene_begin(&s);
	scene_topic(&s, "other", (int32_t[]){ 1 }, 1);
	setsockopt(s.clients[0].accepted, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	client_says(&s, 0, texts[0]);
	scene_until(&s, client()->in.state == IN_ASK);
	behind = client_says(&s, 0, texts[1]);
	behind += client_says(&s, 0, texts[2]);
	scene_come(&s, 0, behind);
	scene_topic(&s, "new", (int32_t[]){ 0 }, 1);
	scene_topology_answers(&s);
	broker_takes(&s, 0);
	broker_takes(&s, 0);
	text = broker_gets(&s, 0, &end);
	assert_non_null(strstr(text, "name: \"orders\""));
	free(text);
	for (int i = 0; i < 2; i++)
		broker_takes(&s, 1);
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "name: \"other\""));
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	scene_deinit(&s);
}

/* --- the end of input --- */

/* So many bytes of the frame, then nothing. */
static void ends_after(const char *text, size_t n)
{
	client_begins(&s, 0, n, text);
	scene_be_still(&s);
	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_until(&s, client() == NULL);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 0);
}

static void the_end_between_frames(void **state)
{
	(void)state;
	scene_begin(&s);
	ends_after(PRODUCE, 0);
	scene_deinit(&s);
}

static void the_end_in_a_head(void **state)
{
	(void)state;
	scene_begin(&s);
	ends_after(PRODUCE, 9);
	scene_deinit(&s);
}

static void the_end_in_a_body_that_is_not_routed(void **state)
{
	(void)state;
	scene_begin(&s);
	ends_after(PRODUCE, 30);
	assert_int_equal(s.brokers[1].end_count, 0);
	scene_deinit(&s);
}

static void the_end_in_a_frame_that_is_held(void **state)
{
	(void)state;
	scene_begin(&s);
	ends_after(SPLIT, 150000);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

/* The broker has half a frame: its connection goes too. */
static void the_end_in_a_frame_that_is_cut_through(void **state)
{
	(void)state;
	scene_begin(&s);
	ends_after(PRODUCE, 500);
	assert_int_equal(s.brokers[1].end_count, 1);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	assert_int_equal(scene_unread(&s.brokers[1].ends[0]), 500);
	scene_deinit(&s);
}

/* The broker has half a frame and resets the connection: what comes then goes nowhere. */
static struct buf frame_of_lost_broker(void)
{
	struct buf frame = frame_of(PRODUCE);
	struct scene_broker *b = &s.brokers[1];

	scene_client_sends(&s, 0, frame.data, 500);
	scene_until(&s, b->end_count == 1 && scene_unread(&b->ends[0]) == 500);
	scene_end_reset(&b->ends[0]);
	scene_client_sends(&s, 0, frame.data + 500, 100);
	scene_until(&s, client()->in.state == IN_SWALLOW);
	scene_be_still(&s);
	assert_int_equal(client()->in.state, IN_SWALLOW);
	return frame;
}

/* The broker did nothing with half a frame, and the client is served on. */
static void the_rest_of_a_lost_frame_is_swallowed(void **state)
{
	struct buf frame;

	(void)state;
	scene_begin(&s);
	frame = frame_of_lost_broker();
	scene_client_sends(&s, 0, frame.data + 600, frame.len - 600);
	assert_client_gets(&s, 0, "error_code: 6");
	client_says(&s, 0, "Heartbeat 3 id 2\n" HEARTBEAT);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2");
	buf_deinit(&frame);
	scene_deinit(&s);
}

static void the_end_in_what_is_swallowed(void **state)
{
	struct buf frame;

	(void)state;
	scene_begin(&s);
	frame = frame_of_lost_broker();
	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_until(&s, client() == NULL);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* While the topology is asked the end is not looked for: the request is whole, it is answered. */
static void the_end_behind_a_whole_request(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "ListOffsets 5 id 1\n"
		    "topics:\n"
		    "  - name: \"new\"\n"
		    "    partitions:\n"
		    "      - partition_index: 0\n");
	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_until(&s, client()->in.state == IN_ASK);
	scene_be_still(&s);
	assert_int_equal(client()->in.state, IN_ASK);
	scene_topic(&s, "new", (int32_t[]){ 2 }, 1);
	scene_topology_answers(&s);
	broker_takes(&s, 2);
	broker_answers(&s, 2, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* Nobody is told any more when the topology answers. */
static void who_leaves_while_the_topology_is_asked(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\ngroup_id: \"unknown\"\n");
	scene_until(&s, client()->in.state == IN_ASK);
	client_free(client(), "the test closes it");
	scene_topology_answers(&s);
	scene_be_still(&s);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_may_come_in_single_bytes),
		cmocka_unit_test(an_answer_may_come_in_single_bytes),
		cmocka_unit_test(a_client_id_is_kept_as_the_last_one_was),
		cmocka_unit_test(what_no_broker_takes_ends_the_client),
		cmocka_unit_test(a_frame_may_be_as_large_as_brokers_allow),
		cmocka_unit_test(a_version_that_is_not_offered_is_bad),
		cmocka_unit_test(a_version_that_brokers_have_given_up_ends_it),
		cmocka_unit_test(a_brokers_fetch_is_no_clients),
		cmocka_unit_test(no_more_than_so_many_are_in_flight),
		cmocka_unit_test(what_must_be_held_comes_out_of_the_budget),
		cmocka_unit_test(who_must_hold_waits_for_memory),
		cmocka_unit_test(who_leaves_while_waiting_for_memory_gives_its_place_back),
		cmocka_unit_test(what_is_larger_than_the_budget_is_closed),
		cmocka_unit_test(frames_behind_a_held_one_have_a_block),
		cmocka_unit_test(the_end_between_frames),
		cmocka_unit_test(the_end_in_a_head),
		cmocka_unit_test(the_end_in_a_body_that_is_not_routed),
		cmocka_unit_test(the_end_in_a_frame_that_is_held),
		cmocka_unit_test(the_end_in_a_frame_that_is_cut_through),
		cmocka_unit_test(the_rest_of_a_lost_frame_is_swallowed),
		cmocka_unit_test(the_end_in_what_is_swallowed),
		cmocka_unit_test(the_end_behind_a_whole_request),
		cmocka_unit_test(who_leaves_while_the_topology_is_asked),
	};

	return cmocka_run_group_tests_name("reading", tests, scene_setup, scene_teardown);
}
