/* A Fetch of several brokers that may wait: when it does, what ends it, and what becomes of the
 * polls that are left behind. */
#include "session/session.h"

#include "unit/session/words.h"

#define FETCH(wait, min)                                                                \
	"Fetch 4 id 1\nmax_wait_ms: " wait "\nmin_bytes: " min "\nmax_bytes: 1000000\n" \
	"topics:\n  - topic: \"orders\"\n    partitions:\n"                             \
	"      - partition: 0\n        fetch_offset: 10\n"                              \
	"      - partition: 1\n        fetch_offset: 20\n"
#define LONG_FETCH FETCH("60000", "1")
#define NOTHING(partition)                                     \
	"responses:\n  - topic: \"orders\"\n    partitions:\n" \
	"      - partition_index: " partition "\n        records: 0 bytes\n"
#define SOME(partition)                                        \
	"responses:\n  - topic: \"orders\"\n    partitions:\n" \
	"      - partition_index: " partition "\n        records: 50 bytes\n"

enum { POLL_S = 3 };	     /* a poll lasts at least */
enum { LOOK = 0, POLL = 1 }; /* the connections, in the order in which they are made */

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void begin(const char *request)
{
	scene_begin(&s);
	client_says(&s, 0, request);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
}

/* Both brokers have a poll. */
static void begin_waiting(const char *request)
{
	begin(request);
	broker_answers(&s, 0, NOTHING("0"));
	broker_answers(&s, 1, NOTHING("1"));
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	assert_int_equal(s.brokers[0].end_count, 2);
}

static void assert_nobody_waits(void)
{
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, 0), -1);
	assert_int_equal(scene_broker_has(&s, 1), -1);
	assert_null(client()->out.first);
}

/* --- the look is enough --- */

static void enough_data_is_an_answer(void **state)
{
	(void)state;
	begin(FETCH("60000", "100"));
	broker_answers(&s, 0, SOME("0"));
	broker_answers(&s, 1, SOME("1")); /* 50 each */
	assert_client_gets(&s, 0, "records: 50 bytes");
	assert_nobody_waits();
	scene_deinit(&s);
}

static void too_little_data_is_waited_for(void **state)
{
	(void)state;
	begin(FETCH("60000", "101"));
	broker_answers(&s, 0, SOME("0"));
	broker_answers(&s, 1, SOME("1"));
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
	scene_deinit(&s);
}

static void what_is_wrong_is_said_at_once(void **state)
{
	static const char *const wrong[] = {
		"responses:\n  - topic: \"orders\"\n    partitions:\n      - partition_index: 1\n"
		"        error_code: 1\n",
		"throttle_time_ms: 100\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		begin(LONG_FETCH);
		broker_answers(&s, 0, NOTHING("0"));
		broker_answers(&s, 1, wrong[i]);
		assert_client_gets(&s, 0, i == 0 ? "error_code: 1\n" : "throttle_time_ms: 100\n");
		assert_nobody_waits();
		scene_deinit(&s);
	}
}

static void who_does_not_wait_is_answered_at_once(void **state)
{
	static const char *const hasty[] = { FETCH("0", "1"), FETCH("60000", "0") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hasty); i++) {
		begin(hasty[i]);
		broker_answers(&s, 0, NOTHING("0"));
		broker_answers(&s, 1, NOTHING("1"));
		assert_client_gets(&s, 0, "records: 0 bytes");
		assert_nobody_waits();
		scene_deinit(&s);
	}
}

static void a_broker_lost_in_the_look_is_said_at_once(void **state)
{
	char *text;

	(void)state;
	begin(LONG_FETCH);
	broker_answers(&s, 0, SOME("0"));
	scene_broker_dies(&s, 1);
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "partition_index: 1\n        error_code: 6\n"));
	assert_non_null(strstr(text, "records: 50 bytes"));
	free(text);
	scene_deinit(&s);
}

