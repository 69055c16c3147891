/* A client's life, and its share of a turn. */
#include "session/session.h"

#include "unit/session/words.h"

enum { FLOOD = 200, IN_TURN_REQUESTS = 64 };

#define HEARTBEAT "group_id: \"g\"\nmember_id: \"m\"\n"

static void assert_life(const struct scene *s, enum client_life life)
{
	assert_non_null(scene_client(s, 0));
	assert_int_equal(scene_client(s, 0)->life.state, life);
}

/* The client is gone, and nothing of it is left. */
static void assert_gone(struct scene *s)
{
	scene_until(s, scene_client(s, 0) == NULL);
	assert_client_closed(s, 0);
	assert_int_equal(scene_count(s, STAT_CLIENTS_CLOSED), 1);
	assert_int_equal(scene_count(s, STAT_UPSTREAMS_OPENED),
			 scene_count(s, STAT_UPSTREAMS_CLOSED));
}

/* --- drain --- */

static void an_idle_client_is_drained_at_once(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_drain(scene_client(&s, 0));
	assert_gone(&s);
	scene_deinit(&s);
}

static void who_drains_is_answered_first(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	client_drain(scene_client(&s, 0));
	scene_be_still(&s);
	assert_life(&s, LIFE_DRAINING);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_gone(&s);
	scene_deinit(&s);
}

/* What is in the socket when a drain begins is answered, though nobody has read it yet; what
 * comes later is not. */
static void a_last_look_is_taken(void **state)
{
	static struct scene s;
	size_t n;

	(void)state;
	scene_begin(&s);
	scene_be_still(&s);
	n = client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	n += client_says(&s, 0, "Heartbeat 3 id 2\n" HEARTBEAT);
	scene_come(&s, 0, n);
	client_drain(scene_client(&s, 0));
	assert_life(&s, LIFE_LAST_LOOK);
	broker_takes(&s, 1);
	broker_takes(&s, 1);
	client_says(&s, 0, "Heartbeat 3 id 3\n" HEARTBEAT);
	scene_be_still(&s);
	assert_life(&s, LIFE_DRAINING);
	assert_int_equal(scene_broker_has(&s, 1), -1);
	broker_answers(&s, 1, "");
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_client_gets(&s, 0, "correlation id 2");
	scene_until(&s, scene_client(&s, 0) == NULL);
	scene_deinit(&s);
}

/* A frame that has begun to come when the drain begins is taken whole. */
static void half_a_frame_is_waited_for(void **state)
{
	static struct scene s;
	struct buf frame;

	(void)state;
	scene_begin(&s);
	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&s.clients[0].said, words_request("Heartbeat 3 id 1\n" HEARTBEAT, &frame));
	scene_client_sends(&s, 0, frame.data, 10);
	scene_until(&s, scene_client(&s, 0)->in.since > 0);
	client_drain(scene_client(&s, 0));
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	scene_client_sends(&s, 0, frame.data + 10, frame.len - 10);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_gone(&s);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* A drain does not wait for what a broker may keep for long: the client asks elsewhere. */
static void what_waits_at_a_broker_is_not_waited_for(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "Fetch 11 id 1\n"
		    "max_wait_ms: 60000\n"
		    "min_bytes: 1\n"
		    "topics:\n"
		    "  - topic: \"orders\"\n"
		    "    partitions:\n"
		    "      - partition: 0\n");
	broker_takes(&s, 0);
	client_drain(scene_client(&s, 0));
	assert_gone(&s);
	scene_deinit(&s);
}

/* A client that ends by itself is answered even that; a drain that comes then changes it. */
static void a_drain_hastens_an_ending(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "Fetch 11 id 1\n"
		    "max_wait_ms: 60000\n"
		    "min_bytes: 1\n"
		    "topics:\n"
		    "  - topic: \"orders\"\n"
		    "    partitions:\n"
		    "      - partition: 0\n");
	broker_takes(&s, 0);
	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_until(&s, scene_client(&s, 0)->life.state == LIFE_ENDING);
	scene_be_still(&s);
	assert_life(&s, LIFE_ENDING);
	client_drain(scene_client(&s, 0));
	assert_gone(&s);
	scene_deinit(&s);
}

