/* A broker, or a request's time, is lost: what the client's requests make of it, and what it says
 * of the broker. */
#include "session/losses.h"

#include "session/session.h"
#include "unit/session/words.h"

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\n"
#define PRODUCE(acks)                                                                              \
	"Produce 7 id 1\nacks: " acks "\ntopic_data:\n  - name: \"orders\"\n    partition_data:\n" \
	"      - index: 1\n        records: 1000 bytes\n"

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

/* Broker 1 has answered a request, and its connection is idle. */
static void begin_idle(void)
{
	scene_begin(&s);
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
}

/* --- what it says of the broker --- */

static void idle_connections_end_and_that_means_nothing(void **state)
{
	(void)state;
	begin_idle();
	scene_end_close(&s.brokers[1].ends[0]);
	scene_until(&s, client()->upstreams == NULL);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST), 0);
	assert_int_equal(scene_notices(&s)->loss_count, 0);
	client_says(&s, 0, HEARTBEAT); /* a new one is made */
	broker_takes(&s, 1);
	assert_int_equal(s.brokers[1].end_count, 2);
	scene_deinit(&s);
}

static void a_loss_with_requests_in_flight_is_noticed(void **state)
{
	(void)state;
	begin_idle();
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	scene_end_close(&s.brokers[1].ends[0]);
	assert_client_gets(&s, 0, "error_code: 15\n");
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST), 1);
	assert_int_equal(scene_notices(&s)->loss_count, 1);
	assert_int_equal(scene_notices(&s)->losses[0].broker, 1);
	scene_deinit(&s);
}

static void who_can_not_be_reached_is_noticed(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 1);
	client_says(&s, 0, HEARTBEAT);
	assert_client_gets(&s, 0, "error_code: 15\n");
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_LOST), 0);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_FAILED), 1);
	assert_int_equal(scene_notices(&s)->loss_count, 1);
	scene_deinit(&s);
}

/* The coordinator may have moved with the broker's end: the next request asks. */
static void a_lost_coordinator_is_forgotten(void **state)
{
	(void)state;
	begin_idle();
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	free(client_gets(&s, 0));
	client_says(&s, 0, HEARTBEAT);
	scene_until(&s, scene_question(&s) != NULL);
	assert_int_equal(scene_question(&s)->key_count, 1);
	scene_deinit(&s);
}

/* Bytes that nobody asked for: whatever comes next on the connection could not be told. */
static void what_nobody_asked_for_loses_the_connection(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 4, 0, 0, 0, 0 };

	(void)state;
	begin_idle();
	scene_send_all(&s, s.brokers[1].ends[0].fd, bytes, sizeof bytes);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	assert_null(client()->upstreams);
	assert_int_equal(client()->life.state, LIFE_SERVED);
	scene_deinit(&s);
}

/* --- what requests make of it --- */

/* All that were under way there are lost; those of other brokers are not. */
static void each_request_is_lost_for_itself(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, PRODUCE("1"));
	client_says(&s, 0, "Heartbeat 3 id 2\ngroup_id: \"g\"\n");
	client_says(&s, 0,
		    "ListOffsets 5 id 3\ntopics:\n  - name: \"orders\"\n    partitions:\n"
		    "      - partition_index: 2\n");
	broker_takes(&s, 1);
	broker_takes(&s, 1);
	broker_takes(&s, 2);
	scene_end_close(&s.brokers[1].ends[0]);
	assert_client_gets(&s, 0, "error_code: 7\n");
	assert_client_gets(&s, 0, "error_code: 15\n");
	broker_answers(&s, 2, "");
	assert_client_gets(&s, 0, "correlation id 3");
	scene_deinit(&s);
}

/* Nobody can tell the client that data was lost for which it wants no answer: it is closed, so it
 * knows. */
static void acks_0_data_that_is_lost_closes_the_client(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, PRODUCE("0"));
	broker_takes(&s, 1);
	scene_end_close(&s.brokers[1].ends[0]);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* An answer that came later shows that the broker has read the data. */
static void acks_0_data_that_has_arrived_does_not(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, PRODUCE("0"));
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	scene_until(&s, scene_unread(&s.clients[0].end) > 0);
	scene_end_close(&s.brokers[1].ends[0]);
	scene_until(&s, client()->upstreams == NULL);
	scene_be_still(&s);
	assert_int_equal(client()->life.state, LIFE_SERVED);
	scene_deinit(&s);
}

static void acks_0_data_that_can_not_be_sent_closes_the_client(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 1);
	client_says(&s, 0, PRODUCE("0"));
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* --- time --- */

/* The answer is there, but the client takes its time: that is not the broker's fault. */
static void a_slow_client_loses_no_broker(void **state)
{
	struct scene_end *e = &s.clients[0].end;
	int fd, small = 4096;

	(void)state;
	scene_begin(&s);
	setsockopt(s.clients[0].accepted, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	client_says(&s, 0,
		    "Fetch 4 id 1\nmax_wait_ms: 500\ntopics:\n  - topic: \"orders\"\n"
		    "    partitions:\n      - partition: 1\n");
	broker_takes(&s, 1);
	fd = e->fd;
	e->fd = -1; /* it does not read */
	broker_answers(&s, 1,
		       "responses:\n  - topic: \"orders\"\n    partitions:\n"
		       "      - partition_index: 1\n        records: 1000000 bytes\n");
	scene_until(&s, client()->out.first->is_answered && !conn_may_write(&client()->conn));
	losses_deadline(client(), client()->out.first);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 0);
	e->fd = fd;
	free(client_gets(&s, 0));
	scene_deinit(&s);
}

/* Several parts: those whose answers have come keep theirs. */
static void only_the_late_ones_are_lost(void **state)
{
	char *text;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0,
		    "ListOffsets 5 id 1\ntopics:\n  - name: \"orders\"\n    partitions:\n"
		    "      - partition_index: 0\n      - partition_index: 1\n");
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	broker_answers(&s, 0,
		       "topics:\n  - name: \"orders\"\n    partitions:\n"
		       "      - partition_index: 0\n        offset: 5\n");
	scene_be_still(&s);
	losses_deadline(client(), client()->out.first);
	client_wake(client());
	text = client_gets(&s, 0);
	assert_non_null(strstr(text, "partition_index: 0\n        error_code: 0\n"));
	assert_non_null(strstr(text, "partition_index: 1\n        error_code: 6\n"));
	free(text);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_REQUEST), 1);
	assert_false(s.brokers[0].ends[0].has_ended);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_connections_end_and_that_means_nothing),
		cmocka_unit_test(a_loss_with_requests_in_flight_is_noticed),
		cmocka_unit_test(who_can_not_be_reached_is_noticed),
		cmocka_unit_test(a_lost_coordinator_is_forgotten),
		cmocka_unit_test(what_nobody_asked_for_loses_the_connection),
		cmocka_unit_test(each_request_is_lost_for_itself),
		cmocka_unit_test(acks_0_data_that_is_lost_closes_the_client),
		cmocka_unit_test(acks_0_data_that_has_arrived_does_not),
		cmocka_unit_test(acks_0_data_that_can_not_be_sent_closes_the_client),
		cmocka_unit_test(a_slow_client_loses_no_broker),
		cmocka_unit_test(only_the_late_ones_are_lost),
	};

	return cmocka_run_group_tests_name("losses", tests, scene_setup, scene_teardown);
}
