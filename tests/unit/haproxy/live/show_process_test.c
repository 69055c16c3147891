#include "live/show_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_info(void **state)
{
	const char *text = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 677\nMaxconn: 4000\n"
			   "Hard_maxconn: 4000\nnode: vm\nStopping: 1\n\n";
	char *version = show_info_get(text, "Version");

	(void)state;
	assert_string_equal(version, "2.6.12-1+deb12u4");
	free(version);
	assert_int_equal(show_info_number(text, "Maxconn"), 4000);
	assert_int_equal(show_info_number(text, "Stopping"), 1);
	assert_int_equal(show_info_number(text, "CurrConns"), -1);
	assert_int_equal(show_info_number(text, "node"), -1);
}

static void test_proc(void **state)
{
	struct processes all = show_proc_parse(
		"#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
		"671             master          2 [failed: 1]   0d00h00m05s     2.6.12-1+deb12u4\n"
		"# workers\n"
		"682             worker          1               0d00h00m03s     2.6.12-1+deb12u4\n"
		"# old workers\n"
		"677             worker          2               1d00h00m05s     2.6.12-1+deb12u4\n"
		"# programs\n"
		"900             agent           0               0d00h00m05s     -\n\n");

	(void)state;
	assert_int_equal(all.master_pid, 671);
	assert_int_equal(all.reloads, 2);
	assert_int_equal(all.failed, 1);
	assert_int_equal(all.count, 2);
	assert_int_equal(show_proc_current(&all), 682);
	assert_false(all.workers[0].is_old);
	assert_true(all.workers[1].is_old);
	assert_int_equal(all.workers[1].pid, 677);
	assert_int_equal(all.workers[1].reloads, 2);
	assert_int_equal(all.workers[1].uptime, 86405);
	show_proc_free(&all);
}

static void test_proc_of_2_4(void **state)
{
	struct processes all = show_proc_parse(
		"#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>\n"
		"671             master          0               5               0d00h00m05s     2.4.0\n"
		"# workers\n"
		"682             worker          1               0               0d00h00m03s     2.4.0\n");

	(void)state;
	assert_int_equal(all.reloads, 5);
	assert_int_equal(all.failed, -1);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.workers[0].reloads, 0);
	assert_int_equal(all.workers[0].uptime, 3);
	show_proc_free(&all);
	all = show_proc_parse("Unknown command\n");
	assert_int_equal(all.master_pid, -1);
	assert_int_equal(show_proc_current(&all), -1);
	show_proc_free(&all);
}

static const char peers_text[] =
	"0x55e85c64a8f0: [27/Nov/2026:19:52:44] id=gwpeers disabled=0 flags=0x6813 resync_timeout=3s\n"
	"  0x55e85c64da90: id=lb2(remote,active) addr=127.0.52.12:10000 last_status=ESTA last_hdshk=1s\n"
	"        reconnect=4s heartbeat=1s confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=1 proto_err=0\n"
	"        flags=0x200 appctx:0x55e85c878700 st0=7 st1=0 task_calls=14 state=EST\n"
	"        shared tables:\n"
	"          0x55e85c78a750 local_id=1 remote_id=1 flags=0x0 remote_data=0x80041\n"
	"  0x55e85c64aa60: id=lb1(local,inactive) addr=127.0.52.11:10000 last_status=NONE last_hdshk=<NEVER>\n"
	"        flags=0x0\n\n";

static void test_peers(void **state)
{
	struct peers all = show_peers_parse(peers_text);

	(void)state;
	assert_int_equal(all.section_count, 1);
	assert_string_equal(all.sections[0].name, "gwpeers");
	assert_int_equal(all.peer_count, 2);
	assert_string_equal(all.peers[0].name, "lb2");
	assert_string_equal(all.peers[0].address, "127.0.52.12:10000");
	assert_string_equal(all.peers[0].state, "ESTA");
	assert_true(all.peers[0].is_active);
	assert_false(all.peers[0].is_local);
	assert_true(all.peers[1].is_local);
	assert_false(all.peers[1].is_active);
	assert_true(show_peers_in_sync(&all));
	show_peers_free(&all);
}

static void test_in_sync(void **state)
{
	struct peers all =
		show_peers_parse("0x1: [x] id=p disabled=0 flags=0x6811 resync_timeout=3s\n");

	(void)state;
	assert_false(show_peers_in_sync(&all));
	show_peers_free(&all);
	all = show_peers_parse("0x1: [x] id=p disabled=1 flags=0x0\n");
	assert_true(show_peers_in_sync(&all));
	show_peers_free(&all);
	all = show_peers_parse("\n");
	assert_true(show_peers_in_sync(&all));
	show_peers_free(&all);
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(
		show_errors_total("Total events captured on [27/Nov/2026:19:52:46.709] : 12\n"),
		12);
	assert_int_equal(show_errors_total("\n"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),	    cmocka_unit_test(test_proc),
		cmocka_unit_test(test_proc_of_2_4), cmocka_unit_test(test_peers),
		cmocka_unit_test(test_in_sync),	    cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
