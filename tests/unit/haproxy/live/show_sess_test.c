/* What HAProxy 2.6.12 said; and what a later one says otherwise. */
#include "live/show_sess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char brief[] =
	"0x55e85c71bca0: proto=tcpv4 src=127.0.0.1:45192 fe=lb1 be=lb1 srv=<none> ts=00 epoch=0 age=2s "
	"calls=1 rate=0 cpu=0 lat=0 rq[f=c48202h,i=0,an=00h,rx=,wx=,ax=] rp[f=80048202h,i=0,an=00h,"
	"rx=,wx=,ax=] scf=[8,40h,fd=18] scb=[8,41h,fd=-1] exp= rc=0 c_exp=\n"
	"0x55e85c8741e0: proto=tcpv4 src=127.0.0.1:46482 fe=kafka_in be=gw srv=n2 ts=00 epoch=0 "
	"age=1h02m calls=3 rate=1 cpu=0 lat=0 rq[f=848000h,i=3,an=00h,rx=10m58s,wx=,ax=] "
	"rp[f=80048202h,i=4,an=00h,rx=10m58s,wx=,ax=] scf=[8,0h,fd=17] scb=[8,1h,fd=19] exp=1s rc=0 c_exp=\n"
	"0x55e85c87a360: proto=tcpv4 src=127.0.0.1:55278 fe=kafka_in be=<NONE> srv=<none> ts=00 epoch=0 "
	"age=1s calls=1 rq[f=000000h,i=0,an=22h,rx=10m58s,wx=,ax=8s] rp[f=80000000h,i=0,an=00h,rx=,wx=,"
	"ax=] scf=[8,0h,fd=26] scb=[0,1h,fd=-1] exp=8s rc=0 c_exp=\n\n";

static const char full[] =
	"0x7fa27003bed0: [27/Nov/2026:19:52:45.702312] id=5 proto=tcpv4 source=127.0.0.1:46490\n"
	"  flags=0x4a, conn_retries=0, conn_exp=<NEVER> srv_conn=0x55e85c659440, pend_pos=(nil) waiting=0\n"
	"  frontend=kafka_in (id=2 mode=tcp), listener=? (id=1) addr=127.69.52.11:9092\n"
	"  backend=gw (id=3 mode=tcp) addr=127.0.0.1:40874\n"
	"  server=n3 (id=3) addr=127.69.52.103:9092\n"
	"  task=0x7fa27002e480 (state=0x00 nice=0 calls=3 rate=1 exp=1s tmask=0x2 age=1m1s)\n"
	"  scf=0x7fa27002e0b0 flags=0x00000000 state=EST endp=CONN,0x7fa27002e120,0x028c0001 sub=1\n"
	"  req=0x7fa27003bef0 (f=0x848000 an=0x0 pipe=5 tofwd=-1 total=21)\n"
	"      an_exp=<NEVER> rex=10m58s wex=<NEVER>\n"
	"      buf=0x7fa27003bef8 data=(nil) o=6 p=0 i=7 size=0\n"
	"  res=0x7fa27003bf50 (f=0x80048202 an=0x0 pipe=0 tofwd=-1 total=1234567890123)\n"
	"      an_exp=<NEVER> rex=10m58s wex=<NEVER>\n"
	"      buf=0x7fa27003bf58 data=(nil) o=0 p=0 i=0 size=0\n"
	"\nSession not found.\n\n"
	"0x7fa27003cc20: [27/Nov/2026:19:52:45] id=7 proto=tcpv4 source=[::1]:1\n"
	"  backend=<NONE> (id=-1 mode=-)\n"
	"  server=<NONE> (id=-1)\n";

static void test_brief(void **state)
{
	struct sessions all = show_sess_parse(brief);

	(void)state;
	assert_int_equal(all.count, 3);
	assert_string_equal(all.list[1].id, "0x55e85c8741e0");
	assert_string_equal(all.list[1].source, "127.0.0.1:46482");
	assert_string_equal(all.list[1].frontend, "kafka_in");
	assert_string_equal(all.list[1].backend, "gw");
	assert_string_equal(all.list[1].server, "n2");
	assert_int_equal(all.list[1].age, 3720);
	assert_int_equal(all.list[1].buffered, 3 + 4);
	assert_false(all.list[1].has_totals);
	assert_string_equal(all.list[2].backend, "");
	assert_string_equal(all.list[2].server, "");
	show_sess_free(&all);
}

static void test_full(void **state)
{
	struct sessions all = show_sess_parse(full);
	struct session *s = &all.list[0];

	(void)state;
	assert_int_equal(all.count, 2);
	assert_string_equal(s->id, "0x7fa27003bed0");
	assert_string_equal(s->frontend, "kafka_in");
	assert_string_equal(s->backend, "gw");
	assert_string_equal(s->server, "n3");
	assert_string_equal(s->source, "127.0.0.1:46490");
	assert_int_equal(s->age, 61);
	assert_int_equal(s->port, 9092);
	assert_true(s->has_totals);
	assert_int_equal(s->bytes_in, 21);
	assert_int_equal(s->bytes_out, 1234567890123);
	assert_int_equal(s->buffered, 5 + 6 + 7);
	assert_string_equal(all.list[1].source, "[::1]:1");
	assert_string_equal(all.list[1].server, "");
	assert_int_equal(all.list[1].port, -1);
	assert_false(all.list[1].has_totals);
	show_sess_free(&all);
}

static void test_nonsense(void **state)
{
	struct sessions all =
		show_sess_parse("Unknown command\n  req=0x1 (total=5)\n0x12: nothing\n");

	(void)state;
	assert_int_equal(all.count, 0);
	show_sess_free(&all);
}

/* As 3.4 tells the bytes. */
static void test_sides(void **state)
{
	struct sessions all = show_sess_parse(
		"0x7f1c: [30/Nov/2026:03:52:11.1] id=1 proto=tcpv4 source=10.0.0.1:41234\n"
		"  flags=0x100, conn_retries=3, conn_exp=<NEVER>, pend_pos=(nil), epoch=0\n"
		"  scf=0x55 flags=0x1 ioto=11m state=EST endp=CONN,0x5,0x1 sub=1 in=120 out=340 rex=10m wex=<NEVER>\n"
		"  scb=0x56 flags=0x1 ioto=11m state=EST endp=CONN,0x5,0x1 sub=1 in=340 out=120 rex=10m wex=<NEVER>\n"
		"  req=0x7f (f=0x848000 an=0x0 tofwd=-1)\n"
		"  res=0x7f (f=0x848000 an=0x0 tofwd=-1)\n");

	(void)state;
	assert_int_equal(all.count, 1);
	assert_true(all.list[0].has_totals);
	assert_int_equal(all.list[0].bytes_in, 120);
	assert_int_equal(all.list[0].bytes_out, 340);
	show_sess_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