static void an_answer_against_its_schema_closes_the_client(void **state)
{
	static const uint8_t bad[] = { 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0x7f, 0, 0, 0 };

	(void)state;
	begin(LONG_FETCH);
	broker_answers(&s, 0, NOTHING("0"));
	scene_send_all(&s, s.brokers[1].ends[LOOK].fd, bad, sizeof bad);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* --- what ends the wait --- */

/* The first that has something ends it; the others' answers are those of the look. */
static void news_end_the_wait(void **state)
{
	char *text;

	(void)state;
	begin_waiting(LONG_FETCH);
	broker_answers_on(&s, 1, POLL, SOME("1"));
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "records: 50 bytes"));
	assert_non_null(strstr(text, "records: 0 bytes"));
	free(text);
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
	scene_deinit(&s);
}

/* A poll that ends long before its time has a reason to. */
static void a_poll_that_ends_early_ends_the_wait(void **state)
{
	(void)state;
	begin_waiting(LONG_FETCH);
	broker_answers_on(&s, 0, POLL, NOTHING("0"));
	assert_client_gets(&s, 0, "records: 0 bytes");
	scene_deinit(&s);
}

/* The client's wait ends in its own time; the polls stay, and nobody is asked the same again. */
static void a_wait_ends_in_its_time_and_its_polls_stay(void **state)
{
	ev_tstamp since;

	(void)state;
	begin_waiting(FETCH("200", "1"));
	since = client_now(client());
	assert_client_gets(&s, 0, "records: 0 bytes");
	assert_true(clock_s() >= since + 0.1);
	for (int i = 0; i < 3; i++) {
		client_says(&s, 0, FETCH("50", "1"));
		assert_client_gets(&s, 0, "records: 0 bytes");
		assert_nobody_waits();
	}
	client_says(&s, 0, LONG_FETCH);
	scene_be_still(&s);
	broker_answers_on(&s, 0, POLL, SOME("0"));
	assert_client_gets(&s, 0, "records: 50 bytes");
	scene_deinit(&s);
}

static void a_broker_lost_in_the_wait_ends_it(void **state)
{
	char *text;

	(void)state;
	begin_waiting(LONG_FETCH);
	scene_broker_dies(&s, 1);
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "partition_index: 1\n        error_code: 6\n"));
	assert_non_null(strstr(text, "partition_index: 0\n        error_code: 0\n"));
	free(text);
	scene_deinit(&s);
}

/* The client's connection is not kept from what is asked meanwhile. */
static void other_requests_leave_while_it_waits(void **state)
{
	(void)state;
	begin_waiting(LONG_FETCH);
	client_says(&s, 0, "Heartbeat 3 id 2\ngroup_id: \"g\"\n");
	broker_takes(&s, 1);
	broker_answers_on(&s, 1, LOOK, "");
	scene_be_still(&s);
	assert_int_equal(scene_unread(&s.clients[0].end), 0); /* its turn has not come */
	broker_answers_on(&s, 0, POLL, SOME("0"));
	assert_client_gets(&s, 0, "answer Fetch");
	assert_client_gets(&s, 0, "answer Heartbeat");
	scene_deinit(&s);
}

/* --- polls that are left behind --- */

/* Broker 1's poll is left, and the client has its answer. */
static void leave_a_poll(void)
{
	begin_waiting(LONG_FETCH);
	broker_answers_on(&s, 0, POLL, SOME("0"));
	free(client_gets(&s, 0));
	assert_non_null(client()->standing);
}

/* It is a moment's work to close an idle connection, and a poll's is not idle; nor is a client
 * closed for balance while a broker may be about to answer it. */
static void it_keeps_its_connection(void **state)
{
	struct upstream *u;

	(void)state;
	leave_a_poll();
	for (u = client()->upstreams; u->broker != 1 || u->purpose != FOR_POLLS;)
		u = u->next;
	assert_true(standing_keeps(client(), u));
	assert_false(standing_keeps(client(), NULL));
	for (u = client()->upstreams; u->broker != 0 || u->purpose != FOR_POLLS;)
		u = u->next;
	assert_false(standing_keeps(client(), u));
	scene_deinit(&s);
}

/* The next Fetch asks broker 1 the same: what its poll has said meanwhile is the answer. */
static void the_next_one_takes_over_what_it_said(void **state)
{
	(void)state;
	leave_a_poll();
	broker_answers_on(&s, 1, POLL, SOME("1"));
	scene_be_still(&s);
	client_says(&s, 0, LONG_FETCH);
	broker_takes(&s, 0); /* only broker 0 is looked at */
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	assert_client_gets(&s, 0, "records: 50 bytes");
	assert_int_equal(s.brokers[1].end_count, 2);
	scene_deinit(&s);
}

