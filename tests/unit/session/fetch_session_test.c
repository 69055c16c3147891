/* Fetch sessions: whose a session is, what its broker hears, and when a client hears that there is
 * none. */
#include "session/fetch_session.h"

#include "session/session.h"
#include "unit/session/words.h"

#include "kafka/errors.h"

#define NONE "session_id: 0\nsession_epoch: -1\n"
#define NEW "session_id: 0\nsession_epoch: 0\n"

/* "orders" is led by 0, 1, 2, and its partition 3 by 1 too. */
static struct scene s;

static void begin(enum advertise_mode mode)
{
	scene_init(&s);
	s.config.listener.advertised_mode = mode;
	s.config.listener.min_broker_id = 0;
	scene_topic(&s, "orders", (int32_t[]){ 0, 1, 2, 1 }, 4);
	scene_connect(&s);
	scene_be_still(&s);
}

/* About a partition; -1: about none. */
static void says(int client, int id, int epoch, int partition)
{
	char *about = partition < 0 ? mem_strdup("")
				    : mem_printf("topics:\n  - topic: \"orders\"\n    partitions:\n"
						 "      - partition: %d\n",
						 partition);
	char *text = mem_printf("Fetch 11 id 1\nsession_id: %d\nsession_epoch: %d\n%s", id, epoch,
				about);

	client_says(&s, client, text);
	free(text);
	free(about);
}

static void hears(int broker, const char *session)
{
	int by;
	char *text = broker_gets(&s, broker, &by);

	if (strstr(text, session) == NULL)
		fail_msg("broker %d does not hear\n%sbut\n%s", broker, session, text);
	free(text);
}

static void answers(int client, int broker, const char *answer, const char *heard)
{
	broker_answers(&s, broker, answer);
	assert_client_gets(&s, client, heard);
}

/* The first client has session 9 at broker 1, at epoch 1. */
static void have_session(void)
{
	says(0, 0, 0, 1);
	hears(1, NEW);
	answers(0, 1, "session_id: 9\n", "session_id: 9\n");
}

static void set_leader(int partition, int32_t leader)
{
	((struct topic *)(uintptr_t)snapshot_topic(s.snapshot, "orders", 6))
		->partitions[partition]
		.leader = leader;
}

static void a_session_goes_on_at_its_broker(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	have_session();
	says(0, 9, 1, -1);
	hears(1, "session_id: 9\nsession_epoch: 1\n");
	answers(0, 1, "session_id: 9\n", "session_id: 9\n");
	says(0, 9, 2, 3); /* one partition more of the same leader */
	hears(1, "session_id: 9\nsession_epoch: 2\n");
	answers(0, 1, "error_code: 71\n", "error_code: 71\n"); /* what the broker says of it */
	says(0, 9, 3, -1);
	assert_client_gets(&s, 0, "error_code: 70\n"); /* for the broker has ended it */
	scene_deinit(&s);
}

static void who_needs_another_broker_begins_anew(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	have_session();
	says(0, 9, 1, 2);
	assert_client_gets(&s, 0, "error_code: 70\n");
	set_leader(3, 0);
	says(0, 9, 1, 3); /* its leader has moved */
	assert_client_gets(&s, 0, "error_code: 70\n");
	client_says(
		&s, 0,
		"Fetch 11 id 1\nsession_id: 0\nsession_epoch: 0\ntopics:\n"
		"  - topic: \"orders\"\n    partitions:\n      - partition: 1\n      - partition: 2\n");
	hears(1,
	      "session_id: 9\nsession_epoch: 0\n"); /* of the node's own: see own_session_test.c */
	hears(2, NEW);
	scene_deinit(&s);
}

static void a_session_is_the_connections_that_was_told_of_it(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	scene_connect(&s);
	have_session();
	says(1, 9, 1, -1);
	assert_client_gets(&s, 1, "error_code: 70\n");
	says(1, 9, 0, 1); /* nor does it end it by beginning another one */
	hears(1, NEW);
	answers(1, 1, "session_id: 10\n", "session_id: 10\n");
	says(1, 9, -1, 1);
	hears(1, NONE);
	scene_deinit(&s);
}

static void the_last_word_ends_it_at_its_broker(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	have_session();
	says(0, 9, -1, -1);
	hears(1, "session_id: 9\nsession_epoch: -1\n");
	answers(0, 1, "", "session_id: 0\n");
	says(0, 9, 1, -1);
	assert_client_gets(&s, 0, "error_code: 70\n");
	scene_deinit(&s);
}

static void a_new_one_ends_the_one_before_where_it_is(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	have_session();
	says(0, 9, 0, 2);
	hears(2, NEW);
	answers(0, 2, "session_id: 11\n", "session_id: 11\n");
	says(0, 11, 0, 2);
	hears(2, "session_id: 11\nsession_epoch: 0\n");
	scene_deinit(&s);
}

static void a_lost_broker_ends_it(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	have_session();
	says(0, 9, 1, -1);
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	assert_client_gets(&s, 0, "error_code: 0\nsession_id: 0\n"); /* from full requests on */
	scene_deinit(&s);
}

static void it_is_passed_on_in_single_too(void **state)
{
	(void)state;
	begin(ADVERTISE_SINGLE);
	have_session();
	says(0, 9, 1, 3);
	hears(1, "session_id: 9\nsession_epoch: 1\n");
	answers(0, 1, "session_id: 9\n", "session_id: 9\n");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_goes_on_at_its_broker),
		cmocka_unit_test(who_needs_another_broker_begins_anew),
		cmocka_unit_test(a_session_is_the_connections_that_was_told_of_it),
		cmocka_unit_test(the_last_word_ends_it_at_its_broker),
		cmocka_unit_test(a_new_one_ends_the_one_before_where_it_is),
		cmocka_unit_test(a_lost_broker_ends_it),
		cmocka_unit_test(it_is_passed_on_in_single_too),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