static void a_drain_twice_is_one(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	client_drain(scene_client(&s, 0));
	scene_be_still(&s);
	client_drain(scene_client(&s, 0));
	scene_be_still(&s);
	assert_int_equal(draining_leaving(s.w), 1);
	assert_life(&s, LIFE_DRAINING);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_gone(&s);
	assert_int_equal(draining_leaving(s.w), 0);
	scene_deinit(&s);
}

/* --- ends --- */

/* As a broker does: what was asked before is answered, then the connection is closed. */
static void a_bad_frame_ends_it_after_the_answers(void **state)
{
	static const uint8_t bad[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	scene_client_sends(&s, 0, bad, sizeof bad);
	broker_takes(&s, 1);
	scene_until(&s, scene_client(&s, 0)->life.state == LIFE_ENDING);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_until(&s, scene_client(&s, 0) == NULL);
	scene_deinit(&s);
}

static void a_reset_closes_it_now(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT);
	broker_takes(&s, 1);
	scene_end_reset(&s.clients[0].end);
	scene_until(&s, scene_client(&s, 0) == NULL);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	scene_deinit(&s);
}

/* The first reason counts. */
static void it_is_said_once_why_a_client_fails(void **state)
{
	static struct scene s;
	struct client *c;

	(void)state;
	scene_begin(&s);
	c = scene_client(&s, 0);
	client_fail(c, "one");
	client_fail(c, "another");
	assert_string_equal(c->life.why, "one");
	assert_true(client_is_closing(c));
	client_wake(c);
	assert_gone(&s);
	scene_deinit(&s);
}

/* --- lingering --- */

#define ACKS_0                   \
	"Produce 7 id 1\n"       \
	"acks: 0\n"              \
	"topic_data:\n"          \
	"  - name: \"orders\"\n" \
	"    partition_data:\n"  \
	"      - index: 1\n"     \
	"        records: 1000 bytes\n"

/* acks=0 data is on its way: the broker gets all of it, and our last word behind it; the client's
 * connection is closed meanwhile. */
static void acks_0_data_still_arrives(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, ACKS_0);
	shutdown(s.clients[0].end.fd, SHUT_WR);
	broker_takes(&s, 1);
	assert_client_closed(&s, 0);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	assert_life(&s, LIFE_LINGERING);
	scene_be_still(&s);
	assert_life(&s, LIFE_LINGERING);
	scene_end_close(&s.brokers[1].ends[0]);
	assert_gone(&s);
	scene_deinit(&s);
}

/* A broker that never says its last word is not waited for longer than ten seconds. */
static void it_does_not_linger_for_ever(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, ACKS_0);
	shutdown(s.clients[0].end.fd, SHUT_WR);
	broker_takes(&s, 1);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	scene_clock_fires(&s, 0);
	scene_be_still(&s);
	assert_life(&s, LIFE_LINGERING);
	scene_client(&s, 0)->life.since -= 10;
	scene_clock_fires(&s, 0);
	assert_gone(&s);
	scene_deinit(&s);
}

/* --- the share of a turn --- */

/* Requests that the gateway answers itself, all in the client's buffer: no socket slows them. */
static void flood(struct scene *s, int client, int count)
{
	struct buf all;

	buf_init(&all, SCENE_BYTES_MAX);
	for (int i = 0; i < count; i++)
		words_request("ApiVersions 0 id 7", &all);
	scene_client_sends(s, client, all.data, all.len);
	scene_come(s, client, all.len);
	buf_deinit(&all);
	words_note(
		&s->clients[client].said,
		(struct scene_asked){ .correlation_id = 7, .api = words_api("ApiVersions", 11) });
}

static uint64_t requests(const struct scene *s, int api)
{
	return s->w->stats.requests[api];
}

/* As much of the frame as the kernel takes now; the worker's loop does not turn. */
static size_t fill_socket(int fd, const struct buf *frame)
{
	ssize_t sent = send(fd, frame->data, frame->len, MSG_NOSIGNAL);

	assert_true(sent > 0);
	return (size_t)sent;
}