/* What the poll has said is told with what others have, however much that is. */
static void what_a_left_poll_said_is_not_left_out(void **state)
{
	char *text;

	(void)state;
	leave_a_poll();
	broker_answers_on(&s, 1, POLL, SOME("1"));
	scene_be_still(&s);
	client_says(&s, 0, LONG_FETCH);
	broker_takes(&s, 0);
	broker_answers_on(&s, 0, LOOK, SOME("0"));
	text = client_gets(&s, 0);
	assert_null(strstr(text, "records: 0 bytes"));
	free(text);
	assert_nobody_waits();
	scene_deinit(&s);
}

/* Waits until a poll's time is over that began no later than now. */
static void let_polls_end(void)
{
	ev_tstamp until = clock_s() + POLL_S;

	scene_until(&s, clock_s() >= until);
}

/* A poll that was taken over ends in its own time, which is not this wait's: it is asked anew. */
static void an_adopted_poll_that_ends_is_asked_anew(void **state)
{
	char *text;
	int end;

	(void)state;
	begin(FETCH("200", "1"));
	broker_answers(&s, 0, NOTHING("0"));
	broker_answers(&s, 1, NOTHING("1"));
	broker_takes(&s, 0);
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "max_wait_ms: 3000\n"));
	free(text);
	assert_client_gets(&s, 0, "records: 0 bytes");
	client_says(&s, 0, LONG_FETCH);
	let_polls_end();
	broker_answers_on(&s, 1, POLL, NOTHING("1"));
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "request Fetch"));
	assert_int_equal(end, POLL);
	free(text);
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
	broker_answers_on(&s, 1, POLL, SOME("1"));
	assert_client_gets(&s, 0, "records: 50 bytes");
	scene_deinit(&s);
}

/* Another question: the poll is given up with its connection, and the broker is looked at. */
static void another_question_gives_it_up(void **state)
{
	(void)state;
	leave_a_poll();
	client_says(&s, 0,
		    "Fetch 4 id 1\nmax_wait_ms: 60000\nmin_bytes: 1\nmax_bytes: 1000000\n"
		    "topics:\n  - topic: \"orders\"\n    partitions:\n"
		    "      - partition: 0\n        fetch_offset: 10\n"
		    "      - partition: 1\n        fetch_offset: 21\n");
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	scene_until(&s, s.brokers[1].ends[POLL].has_ended);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST),
			 0); /* it says nothing of the broker */
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	broker_answers_on(&s, 1, LOOK, NOTHING("1"));
	broker_takes(&s, 1); /* the new poll, on a connection of its own */
	assert_int_equal(s.brokers[1].end_count, 3);
	scene_deinit(&s);
}

/* A shorter wait is over before the poll is: that stays. */
static void a_shorter_wait_takes_it_over(void **state)
{
	(void)state;
	leave_a_poll();
	client_says(&s, 0, FETCH("100", "1"));
	broker_takes(&s, 0);
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	broker_takes(&s, 0);
	assert_client_gets(&s, 0, "records: 0 bytes");
	assert_nobody_waits();
	assert_false(s.brokers[1].ends[POLL].has_ended);
	scene_deinit(&s);
}

/* A broker that does not end a poll in its time is silent: it is looked at, by another connection. */
static void a_poll_that_does_not_end_loses_its_broker(void **state)
{
	(void)state;
	begin_waiting(FETCH("200", "1"));
	assert_client_gets(&s, 0, "records: 0 bytes");
	let_polls_end();
	let_polls_end();
	let_polls_end(); /* and what a broker may take longer */
	client_says(&s, 0, FETCH("200", "1"));
	scene_until(&s, s.brokers[1].ends[POLL].has_ended);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	scene_deinit(&s);
}

