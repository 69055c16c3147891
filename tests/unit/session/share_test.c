/* Share sessions: which broker has one, that it stays there, and that it ends with its connection. */
#include "session/share.h"

#include "session/session.h"
#include "session/standing.h"
#include "session/upstreams.h"
#include "unit/session/words.h"

#include "kafka/errors.h"

#include <math.h>

/* "orders" is led by 0, 1, 2. */
static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void says(const char *api, const char *member, int epoch, int partition)
{
	char *text = mem_printf("%s 1 id 7\ngroup_id: \"s\"\nmember_id: \"%s\"\n"
				"share_session_epoch: %d\ntopics:\n"
				"  - topic_id: 01000000-0000-0000-0000-000000000001\n"
				"    partitions:\n      - partition_index: %d\n",
				api, member, epoch, partition);

	client_says(&s, 0, text);
	free(text);
}

/* The broker gets it and answers. */
static void goes_to(int broker)
{
	broker_takes(&s, broker);
	broker_answers(&s, broker, "");
	assert_client_gets(&s, 0, "error_code: 0\n");
}

static void set_leader(int partition, int32_t leader)
{
	((struct topic *)(uintptr_t)snapshot_topic(s.snapshot, "orders", 6))
		->partitions[partition]
		.leader = leader;
}

static struct upstream *of(int broker)
{
	struct upstream *u = client()->upstreams;

	while (u != NULL && (u->broker != broker || u->purpose != FOR_SHARE))
		u = u->next;
	return u;
}

/* --- where it is --- */

static void a_session_stays_where_it_began(void **state)
{
	(void)state;
	scene_begin(&s);
	says("ShareFetch", "m", 0, 1);
	goes_to(1);
	set_leader(1, 2);
	says("ShareFetch", "m", 1, 1); /* its broker says what there is to say */
	goes_to(1);
	says("ShareAcknowledge", "m", 2, 1);
	goes_to(1);
	scene_deinit(&s);
}

static void each_member_has_a_session_of_its_own(void **state)
{
	(void)state;
	scene_begin(&s);
	says("ShareFetch", "m", 0, 1);
	goes_to(1);
	says("ShareFetch", "n", 0, 2);
	goes_to(2);
	says("ShareFetch", "m", 1, 1);
	goes_to(1);
	says("ShareFetch", "n", 1, 2);
	goes_to(2);
	says("ShareFetch", "mn", 1, 1);
	assert_client_gets(&s, 0, "error_code: 122\n");
	scene_deinit(&s);
}

/* A session that begins anew goes to the leader of then; the connection of the old one, which keeps
 * what was acquired, is closed. */
static void a_session_that_begins_anew_leaves_its_broker(void **state)
{
	(void)state;
	scene_begin(&s);
	says("ShareFetch", "m", 0, 1);
	goes_to(1);
	set_leader(1, 2);
	says("ShareFetch", "m", 0, 1);
	goes_to(2);
	scene_until(&s, of(1) == NULL);
	assert_non_null(client());
	says("ShareFetch", "m", 1, 1);
	goes_to(2);
	scene_deinit(&s);
}

/* Where something says which broker is meant it is that one, whoever leads. */
static void who_was_dialled_has_the_session(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.listener.min_broker_id = 0;
	s.w->entrances[0].advertising.port_count = SCENE_BROKERS;
	client()->came.hint = (struct hint){ 2, HINT_PORT };
	says("ShareFetch", "m", 0, 1);
	goes_to(2);
	scene_deinit(&s);
}

/* --- what is refused here --- */

static void what_was_not_begun_is_no_session(void **state)
{
	(void)state;
	scene_begin(&s);
	says("ShareFetch", "m", 1, 1);
	assert_client_gets(&s, 0, "error_code: 122\n");
	says("ShareAcknowledge", "m", -1, 1);
	assert_client_gets(&s, 0, "error_code: 122\n");
	says("ShareFetch", "m", 0, 1);
	goes_to(1);
	says("ShareFetch", "m", -1, 1);
	goes_to(1);
	says("ShareFetch", "m", 2, 1);
	assert_client_gets(&s, 0, "error_code: 122\n");
	scene_deinit(&s);
}

