/* What the gateway answers itself: ApiVersions in any version, and what it makes of what the
 * client says of itself there. */
#include "session/session.h"

#include "unit/session/words.h"

#define HELLO(name, version)                                \
	"ApiVersions 3 id 1\nclient_software_name: \"" name \
	"\"\nclient_software_version: \"" version "\"\n"
#define HEARTBEAT "Heartbeat 3 id 2\ngroup_id: \"g\"\n"

enum { TOO_LONG = 256 };

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void every_version_is_answered(void **state)
{
	struct kversions v = api_versions(api_of(18));

	(void)state;
	scene_begin(&s);
	for (int version = v.min; version <= v.max; version++) {
		char *text = mem_printf("ApiVersions %d id %d\n", version, version + 10);
		char *hello = mem_printf("%sclient_software_name: \"a\"\n"
					 "client_software_version: \"1\"\n",
					 text);

		client_says(&s, 0, version < 3 ? text : hello);
		assert_client_gets(&s, 0, "error_code: 0\n");
		free(text);
		free(hello);
	}
	scene_deinit(&s);
}

/* The answer has the form of version 0, whatever was asked, and says what there is. */
static void a_version_of_tomorrow_is_told_todays(void **state)
{
	static const uint8_t asks[] = { 0, 0, 0, 12, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 1, 2 };
	const struct scene_end *e = &s.clients[0].end;

	(void)state;
	scene_begin(&s);
	scene_client_sends(&s, 0, asks, sizeof asks);
	scene_until(&s, scene_frame_size(e) > 0);
	assert_int_equal(wire_get32(e->in.data + 4), 7);
	assert_int_equal(wire_get16(e->in.data + 8), 35);
	assert_int_equal(wire_get32(e->in.data + 10), 1); /* one API: this one */
	assert_int_equal(wire_get16(e->in.data + 14), 18);
	assert_non_null(client());
	scene_deinit(&s);
}

static void who_speaks_badly_is_ended(void **state)
{
	static const uint8_t asks[] = { 0, 0, 0,    16,	  0, 18, 0,   3, 0, 0,
					0, 7, 0xff, 0xff, 0, 9,	 'a', 1, 2, 3 };

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, HEARTBEAT);
	scene_client_sends(&s, 0, asks, sizeof asks);
	broker_takes(&s, 1);
	scene_until(&s, scene_count(&s, STAT_BAD_FRAMES) == 1);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2"); /* what was asked before is answered */
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

static void who_the_client_is_is_told_to_brokers(void **state)
{
	char *text;
	int end;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, HELLO("a-client", "1.2"));
	free(client_gets(&s, 0));
	assert_string_equal(client()->hello.name, "a-client");
	assert_string_equal(client()->hello.version, "1.2");
	client_says(&s, 0, HEARTBEAT);
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "client_software_name: \"a-client\"\n"));
	free(text);
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "request Heartbeat"));
	free(text);
	broker_answers(&s, 1, "error_code: 35\n"); /* nobody minds */
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2");
	client_says(&s, 0, HEARTBEAT); /* it is said once */
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "request Heartbeat"));
	free(text);
	scene_deinit(&s);
}

static void who_does_not_say_is_not_told(void **state)
{
	char *text;
	int end;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, "ApiVersions 2 id 1\n");
	free(client_gets(&s, 0));
	assert_null(client()->hello.name);
	client_says(&s, 0, HEARTBEAT);
	text = broker_gets(&s, 1, &end);
	assert_non_null(strstr(text, "request Heartbeat"));
	free(text);
	scene_deinit(&s);
}

static void a_name_that_is_too_long_is_not_kept(void **state)
{
	char name[TOO_LONG + 1];
	char *text;

	(void)state;
	scene_begin(&s);
	memset(name, 'n', TOO_LONG);
	name[TOO_LONG] = '\0';
	text = mem_printf("ApiVersions 3 id 1\nclient_software_name: \"%s\"\n"
			  "client_software_version: \"1\"\n",
			  name);
	client_says(&s, 0, text);
	assert_client_gets(&s, 0, "error_code: 0\n");
	assert_null(client()->hello.name);
	free(text);
	scene_deinit(&s);
}

