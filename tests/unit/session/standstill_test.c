/* Who has closed while the node stood still is gone, and what he had sent reaches no broker. */
#include "session/standstill.h"

#include "session/session.h"

#include "unit/session/words.h"

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\nmember_id: \"m\"\n"

static struct scene s;

/* The loop has not turned for so long; what has come since is in the sockets. */
static void stand_still(int ms)
{
	s.w->standstill.looked = clock_ms() - ms;
	ev_feed_event(s.w->loop, &s.w->standstill.timer, EV_TIMER);
}

static void say_and_close(void)
{
	const size_t n = client_says(&s, 0, HEARTBEAT);

	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_come(&s, 0, n);
}

static void who_has_closed_meanwhile_is_let_go(void **state)
{
	(void)state;
	scene_begin(&s);
	say_and_close();
	stand_still(STANDSTILL_MS + 1000);
	assert_client_closed(&s, 0);
	scene_be_still(&s);
	assert_int_equal(scene_count(&s, STAT_CLIENTS_CLOSED), 1);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_OPENED), 0);
	scene_deinit(&s);
}

/* It went on in the midst of a turn, in which clients are stepped yet. */
static void it_is_noticed_before_a_request_is_begun(void **state)
{
	(void)state;
	scene_begin(&s);
	say_and_close();
	s.w->standstill.looked = clock_ms() - STANDSTILL_MS - 1000;
	client_wake(scene_client(&s, 0));
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_OPENED), 0);
	scene_deinit(&s);
}

static void who_is_there_is_served(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_come(&s, 0, client_says(&s, 0, HEARTBEAT));
	stand_still(STANDSTILL_MS + 1000);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_deinit(&s);
}

/* As ever: a client that has only stopped sending is answered. */
static void who_closes_while_the_node_goes_on_is_served(void **state)
{
	(void)state;
	scene_begin(&s);
	say_and_close();
	stand_still(STANDSTILL_MS - 2000);
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_closed_meanwhile_is_let_go),
		cmocka_unit_test(it_is_noticed_before_a_request_is_begun),
		cmocka_unit_test(who_is_there_is_served),
		cmocka_unit_test(who_closes_while_the_node_goes_on_is_served),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
