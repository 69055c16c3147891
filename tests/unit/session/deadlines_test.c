/* What a client waits for, and until when: each row of the table fires, and only while that is
 * really waited for.  A time of 0 is over at once; all others are an hour. */
#include "session/session.h"

#include "unit/session/words.h"

enum { IN_FLIGHT = 64, SMALL_BUFFER = 4096, BRIEF_MS = 300 };

#define HEARTBEAT "group_id: \"g\"\nmember_id: \"m\"\n"
#define PRODUCE                  \
	"Produce 7 id 1\n"       \
	"acks: 1\n"              \
	"topic_data:\n"          \
	"  - name: \"orders\"\n" \
	"    partition_data:\n"  \
	"      - index: 1\n"     \
	"        records: 1000 bytes\n"
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

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

/* The timer fires, and the client lives on. */
static void assert_nothing_due(void)
{
	scene_clock_fires(&s, 0);
	scene_be_still(&s);
	assert_non_null(client());
	assert_int_equal(client()->life.state, LIFE_SERVED);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_HEAD), 0);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_BODY), 0);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_IDLE), 0);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 0);
}

/* By itself: nobody but the client's own timer is there. */
static void assert_times_out(enum stats_counter kind)
{
	client_wake(client());
	scene_until(&s, client() == NULL);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, kind), 1);
}

/* --- a client that says nothing --- */

static void who_says_nothing_is_closed(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_be_still(&s);
	assert_nothing_due();
	s.config.idle_timeout_ms = 0;
	assert_times_out(STAT_TIMEOUTS_IDLE); /* sooner than its timer was set for */
	scene_deinit(&s);
}

static void who_waits_for_a_broker_is_not_idle(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	s.config.idle_timeout_ms = 0;
	assert_nothing_due();
	s.config.idle_timeout_ms = SCENE_LONG_MS;
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	scene_deinit(&s);
}

/* --- a head --- */

static void a_slow_head_times_out(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.head_timeout_ms = 0;
	scene_be_still(&s);
	assert_nothing_due(); /* none has begun */
	client_begins(&s, 0, 9, PRODUCE);
	assert_times_out(STAT_TIMEOUTS_HEAD);
	scene_deinit(&s);
}

/* What may not be read yet is not waited for, though a part of it is there. */
static void a_heads_clock_stands_while_too_many_are_in_flight(void **state)
{
	(void)state;
	scene_begin(&s);
	for (int i = 0; i < IN_FLIGHT; i++)
		client_says(&s, 0, "Heartbeat 3 id 9\n" HEARTBEAT);
	client_begins(&s, 0, 9, PRODUCE);
	for (int i = 0; i < IN_FLIGHT; i++)
		broker_takes(&s, 1);
	s.config.head_timeout_ms = 0;
	assert_nothing_due();
	assert_int_equal(client()->out.in_flight, IN_FLIGHT);
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	assert_times_out(STAT_TIMEOUTS_HEAD);
	scene_deinit(&s);
}

/* --- a body --- */

static void a_body_that_does_not_come_times_out(void **state)
{
	static const size_t at[] = { 30, 500 }; /* not routed yet; on its way */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		scene_begin(&s);
		client_begins(&s, 0, at[i], PRODUCE);
		scene_be_still(&s);
		assert_nothing_due();
		s.config.body_timeout_ms = 0;
		scene_clock_fires(&s, 0);
		assert_times_out(STAT_TIMEOUTS_BODY);
		scene_deinit(&s);
	}
}

/* The time in which the topology was asked was not the client's. */
static void a_bodys_clock_begins_after_the_topologys_answer(void **state)
{
	ev_tstamp until;

	(void)state;
	scene_begin(&s);
	s.config.body_timeout_ms = BRIEF_MS;
	client_begins(&s, 0, 300,
		      "Produce 7 id 1\nacks: 1\ntopic_data:\n  - name: \"nobody-knows\"\n"
		      "    partition_data:\n      - index: 0\n        records: 100000 bytes\n");
	scene_until(&s, client()->in.state == IN_ASK);
	until = clock_s() + 2 * BRIEF_MS / 1e3;
	scene_until(&s, clock_s() >= until);
	assert_int_equal(client()->in.state, IN_ASK);
	scene_topology_answers(&s);
	scene_until(&s, client()->in.state == IN_SEND);
	assert_nothing_due();
	assert_times_out(STAT_TIMEOUTS_BODY);
	scene_deinit(&s);
}

