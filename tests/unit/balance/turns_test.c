/* In which turn of a drain clients leave, and who stays a moment more. */
#include "balance/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tenure by_port(int port)
{
	struct tenure t;

	tenure_begin(&t, 1, port, 0, 0);
	return t;
}

/* No turn is empty while there are ports enough, and the first ports go first. */
static void ports_go_in_order(void **state)
{
	(void)state;
	for (int turns = 1; turns <= 10; turns++) {
		int before = 0;

		for (int port = 0; port < 10; port++) {
			int turn = turns_of_port(port, turns, 10);

			assert_true(turn == before || turn == before + 1);
			before = turn;
		}
		assert_int_equal(before, turns - 1);
	}
}

static void clients_go_with_their_port(void **state)
{
	const struct turns t = { .by_port = true, .count = 4, .port_count = 6 };

	(void)state;
	for (int port = 0; port < 6; port++) {
		struct tenure c = by_port(port);

		assert_int_equal(turns_of_client(&t, &c), turns_of_port(port, 4, 6));
	}
}

static void by_one_port_clients_go_by_chance(void **state)
{
	const struct turns t = { .count = 4, .port_count = 6 };
	int in_turn[4] = { 0 };

	(void)state;
	for (uint64_t id = 1; id <= 400; id++) {
		struct tenure c;

		tenure_begin(&c, id, 0, 0, 0);
		in_turn[turns_of_client(&t, &c)]++;
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(in_turn[i], 100);
}

/* With a lag the port stays open one turn longer than its clients. */
static void a_client_may_come_back_once_where_ports_lag(void **state)
{
	struct turns t = {
		.has_begun = true, .by_port = true, .count = 4, .lag = 1, .port_count = 3
	};
	struct tenure first = by_port(0), second = by_port(1);

	(void)state;
	assert_false(turns_has_come(&t, &first));
	t.done = 1;
	assert_true(turns_has_come(&t, &first));
	assert_false(turns_is_late(&t, &first));
	assert_false(turns_has_come(&t, &second));
	t.done = 2;
	assert_true(turns_is_late(&t, &first));
	assert_false(turns_is_late(&t, &second));
}

static void no_drain_no_turn(void **state)
{
	const struct turns t = { .count = 1 };
	struct tenure c = by_port(3);

	(void)state;
	assert_int_equal(turns_of_client(&t, &c), 0);
	assert_false(turns_has_come(&t, &c));
	assert_false(turns_is_late(&t, &c));
}

static void a_client_waits_for_the_others_to_hear(void **state)
{
	struct tenure c = by_port(0);

	(void)state;
	c.turn_at = 100;
	c.mapped_at = 50;
	assert_true(turns_must_wait(&c, 0.75, 100.5));
	assert_false(turns_must_wait(&c, 0.75, 100.75));
	assert_false(turns_must_wait(&c, 0, 100));
}

static void a_moving_client_waits_but_not_for_ever(void **state)
{
	struct tenure c = by_port(0);

	(void)state;
	c.turn_at = 100;
	c.mapped_at = 102.5; /* it asks again and again where its brokers are */
	assert_true(turns_must_wait(&c, 0.75, 102.75));
	assert_false(turns_must_wait(&c, 0.75, 103));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_go_in_order),
		cmocka_unit_test(clients_go_with_their_port),
		cmocka_unit_test(by_one_port_clients_go_by_chance),
		cmocka_unit_test(a_client_may_come_back_once_where_ports_lag),
		cmocka_unit_test(no_drain_no_turn),
		cmocka_unit_test(a_client_waits_for_the_others_to_hear),
		cmocka_unit_test(a_moving_client_waits_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
