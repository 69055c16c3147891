#include "live/show_servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_captured(void **state)
{
	struct server_states all = show_servers_parse(
		"1\n"
		"# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
		"srv_iweight srv_time_since_last_change srv_check_status srv_check_result "
		"srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn "
		"srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
		"3 gw 1 n1 127.0.51.101 0 0 50 100 2 8 2 0 6 0 0 1 - 0 - 0 8889 - - 8888\n"
		"3 gw 3 n3 127.0.51.103 2 1 100 100 5 15 3 4 6 0 0 1 - 9092 - 0 8888 127.0.0.9 - 0\n\n");

	(void)state;
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].backend, "gw");
	assert_string_equal(all.list[0].name, "n1");
	assert_string_equal(all.list[0].address, "127.0.51.101");
	assert_int_equal(all.list[0].server_id, 1);
	assert_int_equal(all.list[0].weight, 50);
	assert_int_equal(all.list[0].initial_weight, 100);
	assert_int_equal(all.list[0].port, 0);
	assert_int_equal(all.list[0].check_port, 8889);
	assert_string_equal(all.list[0].check_address, "");
	assert_int_equal(all.list[1].admin_state, ADMIN_FORCED_MAINT);
	assert_int_equal(all.list[1].operational_state, 2);
	assert_int_equal(all.list[1].port, 9092);
	assert_string_equal(all.list[1].check_address, "127.0.0.9");
	show_servers_free(&all);
}

static void test_cut(void **state)
{
	struct server_states all =
		show_servers_parse("1\n# be_id be_name srv_id srv_name srv_addr\n"
				   "3 gw 1 n1 127.0.0.1\n3 gw\n");

	(void)state;
	assert_int_equal(all.count, 0); /* the state itself is missing */
	show_servers_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
