/* Who is connected, asked from another thread than the workers'. */
#include "session/connections.h"

#include "session/roll.h"
#include "session/session.h"
#include "unit/session/words.h"

enum { UNKNOWN_ID = 999, MANY = 100, AT_ONCE = 32 };

static struct scene s;
static pthread_t thread;

static void *run(void *arg)
{
	struct worker *w = arg;

	ev_run(w->loop, 0);
	return NULL;
}

static void stop(void *owner)
{
	struct worker *w = owner;

	ev_break(w->loop, EVBREAK_ALL);
}

/* From now on the worker's loop is turned by a thread of its own. */
static void start(void)
{
	pthread_create(&thread, NULL, run, s.w);
}

static void end(void)
{
	mailbox_call(&s.w->mailbox, stop);
	pthread_join(thread, NULL);
}

/* Two clients: the first has asked broker 1, the second has said who it is. */
static void begin(void)
{
	scene_begin(&s);
	scene_connect(&s);
	scene_client(&s, 1)->came.hint = hint_of_client(2);
	client_says(&s, 0, "Heartbeat 3 id 1 client \"one\"\ngroup_id: \"g\"\n");
	broker_takes(&s, 1);
	client_says(&s, 1,
		    "ApiVersions 3 id 1 client \"two\"\nclient_software_name: \"a-client\"\n"
		    "client_software_version: \"4.2\"\n");
	free(client_gets(&s, 1));
	scene_be_still(&s);
	start();
}

static struct connections list(const struct connections_wanted *wanted)
{
	struct connections found;

	assert_true(connections_list(&s.w, 1, wanted, &found));
	return found;
}

static void each_client_is_described(void **state)
{
	struct connections all;
	const struct connection *one, *two;

	(void)state;
	begin();
	all = list(&(struct connections_wanted){ .limit = 10 });
	end();
	assert_int_equal(all.count, 2);
	assert_int_equal(all.matched, 2);
	two = &all.list[0]; /* the youngest first */
	one = &all.list[1];
	assert_int_equal(one->id, s.clients[0].id);
	assert_string_equal(one->client_id, "one");
	assert_null(one->software);
	assert_string_equal(one->principal, "User:ANONYMOUS");
	assert_null(one->mechanism);
	assert_int_equal(one->in_flight, 1);
	assert_int_equal(one->broker_count, 1);
	assert_int_equal(one->brokers[0], 1);
	assert_true(one->bytes_in > 0 && one->bytes_out == 0);
	assert_int_equal(strncmp(one->client, "127.0.0.1:", 10), 0);
	assert_null(one->dialled_by);
	assert_int_equal(two->dialled, 2);
	assert_string_equal(two->dialled_by, "client");
	assert_string_equal(two->software, "a-client 4.2");
	assert_int_equal(two->in_flight, 0);
	assert_int_equal(two->broker_count, 0);
	assert_true(two->bytes_out > two->bytes_in);
	assert_false(two->is_draining);
	connections_free(&all);
	scene_deinit(&s);
}

static void only_those_who_match_are_listed(void **state)
{
	struct connections found[5];

	(void)state;
	begin();
	found[0] = list(&(struct connections_wanted){ .client_id = "two", .limit = 10 });
	found[1] = list(&(struct connections_wanted){ .client_id = "tw", .limit = 10 });
	found[2] = list(&(struct connections_wanted){ .client = "127.0.0.1", .limit = 10 });
	found[3] = list(&(struct connections_wanted){ .client = "10.", .limit = 10 });
	found[4] = list(&(struct connections_wanted){ .limit = 1 });
	end();
	assert_int_equal(found[0].count, 1);
	assert_int_equal(found[0].list[0].id, s.clients[1].id);
	assert_int_equal(found[1].count, 0);
	assert_int_equal(found[2].count, 2);
	assert_int_equal(found[3].count, 0);
	assert_int_equal(found[4].count, 1); /* as many as wanted; all are counted */
	assert_int_equal(found[4].matched, 2);
	for (size_t i = 0; i < ARRAY_LEN(found); i++)
		connections_free(&found[i]);
	scene_deinit(&s);
}

