/* A worker's part of a drain: its clients leave in turns, its ports are closed, and it is said once
 * that all have gone. */
#include "session/draining.h"

#include "session/session.h"
#include "unit/session/words.h"

enum { PORTS = SCENE_BROKERS };

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\n"

static struct scene s;
static struct sockaddr_in ports[PORTS];

/* The worker listens, and nobody has come. */
static void begin(void)
{
	int fds[PORTS];

	scene_init(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "g", 1);
	for (int i = 0; i < PORTS; i++)
		fds[i] = scene_listen(&ports[i]);
	ports_listen(s.w, 0, fds, PORTS);
	scene_until(&s, s.w->entrances[0].sockets != NULL);
}

static int connect_to(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&ports[port], sizeof ports[port]) == 0)
		return fd;
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	return -1;
}

/* A client by the port. */
static int come(int port)
{
	struct scene_client *one = &s.clients[s.client_count];
	int fd = connect_to(port);

	assert_true(fd >= 0);
	assert_true(s.client_count < SCENE_CLIENTS);
	scene_end_init(&one->end, fd);
	one->id = s.w->next_client_id;
	scene_until(&s, scene_client(&s, s.client_count) != NULL);
	assert_int_equal(scene_client(&s, s.client_count)->tenure.port, port);
	return s.client_count++;
}

static bool is_here(int client)
{
	return scene_client(&s, client) != NULL;
}

static void turn(void)
{
	draining_turn(s.w);
	scene_be_still(&s);
}

static void clients_leave_with_their_ports(void **state)
{
	int a, b, c;

	(void)state;
	begin();
	a = come(0);
	b = come(1);
	c = come(2);
	assert_int_equal(draining_came_by(s.w), SEVERAL_PORTS);
	draining_begin(s.w, PORTS, 0, true);
	scene_be_still(&s);
	assert_true(is_here(a) && is_here(b) && is_here(c));
	turn();
	assert_true(!is_here(a) && is_here(b) && is_here(c));
	assert_int_equal(connect_to(0), -1);
	turn();
	assert_true(!is_here(b) && is_here(c));
	assert_int_equal(s.drained, 0);
	turn();
	assert_false(is_here(c));
	assert_int_equal(s.drained, 1);
	turn(); /* there is none left */
	assert_int_equal(s.drained, 1);
	scene_deinit(&s);
}

/* Where all came by one port they leave by chance, an equal share in each turn. */
static void clients_of_one_port_leave_by_chance(void **state)
{
	int left[2] = { 0 };

	(void)state;
	begin();
	for (int i = 0; i < 4; i++)
		come(1);
	assert_int_equal(draining_came_by(s.w), 1);
	draining_begin(s.w, 2, 0, false);
	for (int t = 0; t < 2; t++) {
		turn();
		for (int i = 0; i < 4; i++)
			left[t] += !is_here(i);
	}
	assert_int_equal(left[0], 2);
	assert_int_equal(left[1], 4);
	assert_int_equal(s.drained, 1);
	scene_deinit(&s);
}

/* What is in flight is answered first; the drain waits for it. */
static void what_is_asked_is_answered(void **state)
{
	int a;

	(void)state;
	begin();
	a = come(0);
	client_says(&s, a, HEARTBEAT);
	broker_takes(&s, 1);
	draining_begin(s.w, 1, 0, true);
	turn();
	assert_true(is_here(a));
	assert_int_equal(draining_leaving(s.w), 1);
	assert_int_equal(s.drained, 0);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, a, "correlation id 1");
	scene_until(&s, !is_here(a));
	assert_int_equal(draining_leaving(s.w), 0);
	assert_int_equal(s.drained, 1);
	scene_deinit(&s);
}

/* With a lag a port is open a turn longer than its clients: they may come back once, and those
 * leave with the port's turn. */