/* KIP-1242: a client of version 5 says which broker it has dialled, and of which cluster. */
static void which_broker_was_dialled_is_kept(void **state)
{
	static const char hello[] = "ApiVersions 5 id 1\nclient_software_name: \"a\"\n"
				    "client_software_version: \"1\"\n";
	static const struct {
		const char *says, *answer;
		enum hint_by by;
		int32_t broker;
	} rows[] = {
		{ "", "error_code: 0\n", HINT_NONE, NO_BROKER },
		{ "cluster_id: \"c\"\nnode_id: 7\n", "error_code: 129\n", HINT_NONE, NO_BROKER },
		{ "cluster_id: \"d\"\nnode_id: 2\n", "error_code: 129\n", HINT_NONE, NO_BROKER },
		{ "node_id: 2\n", "error_code: 42\n", HINT_NONE, NO_BROKER },
		{ "cluster_id: \"c\"\nnode_id: 2\n", "error_code: 0\n", HINT_CLIENT, 2 },
		{ "", "error_code: 0\n", HINT_CLIENT, 2 }, /* what it said stays */
	};

	(void)state;
	scene_begin(&s);
	s.snapshot->cluster_id = mem_strdup("c");
	client()->came.hint = hint_none();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_printf("%s%s", hello, rows[i].says);

		client_says(&s, 0, text);
		assert_client_gets(&s, 0, rows[i].answer);
		assert_int_equal(client()->came.hint.by, rows[i].by);
		assert_int_equal(client()->came.hint.broker, rows[i].broker);
		free(text);
	}
	scene_deinit(&s);
}

/* The brokers' list has no broker that is down: no reason for its clients to close everything. */
static void a_broker_that_is_down_is_still_one(void **state)
{
	static const enum advertise_mode modes[] = { ADVERTISE_PORTS, ADVERTISE_SINGLE };
	static const char *const ids[] = { "2", "0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		char *text = mem_printf(
			"ApiVersions 5 id 1\nclient_software_name: \"a\"\n"
			"client_software_version: \"1\"\ncluster_id: \"c\"\nnode_id: %s\n",
			ids[i]);

		scene_begin(&s);
		s.config.listener.advertised_mode = modes[i];
		s.snapshot->cluster_id = mem_strdup("c");
		s.snapshot->broker_count = i == 0 ? 2 : 0; /* of three */
		client_says(&s, 0, text);
		assert_client_gets(&s, 0, "error_code: 0\n");
		s.snapshot->broker_count = SCENE_BROKERS;
		free(text);
		scene_deinit(&s);
	}
}

/* An answer that is made here waits for those of requests that were asked before. */
static void it_keeps_its_place(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, HEARTBEAT);
	client_says(&s, 0, "ApiVersions 0 id 3\n");
	broker_takes(&s, 1);
	scene_be_still(&s);
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 2");
	assert_client_gets(&s, 0, "correlation id 3");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_answered),
		cmocka_unit_test(a_version_of_tomorrow_is_told_todays),
		cmocka_unit_test(who_speaks_badly_is_ended),
		cmocka_unit_test(who_the_client_is_is_told_to_brokers),
		cmocka_unit_test(who_does_not_say_is_not_told),
		cmocka_unit_test(a_name_that_is_too_long_is_not_kept),
		cmocka_unit_test(which_broker_was_dialled_is_kept),
		cmocka_unit_test(a_broker_that_is_down_is_still_one),
		cmocka_unit_test(it_keeps_its_place),
	};

	return cmocka_run_group_tests_name("here", tests, scene_setup, scene_teardown);
}
