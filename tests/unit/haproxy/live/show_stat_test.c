/* What HAProxy 2.6.12 said, with columns left out. */
#include "live/show_stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char captured[] =
	"# pxname,svname,scur,stot,bin,bout,status,weight,act,bck,lastchg,sid,throttle,type,"
	"check_status,check_code,check_desc,addr,mode,algo,uweight,\n"
	"kafka_in,FRONTEND,5,5,0,0,OPEN,,,,,0,,0,,,,,tcp,,,\n"
	"gw,n1,0,7,310,320,DOWN 1/2,100,1,0,2,1,,2,L7OK,200,Layer7 check passed,127.0.0.1:0,tcp,,100,\n"
	"gw,n2,2,2,0,0,UP,0,0,1,2,2,30,2,* L4CON,,\"a \"\"quoted\"\", text\",[::1]:9092,tcp,,100,\n"
	"gw,BACKEND,4,4,0,0,UP,200,2,0,2,0,,1,,,,,tcp,leastconn,200,\n\n";

static void test_captured(void **state)
{
	struct stat_rows all = show_stat_parse(captured);
	struct stat_row *n1 = &all.rows[1], *n2 = &all.rows[2];

	(void)state;
	assert_int_equal(all.count, 4);
	assert_int_equal(all.rows[0].type, STAT_FRONTEND);
	assert_int_equal(all.rows[0].weight, -1);
	assert_string_equal(all.rows[0].check_status, "");
	assert_string_equal(n1->proxy, "gw");
	assert_string_equal(n1->server, "n1");
	assert_int_equal(n1->type, STAT_SERVER);
	assert_string_equal(n1->status, "DOWN 1/2");
	assert_int_equal(n1->sessions_total, 7);
	assert_int_equal(n1->bytes_in, 310);
	assert_int_equal(n1->bytes_out, 320);
	assert_int_equal(n1->check_code, 200);
	assert_string_equal(n1->address, "127.0.0.1:0");
	assert_false(stat_is_up(n1));
	assert_string_equal(n2->check_text, "a \"quoted\", text");
	assert_int_equal(n2->check_code, -1);
	assert_int_equal(n2->throttle, 30);
	assert_int_equal(n2->backup, 1);
	assert_true(stat_is_up(n2));
	assert_string_equal(all.rows[3].algorithm, "leastconn");
	show_stat_free(&all);
}

static void test_other_versions(void **state)
{
	/* without columns that came later, and with some of which nothing is known */
	struct stat_rows all = show_stat_parse("# pxname,svname,new,status,type,\n"
					       "gw,n1,1,MAINT (via gw/n2),2,\n"
					       "gw,n2,1\n"
					       "gw,n3,,no check,2,\n");

	(void)state;
	assert_int_equal(all.count, 2);
	assert_true(stat_is_maint(&all.rows[0]));
	assert_int_equal(all.rows[0].sessions, -1);
	assert_string_equal(all.rows[0].address, "");
	assert_true(stat_is_up(&all.rows[1]));
	show_stat_free(&all);
	all = show_stat_parse("gw,n1,before,the,titles\nUnknown command\n");
	assert_int_equal(all.count, 0);
	show_stat_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_other_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
