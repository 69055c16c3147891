/* What HAProxy 2.6.12 says, cut to the columns that matter. */
#include "live/observe.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "# pxname,svname,scur,bin,bout,status,weight,sid,type,algo,mode\n"
#define BACKENDS                                        \
	"web,a,1,0,0,UP,1,1,2,,http\n"                  \
	"web,BACKEND,1,0,0,UP,1,0,1,,http\n"            \
	"gw,n1,3,10,20,UP,100,1,2,,tcp\n"               \
	"gw,n2,5,30,40,DOWN,100,2,2,,tcp\n"             \
	"gw,n3,0,0,0,MAINT,100,3,2,,tcp\n"              \
	"gw,BACKEND,8,40,60,UP,200,0,1,leastconn,tcp\n" \
	"st_src,BACKEND,0,0,0,UP,0,0,1,,tcp\n"

static const char state[] =
	"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
	"srv_iweight srv_port srv_check_port srv_check_addr srv_agent_port\n"
	"3 gw 1 n1 10.0.0.1 2 0 100 100 0 8888 - 0\n"
	"3 gw 3 n3 - 0 32 100 100 0 8888 - 0\n";

static void free_one(struct observed_balancer *o)
{
	struct observation all = { mem_zalloc(sizeof *o), 1 };

	all.list[0] = *o;
	observe_free(&all);
}

static void test_sums(void **test)
{
	struct observed_balancer o = { 0 };

	(void)test;
	assert_true(observe_read(&o, HEADER BACKENDS, state, NULL));
	assert_string_equal(o.backend, "gw");
	assert_string_equal(o.algorithm, "leastconn");
	assert_int_equal(o.server_count, 2); /* n3 is a free slot */
	assert_int_equal(o.servers[0].state->check_port, 8888);
	assert_null(o.servers[1].state);
	observe_read_old(&o, HEADER "gw,n1,2,0,0,UP,100,1,2,,tcp\n"
				    "gw,gone,9,0,0,UP,100,1,2,,tcp\nweb,n1,7,0,0,UP,1,1,2,,http\n");
	observe_read_old(&o, HEADER "gw,n1,1,0,0,UP,100,1,2,,tcp\n");
	assert_int_equal(observe_find(&o, "n1")->sessions, 3);
	assert_int_equal(observe_find(&o, "n1")->old_sessions, 3);
	assert_int_equal(observe_find(&o, "n2")->old_sessions, 0);
	assert_null(observe_find(&o, "gone"));
	assert_int_equal(o.old_elsewhere, 9);
	free_one(&o);
}

static void test_bytes_of_open_sessions(void **test)
{
	static const char sessions[] =
		"0x1: [1] id=5 proto=tcpv4 source=10.0.0.9:1\n  frontend=f (id=2)\n"
		"  backend=gw (id=3)\n  server=n1 (id=1)\n"
		"  req=0x1 (f=0 total=21)\n  res=0x2 (f=0 total=1000)\n"
		"0x2: [1] id=6 proto=tcpv4 source=10.0.0.9:2\n  frontend=f (id=2)\n"
		"  backend=web (id=3)\n  server=n1 (id=1)\n"
		"  req=0x1 (f=0 total=7)\n  res=0x2 (f=0 total=7)\n";
	struct observed_balancer o = { 0 };

	(void)test;
	assert_true(observe_read(&o, HEADER BACKENDS, NULL, "gw"));
	observe_read_sessions(&o, sessions);
	observe_read_sessions(&o, sessions);
	assert_int_equal(observe_find(&o, "n1")->bytes_in, 42);
	assert_int_equal(observe_find(&o, "n1")->bytes_out, 2000);
	assert_int_equal(observe_find(&o, "n2")->bytes_in, 0);
	free_one(&o);
}

static void test_table(void **test)
{
	struct observed_balancer o = { 0 };

	(void)test;
	assert_true(observe_read(&o, HEADER BACKENDS, NULL, NULL));
	observe_read_tables(&o, "# table: st_src, type: ip, size:10, used:1\n"
				"# table: gw, type: string, size:100, used:25\n\n");
	assert_int_equal(o.table->used, 25);
	free_one(&o);
}

static void test_which_backend(void **test)
{
	char why[RUNTIME_WHY_MAX];
	struct stat_rows one = show_stat_parse(HEADER BACKENDS);
	struct stat_rows two = show_stat_parse(
		HEADER BACKENDS "b2,x,0,0,0,UP,1,1,2,,tcp\nb2,BACKEND,0,0,0,UP,1,0,1,,tcp\n");
	struct stat_rows ours = show_stat_parse(
		HEADER BACKENDS
		"anyport_nodes,x,0,0,0,UP,1,1,2,,tcp\nanyport_nodes,BACKEND,0,0,0,UP,1,0,1,,tcp\n");
	struct stat_rows none = show_stat_parse(HEADER);

	(void)test;
	assert_string_equal(observe_backend(&one, NULL, why), "gw");
	assert_string_equal(observe_backend(&one, "web", why), "web");
	assert_null(observe_backend(&one, "nosuch", why));
	assert_null(observe_backend(&two, NULL, why));
	assert_non_null(strstr(why, "gw, b2"));
	assert_string_equal(observe_backend(&ours, NULL, why), "anyport_nodes");
	assert_null(observe_backend(&none, NULL, why));
	show_stat_free(&one);
	show_stat_free(&two);
	show_stat_free(&ours);
	show_stat_free(&none);
}

/* Those of several listeners, unless there is one that is for all. */
static void test_backends_of_listeners(void **test)
{
#define INSIDE \
	"anyport_nodes_in,x,0,0,0,UP,1,1,2,,tcp\nanyport_nodes_in,BACKEND,0,0,0,UP,1,0,1,,tcp\n"
#define OUTSIDE \
	"anyport_nodes_o,x,0,0,0,UP,1,1,2,,tcp\nanyport_nodes_o,BACKEND,0,0,0,UP,1,0,1,,tcp\n"
	struct stat_rows two = show_stat_parse(HEADER BACKENDS INSIDE OUTSIDE);
	struct stat_rows all = show_stat_parse(
		HEADER INSIDE OUTSIDE
		"anyport_nodes,x,0,0,0,UP,1,1,2,,tcp\nanyport_nodes,BACKEND,0,0,0,UP,1,0,1,,tcp\n");
	struct stat_rows other = show_stat_parse(HEADER BACKENDS);
	const char **names;

	(void)test;
	assert_int_equal(observe_fronts(&two, &names), 2);
	assert_string_equal(names[0], "anyport_nodes_in");
	assert_string_equal(names[1], "anyport_nodes_o");
	free(names);
	assert_int_equal(observe_fronts(&all, &names), 0);
	free(names);
	assert_int_equal(observe_fronts(&other, &names), 0);
	free(names);
	show_stat_free(&two);
	show_stat_free(&all);
	show_stat_free(&other);
}

static void test_nobody_there(void **test)
{
	struct balancers all;
	struct observation seen;

	(void)test;
	balancers_init(&all, 1000);
	assert_null(balancers_add(&all, BALANCER_STATS, "lb1=/nosuch/a.sock"));
	seen = observe(&all, NULL);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.list[0].why,
			    "lb1: /nosuch/a.sock: \"show stat\": there is no such socket");
	assert_int_equal(seen.list[0].server_count, 0);
	observe_free(&seen);
	balancers_deinit(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),	     cmocka_unit_test(test_bytes_of_open_sessions),
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_which_backend),
		cmocka_unit_test(test_nobody_there), cmocka_unit_test(test_backends_of_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