/* The broker has closed the poll's connection meanwhile: it is asked anew, and nothing is wrong. */
static void it_goes_with_its_connection(void **state)
{
	(void)state;
	leave_a_poll();
	scene_end_close(&s.brokers[1].ends[POLL]);
	scene_be_still(&s);
	client_says(&s, 0, LONG_FETCH);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	assert_null(client()->standing);
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	broker_answers_on(&s, 1, LOOK, NOTHING("1"));
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	assert_int_equal(s.brokers[1].end_count, 3);
	broker_answers_on(&s, 1, 2, SOME("1"));
	assert_client_gets(&s, 0, "records: 50 bytes");
	scene_deinit(&s);
}

static void it_goes_with_the_client(void **state)
{
	(void)state;
	leave_a_poll();
	scene_end_close(&s.clients[0].end);
	scene_until(&s, client() == NULL);
	scene_until(&s, s.brokers[1].ends[POLL].has_ended);
	scene_deinit(&s);
}

/* The client goes in the middle of a wait. */
static void a_wait_ends_with_the_client(void **state)
{
	(void)state;
	begin_waiting(LONG_FETCH);
	scene_end_reset(&s.clients[0].end);
	scene_until(&s, client() == NULL);
	scene_deinit(&s);
}

/* A poll that the next Fetch has taken over is lost: that wait ends. */
static void an_adopted_poll_may_be_lost(void **state)
{
	(void)state;
	leave_a_poll();
	client_says(&s, 0, LONG_FETCH);
	broker_takes(&s, 0);
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	broker_takes(&s, 0);
	scene_end_close(&s.brokers[1].ends[POLL]);
	assert_client_gets(&s, 0, "error_code: 6\n");
	scene_deinit(&s);
}

/* The poll is lost while the next Fetch, which counts on it, still looks elsewhere: the same. */
static void a_poll_may_be_lost_before_it_is_adopted(void **state)
{
	(void)state;
	leave_a_poll();
	client_says(&s, 0, LONG_FETCH);
	broker_takes(&s, 0);
	scene_end_close(&s.brokers[1].ends[POLL]);
	scene_be_still(&s);
	broker_answers_on(&s, 0, LOOK, NOTHING("0"));
	assert_client_gets(&s, 0, "error_code: 6\n");
	scene_deinit(&s);
}

/* --- polls that have left in part --- */

enum { MANY = 300000, SMALL_BUFFER = 4096 };

/* A Fetch of partition 0 once, and so often of partition 1 that no socket takes its frame at once. */
static bool fill_large(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	(void)ctx;
	switch (f->is) {
	case MAX_WAIT_MS:
		v->number = 60000;
		return true;
	case MIN_BYTES:
	case TOPICS:
		v->number = 1;
		return true;
	case MAX_BYTES:
		v->number = 1000000;
		return true;
	case TOPIC_NAME:
		*v = (struct encode_value){ .bytes = (const uint8_t *)"orders", .len = 6 };
		return true;
	case PARTITIONS:
		v->number = MANY;
		return true;
	case PARTITION:
		v->number = f->index[1] > 0;
		return true;
	default:
		return false;
	}
}

static void say_large(uint32_t id)
{
	struct scene_asked asked = { .correlation_id = id, .api = api_of(KEY_FETCH), .version = 4 };
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	buf_append32(&frame, 0);
	buf_append16(&frame, KEY_FETCH);
	buf_append16(&frame, 4);
	buf_append32(&frame, id);
	buf_append16(&frame, UINT16_MAX);
	assert_true(encode_message(asked.api, 4, REQUEST, fill_large, NULL, &frame));
	wire_put32(frame.data, (uint32_t)frame.len - 4);
	words_note(&s.clients[0].said, asked);
	scene_client_sends(&s, 0, frame.data, frame.len);
	buf_deinit(&frame);
}

/* As broker_takes, but for the words: there are millions. */
static void take_large(int broker)
{
	struct scene_broker *b = &s.brokers[broker];
	struct request_head head;
	struct scene_end *e;
	int end;

	scene_until(&s, (end = scene_broker_has(&s, broker)) >= 0);
	e = &b->ends[end];
	assert_int_equal(head_read(e->in.data + e->taken, scene_frame_size(e), INT32_MAX, &head),
			 HEAD_OK);
	words_note(&b->got, (struct scene_asked){ .end = end,
						  .correlation_id = head.correlation_id,
						  .api = head.api,
						  .version = head.version });
	e->taken += scene_frame_size(e);
}

