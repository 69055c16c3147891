/* What a worker is told by other threads: another configuration, clients that are to be closed;
 * and clients that become too old. */
#include "session/worker.h"

#include "session/session.h"
#include "unit/session/words.h"

enum { YOUNG_S = 5, AGE_MS = 1000 * 1000 };

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\n"

static struct scene s;

static void on_done(void *ctx)
{
	int *done = ctx;

	(*done)++;
}

/* Letters are delivered by the loop, never from inside the call. */
static void a_ping_is_answered_by_the_loop(void **state)
{
	int done = 0;

	(void)state;
	scene_begin(&s);
	worker_ping(s.w, on_done, &done);
	assert_int_equal(done, 0);
	scene_until(&s, done == 1);
	assert_ptr_equal(s.w->config, &s.config);
	scene_deinit(&s);
}

/* From then on it holds, for those who are there as well. */
static void another_configuration_holds_at_once(void **state)
{
	struct config other;
	int done = 0;

	(void)state;
	scene_begin(&s);
	scene_be_still(&s);
	other = s.config;
	other.idle_timeout_ms = 1;
	worker_reconfigure(s.w, &other, on_done, &done);
	assert_client_closed(&s, 0);
	assert_int_equal(done, 1);
	assert_int_equal(scene_count(&s, STAT_TIMEOUTS_IDLE), 1);
	scene_deinit(&s);
}

/* --- for the balance --- */

/* The clock begins with the machine, which may have been up for less than that. */
static void grow_old(int client, double seconds)
{
	scene_client(&s, client)->tenure.born -= seconds;
	s.w->aging_since -= seconds;
}

/* As many as are asked for, when they are between requests; the oldest ones. */
static void clients_are_closed_for_the_balance(void **state)
{
	(void)state;
	scene_begin(&s);
	for (int i = 1; i < 4; i++)
		scene_connect(&s);
	for (int i = 0; i < 4; i++)
		grow_old(i, YOUNG_S + 1);
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	worker_shed(s.w, 2, 0, STAT_SHED_SKEW);
	scene_until(&s, scene_client(&s, 1) == NULL);
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0)); /* it has asked something */
	assert_non_null(scene_client(&s, 2));
	assert_non_null(scene_client(&s, 3));
	assert_int_equal(worker_chosen(s.w), 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_until(&s, scene_client(&s, 0) == NULL);
	assert_int_equal(worker_chosen(s.w), 0);
	assert_int_equal(scene_count(&s, STAT_SHED_SKEW), 2);
	scene_deinit(&s);
}

/* Who does not get between requests within a second stays after all. */
static void who_is_busy_stays_after_all(void **state)
{
	(void)state;
	scene_begin(&s);
	grow_old(0, YOUNG_S + 1);
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	worker_shed(s.w, 1, 0, STAT_SHED_ASKED);
	scene_until(&s, worker_chosen(s.w) == 1);
	scene_client(&s, 0)->tenure.chosen_at -= 1;
	client_wake(scene_client(&s, 0));
	scene_until(&s, worker_chosen(s.w) == 0);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	assert_int_equal(scene_count(&s, STAT_SHED_ASKED), 0);
	scene_deinit(&s);
}

static void the_young_are_left_alone(void **state)
{
	(void)state;
	scene_begin(&s);
	worker_shed(s.w, 1, 0, STAT_SHED_SKEW);
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	assert_int_equal(worker_chosen(s.w), 0);
	scene_deinit(&s);
}

/* acks=0: nobody knows yet whether the broker has it. */
static void who_has_sent_what_nobody_confirms_is_left_alone(void **state)
{
	(void)state;
	scene_begin(&s);
	grow_old(0, YOUNG_S + 1);
	client_says(&s, 0,
		    "Produce 7 id 1\nacks: 0\ntopic_data:\n  - name: \"orders\"\n"
		    "    partition_data:\n      - index: 1\n");
	broker_takes(&s, 1);
	scene_be_still(&s);
	worker_shed(s.w, 1, 0, STAT_SHED_SKEW);
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	client_says(&s, 0, "Heartbeat 3 id 2\ngroup_id: \"g\"\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2"); /* which shows that it has arrived */
	worker_shed(s.w, 1, 0, STAT_SHED_SKEW);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* --- for their age --- */

static void who_is_too_old_is_closed_between_requests(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.max_connection_age_ms = AGE_MS;
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	grow_old(0, 0.89 * AGE_MS / 1000); /* a tenth more or less, by chance */
	client_wake(scene_client(&s, 0));
	scene_be_still(&s);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	grow_old(0, 0.22 * AGE_MS / 1000);
	client_wake(scene_client(&s, 0));
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_SHED_AGE), 1);
	scene_deinit(&s);
}

/* What has come by the time that it is to be closed is answered first. */
static void what_has_come_by_then_is_answered(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_be_still(&s);
	s.config.max_connection_age_ms = AGE_MS;
	grow_old(0, 2.0 * AGE_MS / 1000);
	scene_come(&s, 0, client_says(&s, 0, HEARTBEAT));
	client_wake(scene_client(&s, 0));
	broker_takes(&s, 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* A limit that is set now is not that of those who are older already: not all are closed at once. */
static void a_new_limit_begins_now(void **state)
{
	struct config other;
	int done = 0;

	(void)state;
	scene_begin(&s);
	grow_old(0, 2.0 * AGE_MS / 1000);
	other = s.config;
	other.max_connection_age_ms = AGE_MS;
	worker_reconfigure(s.w, &other, on_done, &done);
	scene_until(&s, done == 1);
	scene_be_still(&s);
	assert_non_null(scene_client(&s, 0));
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ping_is_answered_by_the_loop),
		cmocka_unit_test(another_configuration_holds_at_once),
		cmocka_unit_test(clients_are_closed_for_the_balance),
		cmocka_unit_test(who_is_busy_stays_after_all),
		cmocka_unit_test(the_young_are_left_alone),
		cmocka_unit_test(who_has_sent_what_nobody_confirms_is_left_alone),
		cmocka_unit_test(who_is_too_old_is_closed_between_requests),
		cmocka_unit_test(what_has_come_by_then_is_answered),
		cmocka_unit_test(a_new_limit_begins_now),
	};

	return cmocka_run_group_tests_name("worker", tests, scene_setup, scene_teardown);
}