/* Only a frame's own time counts: a client between frames has another one. */
static void no_body_is_waited_for_between_frames(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.body_timeout_ms = 0;
	scene_be_still(&s);
	assert_nothing_due();
	client_begins(&s, 0, 9, PRODUCE); /* a head is no body */
	scene_be_still(&s);
	assert_nothing_due();
	scene_deinit(&s);
}

/* A frame that must be held has memory: it may take its time by its size, though every byte
 * counts as a move. */
static void a_held_frame_must_come_fast_enough(void **state)
{
	(void)state;
	scene_begin(&s);
	client_begins(&s, 0, 150000, SPLIT);
	scene_be_still(&s);
	assert_int_equal(client()->in.state, IN_ROUTE);
	assert_nothing_due();
	client()->in.since -= SCENE_LONG_MS / 1000.0 + 0.5; /* 200 KB have 0.76 s more */
	assert_nothing_due();
	client()->in.since -= 0.5;
	scene_clock_fires(&s, 0);
	assert_times_out(STAT_TIMEOUTS_BODY);
	scene_deinit(&s);
}

/* The same slowness of a frame that is not held costs no memory: it goes on. */
static void a_frame_that_is_cut_through_may_be_slow(void **state)
{
	(void)state;
	scene_begin(&s);
	client_begins(&s, 0, 500, PRODUCE);
	scene_until(&s, s.brokers[1].end_count == 1 && scene_unread(&s.brokers[1].ends[0]) == 500);
	client()->in.since -= 2 * SCENE_LONG_MS / 1000.0;
	assert_nothing_due();
	scene_deinit(&s);
}

/* A broker that takes nothing more is what is slow, not the client, which lives on. */
static void a_broker_that_does_not_read_is_lost(void **state)
{
	static uint8_t bytes[1 << 20];
	int small = SMALL_BUFFER;
	struct scene_broker *b = &s.brokers[1];
	struct buf frame;
	size_t sent = 0;
	int fd;

	(void)state;
	scene_begin(&s);
	setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&s.clients[0].said, words_request(PRODUCE, &frame));
	frame.len -= 1000; /* as if it had 64 MiB of records; they are `bytes` */
	wire_put32(frame.data + frame.len - 4, 64 << 20);
	wire_put32(frame.data, (uint32_t)frame.len - 4 + (64 << 20));
	scene_client_sends(&s, 0, frame.data, frame.len);
	scene_client_sends(&s, 0, bytes, 100); /* with less it is not routed */
	scene_until(&s, b->end_count == 1);
	fd = b->ends[0].fd;
	b->ends[0].fd = -1; /* it is not read */
	for (ssize_t n = 1; client()->upstreams == NULL ||
			    conn_may_write(&client()->upstreams->link.conn) || n > 0;
	     scene_turn(&s)) {
		n = send(s.clients[0].end.fd, bytes, sizeof bytes, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent < 64 << 20);
	}
	s.config.body_timeout_ms = 0;
	scene_clock_fires(&s, 0);
	s.config.body_timeout_ms = SCENE_LONG_MS;
	scene_until(&s, client()->in.state == IN_SWALLOW);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_BODY), 0);
	assert_int_equal(client()->life.state, LIFE_SERVED);
	assert_null(client()->upstreams);
	close(fd);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* --- an answer --- */

/* What nobody knows the outcome of: 7; the connection goes, for a late answer could not be told
 * from the next one. */
