/* Where clients say who they are, no error is made up of a name that the client has not been answered
 * about: another broker says it, or the connection is closed. */
#include "auth/mechanism.h"
#include "session/session.h"

#include "unit/session/words.h"

#define LIST_OFFSETS(id, partitions)                                               \
	"ListOffsets 5 id " id "\nreplica_id: -1\ntopics:\n  - name: \"orders\"\n" \
	"    partitions:\n" partitions
#define ONE "      - partition_index: 1\n"
#define TWO "      - partition_index: 0\n      - partition_index: 1\n"
#define LISTED(partition, error)                                                              \
	"topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: " partition \
	"\n        error_code: " error "\n"
#define HEARTBEAT "Heartbeat 3 id 7\ngroup_id: \"g\"\n"

static struct scene s;

/* A client that has logged in, for all that the session knows; it has no connection yet. */
static void begin(void)
{
	scene_begin(&s);
	scene_client(&s, 0)->door = (struct door){ .state = DOOR_OPEN };
	scene_client(&s, 0)->claim.account = account_new(plain_credentials("alice", "secret"));
}

/* A broker does not listen, and another one is all there is beside it. */
static void begin_without(int broker)
{
	begin();
	scene_broker_dies(&s, broker);
	s.snapshot->broker_count = 2;
}

static void end(void)
{
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
}

static void another_broker_speaks_for_one_that_is_down(void **state)
{
	(void)state;
	begin_without(1);
	client_says(&s, 0, LIST_OFFSETS("1", ONE));
	broker_believes(&s, 0);
	broker_takes(&s, 0);
	broker_answers(&s, 0, LISTED("1", "29"));
	assert_client_gets(&s, 0, "error_code: 29");
	end();
}

static void for_a_part_of_a_split_too(void **state)
{
	(void)state;
	begin_without(1);
	client_says(&s, 0, LIST_OFFSETS("1", TWO));
	broker_believes(&s, 0);
	broker_takes(&s, 0);
	broker_answers(&s, 0, LISTED("0", "29"));
	broker_takes(&s, 0);
	broker_answers(&s, 0, LISTED("1", "29"));
	assert_client_gets(&s, 0, "      - partition_index: 0\n        error_code: 29");
	end();
}

static void for_a_coordinator_too(void **state)
{
	(void)state;
	begin_without(1);
	client_says(&s, 0, HEARTBEAT);
	broker_believes(&s, 0);
	broker_takes(&s, 0);
	broker_answers(&s, 0, "error_code: 30\n");
	assert_client_gets(&s, 0, "error_code: 30");
	end();
}

/* What has left can't be said again. */
static void a_broker_lost_with_a_strange_name_closes(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("1", ONE));
	broker_believes(&s, 1);
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	assert_client_closed(&s, 0);
	end();
}

static void a_name_that_was_answered_is_known(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("1", ONE));
	broker_believes(&s, 1);
	broker_takes(&s, 1);
	broker_answers(&s, 1, LISTED("1", "0"));
	free(client_gets(&s, 0));
	client_says(&s, 0, LIST_OFFSETS("2", ONE));
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	assert_client_gets(&s, 0, "error_code: 6");
	end();
}

static void a_name_that_was_refused_is_not(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("1", ONE));
	broker_believes(&s, 1);
	broker_takes(&s, 1);
	broker_answers(&s, 1, LISTED("1", "29"));
	free(client_gets(&s, 0));
	client_says(&s, 0, LIST_OFFSETS("2", ONE));
	broker_takes(&s, 1);
	scene_broker_dies(&s, 1);
	assert_client_closed(&s, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_broker_speaks_for_one_that_is_down),
		cmocka_unit_test(for_a_part_of_a_split_too),
		cmocka_unit_test(for_a_coordinator_too),
		cmocka_unit_test(a_broker_lost_with_a_strange_name_closes),
		cmocka_unit_test(a_name_that_was_answered_is_known),
		cmocka_unit_test(a_name_that_was_refused_is_not),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