static void sessions_are_counted(void **state)
{
	char member[16];

	(void)state;
	scene_begin(&s);
	for (int i = 0; i < SHARE_SESSIONS_MAX; i++) {
		snprintf(member, sizeof member, "m%d", i);
		says("ShareFetch", member, 0, 1);
		goes_to(1);
	}
	says("ShareFetch", "one too many", 0, 1);
	assert_client_gets(&s, 0, "error_code: 133\n");
	says("ShareFetch", "m0", 0, 1); /* in place of one that there is */
	goes_to(1);
	says("ShareFetch", "m0", -1, 1);
	goes_to(1);
	says("ShareFetch", "one more", 0, 1);
	goes_to(1);
	scene_deinit(&s);
}

static void the_nodes_own_is_out_of_reach(void **state)
{
	(void)state;
	scene_begin(&s);
	s.w->reserved = (struct reserved){ "s", 1, 7, "__nodes" };
	says("ShareFetch", "m", 0, 1);
	assert_client_gets(&s, 0, "error_code: 30\n");
	s.w->reserved = (struct reserved){ "nodes", 5, 6, "orders" };
	says("ShareFetch", "m", 0, 1);
	assert_client_gets(&s, 0, "error_code: 29\n");
	assert_null(client()->upstreams);
	scene_deinit(&s);
}

static void in_single_there_are_none(void **state)
{
	(void)state;
	scene_begin(&s);
	s.config.listener.advertised_mode = ADVERTISE_SINGLE;
	says("ShareFetch", "m", 0, 1);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* --- its connection --- */

static void a_session_has_a_connection_of_its_own(void **state)
{
	struct upstream *u;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "Heartbeat 3 id 1\ngroup_id: \"g\"\n");
	goes_to(1);
	says("ShareFetch", "m", 0, 1);
	broker_takes(&s, 1);
	broker_answers_on(&s, 1, 1, "");
	assert_client_gets(&s, 0, "error_code: 0\n");
	u = of(1);
	assert_non_null(u);
	assert_true(standing_keeps(client(), u));
	assert_true(standing_keeps(client(), NULL)); /* nor is the client sent elsewhere */
	says("ShareFetch", "m", -1, 1);
	broker_takes(&s, 1);
	broker_answers_on(&s, 1, 1, "");
	assert_client_gets(&s, 0, "error_code: 0\n");
	assert_false(standing_keeps(client(), u));
	assert_false(standing_keeps(client(), NULL));
	scene_deinit(&s);
}

static void a_client_ends_with_its_sessions_broker(void **state)
{
	(void)state;
	scene_begin(&s);
	says("ShareFetch", "m", 0, 1);
	goes_to(1);
	says("ShareFetch", "m", 1, 1);
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

static void a_client_ends_when_its_broker_is_not_reached(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, 1);
	says("ShareFetch", "m", 0, 1);
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_stays_where_it_began),
		cmocka_unit_test(each_member_has_a_session_of_its_own),
		cmocka_unit_test(a_session_that_begins_anew_leaves_its_broker),
		cmocka_unit_test(who_was_dialled_has_the_session),
		cmocka_unit_test(what_was_not_begun_is_no_session),
		cmocka_unit_test(sessions_are_counted),
		cmocka_unit_test(the_nodes_own_is_out_of_reach),
		cmocka_unit_test(in_single_there_are_none),
		cmocka_unit_test(a_session_has_a_connection_of_its_own),
		cmocka_unit_test(a_client_ends_with_its_sessions_broker),
		cmocka_unit_test(a_client_ends_when_its_broker_is_not_reached),
	};

	return cmocka_run_group_tests_name("share", tests, scene_setup, scene_teardown);
}