static void a_broker_that_does_not_answer_is_lost(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, PRODUCE);
	broker_takes(&s, 1);
	assert_nothing_due();
	client()->out.first->deadline = client_now(client()) - 1;
	scene_clock_fires(&s, 0);
	assert_client_gets(&s, 0, "error_code: 7");
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 1);
	assert_int_equal(client()->life.state, LIFE_SERVED);
	scene_deinit(&s);
}

/* The time of an answer begins when it is the oldest one's turn. */
static void only_the_oldest_answer_is_waited_for(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.request_timeout_ms = 0;
	client_says(&s, 0,
		    "Produce 7 id 1\n"
		    "acks: 1\n"
		    "timeout_ms: 3600000\n"
		    "topic_data:\n"
		    "  - name: \"orders\"\n"
		    "    partition_data:\n"
		    "      - index: 0\n");
	client_says(&s, 0, "Heartbeat 3 id 2\n" HEARTBEAT);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	assert_nothing_due();
	assert_true(client()->out.first->next->deadline == 0);
	broker_answers(&s, 0, "");
	free(client_gets(&s, 0));
	assert_client_gets(&s, 0, "error_code: 15"); /* a Heartbeat has no time of its own */
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 1);
	scene_deinit(&s);
}

/* Requests that say how long they may take have so long, and a grace. */
static void a_request_has_its_own_time(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} all[] = {
		{ "Produce 7 id 1\nacks: 1\ntimeout_ms: 20000\ntopic_data:\n  - name: \"orders\"\n"
		  "    partition_data:\n      - index: 1\n",
		  25 },
		{ "Fetch 4 id 1\nmax_wait_ms: 500\ntopics:\n  - topic: \"orders\"\n"
		  "    partitions:\n      - partition: 1\n",
		  5.5 },
		{ "Heartbeat 3 id 1\n" HEARTBEAT, 2 },
		{ "JoinGroup 5 id 1\ngroup_id: \"g\"\nrebalance_timeout_ms: 60000\n", 65 },
		{ "SyncGroup 3 id 1\ngroup_id: \"g\"\n", 65 }, /* as the JoinGroup before it */
		{ "Heartbeat 3 id 1\n" HEARTBEAT, 2 },
	};

	(void)state;
	scene_begin(&s);
	s.config.request_timeout_ms = 2000;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		client_says(&s, 0, all[i].text);
		broker_takes(&s, 1);
		assert_float_equal(client()->out.first->allowed, all[i].seconds, 0.001);
		scene_be_still(&s);
		broker_answers(&s, 1, "");
		free(client_gets(&s, 0));
	}
	scene_deinit(&s);
}

/* --- connections to brokers --- */

static void a_brokers_connection_that_is_not_used_is_closed(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	client()->upstreams->idle_since -= 540;
	assert_nothing_due();
	assert_non_null(client()->upstreams); /* it is used */
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	assert_nothing_due();
	assert_non_null(client()->upstreams);
	client()->upstreams->idle_since -= 541;
	scene_clock_fires(&s, 0);
	assert_null(client()->upstreams);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_says_nothing_is_closed),
		cmocka_unit_test(who_waits_for_a_broker_is_not_idle),
		cmocka_unit_test(a_slow_head_times_out),
		cmocka_unit_test(a_heads_clock_stands_while_too_many_are_in_flight),
		cmocka_unit_test(a_body_that_does_not_come_times_out),
		cmocka_unit_test(a_bodys_clock_begins_after_the_topologys_answer),
		cmocka_unit_test(no_body_is_waited_for_between_frames),
		cmocka_unit_test(a_held_frame_must_come_fast_enough),
		cmocka_unit_test(a_frame_that_is_cut_through_may_be_slow),
		cmocka_unit_test(a_broker_that_does_not_read_is_lost),
		cmocka_unit_test(a_broker_that_does_not_answer_is_lost),
		cmocka_unit_test(only_the_oldest_answer_is_waited_for),
		cmocka_unit_test(a_request_has_its_own_time),
		cmocka_unit_test(a_brokers_connection_that_is_not_used_is_closed),
	};

	return cmocka_run_group_tests_name("deadlines", tests, scene_setup, scene_teardown);
}