/* Frames that have left in part. */
static int half_frames(void)
{
	int n = 0;

	for (const struct upstream *u = client()->upstreams; u != NULL; u = u->next)
		n += u->writer != NULL;
	return n;
}

/* Broker 1 doesn't read its poll, of which a part has left when broker 0's ends the wait.  Its end's descriptor. */
static int begin_half_poll(void)
{
	struct scene_broker *b = &s.brokers[1];
	int small = SMALL_BUFFER, fd;

	scene_begin(&s);
	setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	budget_resize(s.shared.budget, (int64_t)4 << 30, 100); /* what is so large is paid for */
	say_large(1);
	broker_takes(&s, 0);
	take_large(1);
	broker_answers(&s, 0, NOTHING("0"));
	broker_answers(&s, 1, NOTHING("1"));
	scene_until(&s, b->end_count == 2);
	fd = b->ends[POLL].fd;
	b->ends[POLL].fd = -1;
	broker_takes(&s, 0);
	assert_int_equal(half_frames(), 1);
	broker_answers(&s, 0, SOME("0"));
	free(client_gets(&s, 0));
	return fd;
}

/* What has begun there comes to its end, or the connection does: nothing else is in between. */
static void assert_frames_or_end(struct scene_end *e)
{
	struct request_head head;

	scene_until(&s, e->has_ended || scene_frame_size(e) > 0);
	for (size_t n; (n = scene_frame_size(e)) > 0; e->taken += n) {
		assert_int_equal(head_read(e->in.data + e->taken, n, INT32_MAX, &head), HEAD_OK);
		assert_int_equal(head.api->key, KEY_FETCH);
	}
}

static void half_a_poll_is_followed_by_nothing_else(void **state)
{
	int fd;

	(void)state;
	fd = begin_half_poll();
	say_large(2);
	take_large(1); /* its look */
	broker_takes(&s, 0);
	broker_answers(&s, 0, NOTHING("0"));
	broker_answers_on(&s, 1, LOOK, NOTHING("1"));
	scene_be_still(&s);
	s.brokers[1].ends[POLL].fd = fd; /* now it reads */
	assert_frames_or_end(&s.brokers[1].ends[POLL]);
	assert_int_equal(client()->life.state, LIFE_SERVED);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enough_data_is_an_answer),
		cmocka_unit_test(too_little_data_is_waited_for),
		cmocka_unit_test(what_is_wrong_is_said_at_once),
		cmocka_unit_test(who_does_not_wait_is_answered_at_once),
		cmocka_unit_test(a_broker_lost_in_the_look_is_said_at_once),
		cmocka_unit_test(an_answer_against_its_schema_closes_the_client),
		cmocka_unit_test(news_end_the_wait),
		cmocka_unit_test(a_poll_that_ends_early_ends_the_wait),
		cmocka_unit_test(a_wait_ends_in_its_time_and_its_polls_stay),
		cmocka_unit_test(a_broker_lost_in_the_wait_ends_it),
		cmocka_unit_test(other_requests_leave_while_it_waits),
		cmocka_unit_test(it_keeps_its_connection),
		cmocka_unit_test(the_next_one_takes_over_what_it_said),
		cmocka_unit_test(what_a_left_poll_said_is_not_left_out),
		cmocka_unit_test(an_adopted_poll_that_ends_is_asked_anew),
		cmocka_unit_test(another_question_gives_it_up),
		cmocka_unit_test(a_shorter_wait_takes_it_over),
		cmocka_unit_test(a_poll_that_does_not_end_loses_its_broker),
		cmocka_unit_test(it_goes_with_its_connection),
		cmocka_unit_test(it_goes_with_the_client),
		cmocka_unit_test(a_wait_ends_with_the_client),
		cmocka_unit_test(an_adopted_poll_may_be_lost),
		cmocka_unit_test(a_poll_may_be_lost_before_it_is_adopted),
		cmocka_unit_test(half_a_poll_is_followed_by_nothing_else),
	};

	return cmocka_run_group_tests_name("polled", tests, scene_setup, scene_teardown);
}