/* One round of the ready list in which these two clients and the first upstream of the first one
 * look again. */
static void one_round(struct scene *s)
{
	struct client *c = scene_client(s, 0);

	conn_look_again(&c->conn);
	conn_look_again(&scene_client(s, 1)->conn);
	if (c->upstreams != NULL)
		conn_look_again(&c->upstreams->link.conn);
	client_wake(c);
	client_wake(scene_client(s, 1));
	ev_run(s->w->loop, EVRUN_NOWAIT);
}

/* One round of the ready list: both have moved, and the flood has had its share. */
static void a_flood_does_not_starve_others(void **state)
{
	static struct scene s;

	(void)state;
	scene_begin(&s);
	scene_connect(&s);
	scene_be_still(&s);
	flood(&s, 0, FLOOD);
	scene_come(&s, 1, client_says(&s, 1, "Heartbeat 3 id 1\n" HEARTBEAT));
	one_round(&s);
	assert_int_equal(requests(&s, 18), IN_TURN_REQUESTS);
	assert_int_equal(requests(&s, 12), 1);
	assert_true(ready_is_marked(&scene_client(&s, 0)->ready));
	for (int i = 0; i < FLOOD; i++)
		free(client_gets(&s, 0));
	assert_int_equal(requests(&s, 18), FLOOD);
	scene_deinit(&s);
}

