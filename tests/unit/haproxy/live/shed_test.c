#include "live/shed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { QUIET = 300, APART = 1000 };

static const struct balancer lb = { .name = (char *)(uintptr_t) "lb" };
static const struct shed_place places[] = { { &lb, "gw" }, { &lb, "gw2" } };
static const struct balancers all = { .timeout_ms = 100 };

/* One session as `show sess all` has it. */
static const char *one(const char *id, int port, const char *backend, const char *server, int in,
		       int out, int buffered)
{
	static char text[512];

	snprintf(text, sizeof text,
		 "%s: [1] id=5 proto=tcpv4 source=10.0.0.9:%d\n  frontend=f (id=2)\n"
		 "  backend=%s (id=3)\n  server=%s (id=1)\n"
		 "  task=0x7 (state=0x00 age=2s)\n"
		 "  req=0x1 (f=0x848000 an=0x0 pipe=%d tofwd=-1 total=%d)\n"
		 "  res=0x2 (f=0x80048202 an=0x0 pipe=0 tofwd=-1 total=%d)\n",
		 id, port, backend, server, buffered, in, out);
	return text;
}

static void look(struct shed *s, const char *text, int64_t now)
{
	shed_begin(s);
	shed_read(s, 0, WORKER_CURRENT, text, now);
	shed_finish(s);
}

static void test_only_the_quiet(void **state)
{
	struct shed s;

	(void)state;
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, one("0x1", 1, "gw", "n1", 10, 10, 0), 1000);
	assert_null(shed_pick(&s, 1000, false)); /* who knows */
	assert_non_null(shed_pick(&s, 1000, true));
	look(&s, one("0x1", 1, "gw", "n1", 10, 20, 0), 1400);
	assert_null(shed_pick(&s, 1400, false)); /* it has moved */
	look(&s, one("0x1", 1, "gw", "n1", 10, 20, 0), 1500);
	assert_null(shed_pick(&s, 1500, false)); /* not for long enough */
	look(&s, one("0x1", 1, "gw", "n1", 10, 20, 0), 1700);
	assert_int_equal(shed_count(&s, 1700).moving, 0);
	assert_string_equal(shed_pick(&s, 1700, false)->id, "0x1");
	look(&s, one("0x1", 1, "gw", "n1", 10, 20, 7), 1800);
	assert_null(shed_pick(&s, 1800, false)); /* something is held */
	shed_deinit(&s);
}

static void test_ended_once(void **state)
{
	struct shed s;

	(void)state;
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, one("0x1", 1, "gw", "n1", 10, 10, 0), 1000);
	look(&s, one("0x1", 1, "gw", "n1", 10, 10, 0), 2000);
	shed_pick(&s, 2000, false)->ended_ms = 2000;
	assert_null(shed_pick(&s, 2100, false));
	assert_int_equal(shed_count(&s, 2100).left, 1);
	assert_non_null(shed_pick(&s, 6000, false)); /* it is still there */
	shed_deinit(&s);
}

static void test_an_id_used_again(void **state)
{
	struct shed s;

	(void)state;
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, one("0x1", 1, "gw", "n1", 10, 10, 0), 1000);
	look(&s, one("0x1", 2, "gw", "n1", 10, 10, 0), 2000);
	assert_int_equal(s.count, 1);
	assert_null(shed_pick(&s, 2000, false)); /* another session, just seen */
	shed_deinit(&s);
}

static void test_others_are_left_alone(void **state)
{
	struct shed s;

	(void)state;
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, one("0x1", 1, "gw", "n2", 10, 10, 0), 1000);
	assert_int_equal(s.count, 0);
	look(&s, one("0x1", 1, "gw2", "n1", 10, 10, 0), 1000);
	assert_int_equal(s.count, 0);
	look(&s, "0x1: proto=tcpv4 src=10.0.0.9:1 fe=f be=gw srv=n1 age=2s\n", 1000);
	look(&s, "0x1: proto=tcpv4 src=10.0.0.9:1 fe=f be=gw srv=n1 age=2s\n", 2000);
	assert_int_equal(s.count, 1);
	assert_null(shed_pick(&s, 2000, false)); /* its bytes are not told */
	shed_deinit(&s);
}