static void who_comes_back_is_served_until_the_port_goes(void **state)
{
	int a, again;

	(void)state;
	begin();
	a = come(0);
	draining_begin(s.w, PORTS + 1, 1, true);
	turn();
	assert_false(is_here(a));
	again = come(0);
	scene_be_still(&s);
	assert_true(is_here(again));
	turn();
	assert_false(is_here(again));
	assert_int_equal(connect_to(0), -1);
	scene_deinit(&s);
}

/* Who is in the queue of a port that is closed has been told that it is connected: it is taken,
 * and what it asks at once is answered. */
static void who_is_in_the_queue_is_taken(void **state)
{
	struct scene_client *one = &s.clients[0];
	int fd;

	(void)state;
	begin();
	draining_begin(s.w, 1, 0, true);
	scene_be_still(&s);
	fd = connect_to(0);
	assert_true(fd >= 0);
	scene_end_init(&one->end, fd);
	one->id = s.w->next_client_id;
	s.client_count = 1;
	client_says(&s, 0, "ApiVersions 0 id 5\n");
	draining_turn(s.w);
	assert_client_gets(&s, 0, "correlation id 5");
	scene_until(&s, s.drained == 1);
	scene_deinit(&s);
}

/* A client on the way to another node has others of its connections there in a moment. */
static void who_is_moving_stays_a_moment(void **state)
{
	int a;

	(void)state;
	begin();
	a = come(0);
	scene_client(&s, a)->tenure.mapped_at = clock_s() + SCENE_LIMIT_S;
	draining_begin(s.w, 1, 0, true);
	turn();
	assert_true(is_here(a));
	assert_int_equal(scene_client(&s, a)->life.state, LIFE_SERVED);
	assert_int_equal(draining_leaving(s.w), 1);
	scene_client(&s, a)->tenure.mapped_at = 0;
	scene_until(&s, !is_here(a)); /* the drain's own timer looks */
	assert_int_equal(s.drained, 1);
	scene_deinit(&s);
}

static void a_drain_that_is_undone_lets_stay_who_is_there(void **state)
{
	int a, b;

	(void)state;
	begin();
	a = come(0);
	b = come(2);
	scene_client(&s, a)->tenure.mapped_at = clock_s() + SCENE_LIMIT_S;
	draining_begin(s.w, PORTS, 0, true);
	turn();
	assert_int_equal(draining_leaving(s.w), 1);
	draining_undo(s.w);
	scene_until(&s, s.drained == 1); /* whoever waits for the drain waits no longer */
	assert_int_equal(draining_leaving(s.w), 0);
	scene_client(&s, a)->tenure.mapped_at = 0;
	turn(); /* of no drain */
	assert_true(is_here(a) && is_here(b));
	assert_int_equal(scene_client(&s, a)->life.state, LIFE_SERVED);
	draining_begin(s.w, 1, 0, true); /* and another one begins at its first turn */
	turn();
	assert_true(!is_here(a) && !is_here(b));
	assert_int_equal(s.drained, 2);
	scene_deinit(&s);
}

static void who_is_left_at_the_end_goes_now(void **state)
{
	int a;

	(void)state;
	begin();
	a = come(0);
	client_says(&s, a, HEARTBEAT);
	broker_takes(&s, 1);
	draining_begin(s.w, PORTS, 0, true);
	turn();
	assert_true(is_here(a));
	draining_end(s.w);
	scene_until(&s, s.drained == 1);
	assert_false(is_here(a));
	assert_client_closed(&s, a);
	for (int i = 0; i < PORTS; i++)
		assert_int_equal(connect_to(i), -1);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_leave_with_their_ports),
		cmocka_unit_test(clients_of_one_port_leave_by_chance),
		cmocka_unit_test(what_is_asked_is_answered),
		cmocka_unit_test(who_comes_back_is_served_until_the_port_goes),
		cmocka_unit_test(who_is_in_the_queue_is_taken),
		cmocka_unit_test(who_is_moving_stays_a_moment),
		cmocka_unit_test(a_drain_that_is_undone_lets_stay_who_is_there),
		cmocka_unit_test(who_is_left_at_the_end_goes_now),
	};

	return cmocka_run_group_tests_name("draining", tests, scene_setup, scene_teardown);
}