/* The same by bytes: one large request, of which 256 KiB or so pass in a turn. */
static void a_heavy_flood_does_not_starve_others(void **state)
{
	enum { SHARE = 256 * 1024, BLOCK = 64 * 1024, LARGE = 900 * 1000 };
	static struct scene s;
	struct buf frame;
	uint64_t before, moved;
	size_t sent;

	(void)state;
	scene_begin(&s);
	scene_connect(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\n" HEARTBEAT); /* so the broker is connected */
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&s.clients[0].said, words_request("Produce 7 id 2\n"
						     "acks: 1\n"
						     "topic_data:\n"
						     "  - name: \"orders\"\n"
						     "    partition_data:\n"
						     "      - index: 1\n"
						     "        records: 900000 bytes\n",
						     &frame));
	sent = fill_socket(s.clients[0].end.fd, &frame);
	assert_true(sent > BLOCK); /* the rest waits in the sender's socket, or here */
	scene_come(&s, 0, BLOCK / 2);
	scene_come(&s, 1, client_says(&s, 1, "ApiVersions 0 id 1"));
	before = scene_count(&s, STAT_CLIENT_BYTES_IN);
	one_round(&s);
	moved = scene_count(&s, STAT_CLIENT_BYTES_IN) - before;
	assert_int_equal(requests(&s, 18), 1);
	assert_in_range(moved, 1, 2 * SHARE + BLOCK); /* the last call may go beyond it */
	assert_int_equal(scene_client(&s, 0)->in.state, IN_SEND);
	free(client_gets(&s, 1));
	scene_client_sends(&s, 0, frame.data + sent, frame.len - sent);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2");
	assert_in_range(scene_count(&s, STAT_CLIENT_BYTES_IN) - before, LARGE, 2 * LARGE);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* What is held whole before it passes comes in as many turns: an answer of three megabytes. */
static void a_held_answer_does_not_starve_others(void **state)
{
	static struct scene s;
	struct buf answer, tree;
	uint64_t before, moved;
	size_t sent;

	(void)state;
	scene_begin(&s);
	scene_connect(&s);
	client_says(&s, 0, "FindCoordinator 4 id 1\ncoordinator_keys: [ \"g\" ]\n");
	broker_takes(&s, 0);
	buf_init(&answer, SCENE_BYTES_MAX);
	buf_init(&tree, SCENE_BYTES_MAX);
	buf_append(&tree, "coordinators:\n", 14);
	for (int i = 0; i < 100; i++) {
		char *one = mem_printf("  - key: \"g\"\n    error_code: 15\n"
				       "    error_message: \"%030000d\"\n",
				       i);

		buf_append(&tree, one, strlen(one));
		free(one);
	}
	buf_append8(&tree, 0);
	words_answer(broker_owes(&s, 0, -1), (const char *)tree.data, &answer);
	sent = fill_socket(s.brokers[0].ends[0].fd, &answer);
	scene_come(&s, 1, client_says(&s, 1, "ApiVersions 0 id 1"));
	before = scene_count(&s, STAT_BROKER_BYTES_IN);
	one_round(&s);
	moved = scene_count(&s, STAT_BROKER_BYTES_IN) - before;
	assert_int_equal(requests(&s, 18), 1);
	assert_in_range(moved, 1, answer.len / 2);
	scene_send_all(&s, s.brokers[0].ends[0].fd, answer.data + sent, answer.len - sent);
	assert_client_gets(&s, 0, "error_code: 15");
	buf_deinit(&answer);
	buf_deinit(&tree);
	scene_deinit(&s);
}

/* And a frame that must be there whole before it can be split. */
static void a_held_frame_does_not_starve_others(void **state)
{
	static struct scene s;
	struct buf frame;
	size_t sent;

	(void)state;
	scene_begin(&s);
	scene_connect(&s);
	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(
		&s.clients[0].said,
		words_request("Produce 7 id 2\nacks: 1\ntopic_data:\n  - name: \"orders\"\n"
			      "    partition_data:\n      - index: 0\n        records: 10 bytes\n"
			      "      - index: 1\n        records: 1000000 bytes\n",
			      &frame));
	sent = fill_socket(s.clients[0].end.fd, &frame);
	scene_come(&s, 0, 32 * 1024);
	scene_come(&s, 1, client_says(&s, 1, "ApiVersions 0 id 1"));
	one_round(&s);
	/* what a round brings is the plain layer's to say */
	if (conn_pipes_in(&scene_client(&s, 0)->conn)) {
		assert_int_equal(requests(&s, 18), 1);
		assert_in_range(conn_len(&scene_client(&s, 0)->conn), 1, frame.len / 2);
	}
	scene_client_sends(&s, 0, frame.data + sent, frame.len - sent);
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	buf_deinit(&frame);
	scene_deinit(&s);
}

/* --- memory --- */

/* Between requests nothing is held: no block, no reservation. */
static void an_idle_client_holds_nothing(void **state)
{
	static struct scene s;
	struct client *c;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1 client \"app\"\n" HEARTBEAT);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	c = scene_client(&s, 0);
	assert_false(conn_fits(&c->conn, 1));
	assert_int_equal(conn_unsent(&c->conn), 0);
	assert_false(conn_fits(&c->upstreams->link.conn, 1));
	assert_null(c->out.first);
	assert_int_equal(c->out.in_flight, 0);
	assert_string_equal(c->client_id, "app");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_client_is_drained_at_once),
		cmocka_unit_test(who_drains_is_answered_first),
		cmocka_unit_test(a_last_look_is_taken),
		cmocka_unit_test(half_a_frame_is_waited_for),
		cmocka_unit_test(what_waits_at_a_broker_is_not_waited_for),
		cmocka_unit_test(a_drain_hastens_an_ending),
		cmocka_unit_test(a_drain_twice_is_one),
		cmocka_unit_test(a_bad_frame_ends_it_after_the_answers),
		cmocka_unit_test(a_reset_closes_it_now),
		cmocka_unit_test(it_is_said_once_why_a_client_fails),
		cmocka_unit_test(acks_0_data_still_arrives),
		cmocka_unit_test(it_does_not_linger_for_ever),
		cmocka_unit_test(a_flood_does_not_starve_others),
		cmocka_unit_test(a_heavy_flood_does_not_starve_others),
		cmocka_unit_test(a_held_answer_does_not_starve_others),
		cmocka_unit_test(a_held_frame_does_not_starve_others),
		cmocka_unit_test(an_idle_client_holds_nothing),
	};

	return cmocka_run_group_tests_name("client", tests, scene_setup, scene_teardown);
}
