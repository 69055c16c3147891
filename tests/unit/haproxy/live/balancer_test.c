#include "live/balancer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_named(void **state)
{
	struct balancers all;

	(void)state;
	balancers_init(&all, 1000);
	assert_null(balancers_add(&all, BALANCER_STATS, "lb1=/run/a.sock"));
	assert_null(balancers_add(&all, BALANCER_STATS, "lb2=10.0.0.2:9999"));
	assert_null(balancers_add(&all, BALANCER_MASTER, "lb1=/run/a=m.sock"));
	assert_null(balancers_add(&all, BALANCER_CONFIG, "lb2=/etc/haproxy.cfg"));
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].name, "lb1");
	assert_string_equal(all.list[0].stats, "/run/a.sock");
	assert_string_equal(all.list[0].master, "/run/a=m.sock");
	assert_null(all.list[0].config);
	assert_string_equal(balancers_find(&all, "lb2")->config, "/etc/haproxy.cfg");
	assert_null(balancers_find(&all, "lb3"));
	assert_non_null(balancers_add(&all, BALANCER_STATS, "lb1=/run/again.sock"));
	assert_non_null(balancers_add(&all, BALANCER_STATS, "=x"));
	assert_non_null(balancers_add(&all, BALANCER_STATS, "lb3="));
	balancers_deinit(&all);
}

static void test_the_only_one(void **state)
{
	struct balancers all;

	(void)state;
	balancers_init(&all, 1000);
	assert_null(balancers_add(&all, BALANCER_STATS, "/run/with=sign.sock"));
	assert_null(balancers_add(&all, BALANCER_MASTER, "/run/master.sock"));
	assert_int_equal(all.count, 1);
	assert_string_equal(all.list[0].name, "haproxy");
	assert_string_equal(all.list[0].stats, "/run/with=sign.sock");
	assert_non_null(balancers_add(&all, BALANCER_STATS, "/run/another.sock"));
	balancers_deinit(&all);
}

static void test_out_of_reach(void **state)
{
	struct balancers all;
	char why[RUNTIME_WHY_MAX];

	(void)state;
	balancers_init(&all, 1000);
	assert_null(balancers_add(&all, BALANCER_STATS, "lb1=/nosuch/a.sock"));
	assert_null(balancer_ask(&all, &all.list[0], WORKER_CURRENT, "show info", why));
	assert_string_equal(why, "lb1: /nosuch/a.sock: \"show info\": there is no such socket");
	assert_null(balancer_ask(&all, &all.list[0], 17, "show info", why));
	assert_string_equal(
		why, "lb1: old workers answer on the master socket only, which is not known");
	assert_null(balancer_ask_master(&all, &all.list[0], "show proc", why));
	balancers_deinit(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_the_only_one),
		cmocka_unit_test(test_out_of_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