/* Each place and worker has sessions of its own. */
static void read_three(struct shed *s, int in, int out, int64_t now)
{
	shed_begin(s);
	shed_read(s, 0, WORKER_CURRENT, one("0x1", 1, "gw", "n1", in, 10, 0), now);
	shed_read(s, 0, 77, one("0x1", 1, "gw", "n1", 10, out, 0), now);
	shed_read(s, 1, WORKER_CURRENT, one("0x1", 1, "gw2", "n1", 10, 10, 0), now);
	shed_finish(s);
}

/* The same client at ports 9092 and 9093, another one at 9093. */
static void test_port_by_port(void **state)
{
	static const char format[] =
		"0x%d: [1] id=5 proto=tcpv4 source=10.0.0.%d:%d\n"
		"  frontend=f (id=2 mode=tcp), listener=? (id=1) addr=10.0.0.1:%d\n"
		"  backend=gw (id=3)\n  server=n1 (id=1)\n"
		"  req=0x1 (f=0 pipe=0 total=5)\n  res=0x2 (f=0 pipe=0 total=5)\n";
	char text[4096];
	int n = 0;
	struct shed s;
	struct shed_session *first;

	(void)state;
	n += snprintf(text + n, sizeof text - (size_t)n, format, 1, 9, 1, 9092);
	n += snprintf(text + n, sizeof text - (size_t)n, format, 2, 9, 2, 9093);
	n += snprintf(text + n, sizeof text - (size_t)n, format, 3, 9, 3, 9092);
	n += snprintf(text + n, sizeof text - (size_t)n, format, 4, 10, 1, 9093);
	assert_true((size_t)n < sizeof text);
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, text, 1000);
	look(&s, text, 2000);
	first = shed_pick(&s, 2000, false);
	assert_string_equal(first->id, "0x1");
	shed_note_end(&s, first, 2000);
	first = shed_pick(&s, 2000, true);
	assert_string_equal(first->id, "0x3"); /* not 0x2, to another port */
	shed_note_end(&s, first, 2000);
	first = shed_pick(&s, 2000, false);
	assert_string_equal(first->id, "0x4"); /* another client */
	shed_note_end(&s, first, 2000);
	assert_null(shed_pick(&s, 2999, true));
	assert_string_equal(shed_pick(&s, 3000, true)->id, "0x2");
	shed_deinit(&s);
}

static void test_order(void **state)
{
	struct shed s;
	struct shed_session *first;

	(void)state;
	shed_init(&s, &all, places, 2, "n1", QUIET, APART);
	read_three(&s, 10, 10, 1000);
	read_three(&s, 20, 20, 2000); /* of the first a request came, of the second an answer */
	read_three(&s, 20, 20, 3000);
	assert_int_equal(shed_count(&s, 3000).left, 3);
	assert_int_equal(shed_count(&s, 3000).old, 1);
	first = shed_pick(&s, 3000, false);
	assert_int_equal(first->place, 1); /* quiet for longest */
	first->ended_ms = 3000;
	first = shed_pick(&s, 3000, false);
	assert_int_equal(first->worker, 77); /* nothing is owed there */
	first->ended_ms = 3000;
	first = shed_pick(&s, 3000, false);
	assert_int_equal(first->worker, WORKER_CURRENT);
	assert_int_equal(first->place, 0);
	shed_deinit(&s);
}

static void test_nobody_answers(void **state)
{
	struct shed s;
	char why[RUNTIME_WHY_MAX];

	(void)state;
	shed_init(&s, &all, places, 1, "n1", QUIET, APART);
	look(&s, one("0x1", 1, "gw", "n1", 10, 10, 0), 1000);
	assert_false(shed_look(&s, 1100, why));
	assert_string_equal(why, "lb: neither stats socket nor master socket known");
	assert_int_equal(shed_count(&s, 1100).left, 1); /* not forgotten */
	assert_int_equal(shed_end(&s, &s.list[0], 1200, true, why), SHED_FAILED);
	shed_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_quiet),	      cmocka_unit_test(test_ended_once),
		cmocka_unit_test(test_an_id_used_again),      cmocka_unit_test(test_order),
		cmocka_unit_test(test_others_are_left_alone), cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_port_by_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