/* As in a drain: what it asked is answered first. */
static void one_is_closed_by_its_id(void **state)
{
	(void)state;
	begin();
	assert_int_equal(connections_close(&s.w, 1, UNKNOWN_ID), CONNECTION_UNKNOWN);
	assert_int_equal(connections_close(&s.w, 1, s.clients[0].id), CONNECTION_CLOSING);
	end();
	scene_be_still(&s);
	assert_int_equal(scene_client(&s, 0)->life.state, LIFE_DRAINING);
	assert_int_equal(scene_client(&s, 1)->life.state, LIFE_SERVED);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "correlation id 1");
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* So many clients that say nothing; their other ends. */
static void add_many(int others[MANY])
{
	for (int i = 0; i < MANY; i++) {
		struct came came = { .entrance = s.w->entrances, .port = 0, .broker = NO_BROKER };
		struct sockaddr_storage peer;
		struct conn conn;
		int fd = scene_pair(&others[i], &peer);

		address_set(&came.peer, &peer);
		assert_true(admission_enter(s.shared.admission));
		assert_true(admission_enter_address(s.shared.admission, &came.peer.any));
		conn_init(&conn, &conn_plain, fd, s.w->loop, &s.w->bufs, scene_on_nothing, &s);
		client_new(s.w, &conn, &came);
	}
	scene_be_still(&s);
}

/* Each is listed once, and the worker turns to its clients in between. */
static void many_clients_are_looked_at_in_slices(void **state)
{
	struct connections all;
	unsigned turns;
	int others[MANY];

	(void)state;
	scene_begin(&s);
	add_many(others);
	turns = ev_iteration(s.w->loop);
	start();
	all = list(&(struct connections_wanted){ .limit = 2 * MANY });
	end();
	assert_int_equal(all.matched, MANY + 1);
	assert_int_equal(all.count, MANY + 1);
	for (size_t i = 1; i < all.count; i++)
		assert_true(all.list[i].id < all.list[i - 1].id);
	assert_true(ev_iteration(s.w->loop) - turns >= MANY / AT_ONCE);
	connections_free(&all);
	for (int i = 0; i < MANY; i++)
		close(others[i]);
	scene_deinit(&s);
}

/* Clients that go while others are looked at are not looked at. */
static void who_goes_is_passed_over(void **state)
{
	struct roll one, other;

	(void)state;
	scene_begin(&s);
	for (int i = 0; i < 3; i++)
		scene_connect(&s);
	roll_begin(s.w, &one);
	roll_begin(s.w, &other);
	assert_ptr_equal(roll_call(&one), scene_client(&s, 3));
	client_free(scene_client(&s, 2), "the test closes it");
	assert_ptr_equal(roll_call(&one), scene_client(&s, 1));
	client_free(scene_client(&s, 0), "the test closes it");
	assert_null(roll_call(&one));
	roll_end(s.w, &one);
	assert_ptr_equal(roll_call(&other), scene_client(&s, 3));
	assert_ptr_equal(roll_call(&other), scene_client(&s, 1));
	assert_null(roll_call(&other));
	roll_end(s.w, &other);
	scene_deinit(&s);
}

/* Nobody turns its loop: the asker does not wait for ever, and the late answer goes nowhere. */
static void a_worker_that_does_not_answer_is_given_up(void **state)
{
	struct connections found;

	(void)state;
	scene_begin(&s);
	assert_false(connections_list(&s.w, 1, &(struct connections_wanted){ .limit = 1 }, &found));
	assert_int_equal(found.count, 0);
	assert_null(found.list);
	scene_be_still(&s);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_client_is_described),
		cmocka_unit_test(only_those_who_match_are_listed),
		cmocka_unit_test(one_is_closed_by_its_id),
		cmocka_unit_test(many_clients_are_looked_at_in_slices),
		cmocka_unit_test(who_goes_is_passed_over),
		cmocka_unit_test(a_worker_that_does_not_answer_is_given_up),
	};

	return cmocka_run_group_tests_name("connections", tests, scene_setup, scene_teardown);
}
