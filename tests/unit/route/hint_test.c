/* Which broker was dialled: what says so, and when it is believed. */
#include "route/hint.h"

#include "topology/snapshot.h"
#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_port_says_it_where_ports_are_kept(void **state)
{
	static const struct {
		enum advertise_mode mode;
		bool internal, keeps, is_proxied;
		int32_t broker;
		enum hint_by by;
	} rows[] = {
		/* a load balancer may send anything to any port */
		{ ADVERTISE_PORTS, false, false, false, NO_BROKER, HINT_NONE },
		{ ADVERTISE_PORTS, false, true, false, 12, HINT_PORT },
		{ ADVERTISE_PORTS, true, false, false, 12, HINT_PORT },
		{ ADVERTISE_PORTS, false, false, true, 12, HINT_PROXY },
		{ ADVERTISE_PORTS, true, true, true, 12, HINT_PROXY },
		/* one port for all brokers */
		{ ADVERTISE_SINGLE, true, true, false, NO_BROKER, HINT_NONE },
		{ ADVERTISE_SINGLE, true, true, true, NO_BROKER, HINT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct listener l = { .min_broker_id = 10,
					    .advertised_mode = rows[i].mode,
					    .internal_load_balancing = rows[i].internal,
					    .port_is_hint = rows[i].keeps };
		struct hint h = hint_of_port(&l, 2, rows[i].is_proxied);

		assert_int_equal(h.broker, rows[i].broker);
		assert_int_equal(h.by, rows[i].by);
	}
}

static void a_name_says_it_in_mode_host(void **state)
{
	char pattern[] = "b{id}.kafka.test";
	struct listener l = { .advertised_mode = ADVERTISE_HOST, .advertised_pattern = pattern };

	(void)state;
	assert_int_equal(hint_of_name(&l, "b12.kafka.test").broker, 12);
	assert_int_equal(hint_of_name(&l, "b12.kafka.test").by, HINT_NAME);
	assert_int_equal(hint_of_name(&l, "kafka.test").by, HINT_NONE);
	assert_int_equal(hint_of_name(&l, NULL).by, HINT_NONE);
	l.advertised_mode = ADVERTISE_PORTS;
	assert_int_equal(hint_of_name(&l, "b12.kafka.test").by, HINT_NONE);
}

static void each_source_has_a_word(void **state)
{
	(void)state;
	assert_null(hint_word(hint_none().by));
	assert_int_equal(hint_none().broker, NO_BROKER);
	assert_string_equal(hint_word(HINT_PORT), "port");
	assert_string_equal(hint_word(HINT_PROXY), "proxy");
	assert_string_equal(hint_word(HINT_NAME), "name");
	assert_string_equal(hint_word(hint_of_client(3).by), "client");
	assert_int_equal(hint_of_client(3).broker, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_says_it_where_ports_are_kept),
		cmocka_unit_test(a_name_says_it_in_mode_host),
		cmocka_unit_test(each_source_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
