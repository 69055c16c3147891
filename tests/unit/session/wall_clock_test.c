/* The wall clock is set, by hand or by NTP: nobody's time is over for that. */
#include "session/session.h"

#include "unit/session/words.h"
#include "unit/turned_clock.h"

#include <sys/time.h>

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\n"

enum { AN_HOUR = 3600 };

static struct scene s;
static int64_t set_by_s;

/* The wall clock, as libev reads it. */
int gettimeofday(struct timeval *now, void *zone)
{
	int result = (int)syscall(SYS_gettimeofday, now, zone);

	now->tv_sec += set_by_s;
	return result;
}

/* A loop looks for that every half second. */
static void set_clock(int64_t by_s)
{
	set_by_s += by_s;
	clock_turn(600);
	scene_be_still(&s);
}

static void begin(void)
{
	scene_begin(&s);
	s.config.head_timeout_ms = 10000;
	s.config.body_timeout_ms = s.config.request_timeout_ms = 30000;
	s.config.idle_timeout_ms = 660000;
}

static void loses_nobody(int64_t by_s)
{
	begin();
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	set_clock(by_s);
	broker_answers(&s, 1, "");
	assert_client_gets(&s, 0, "error_code: 0\n");
	set_clock(by_s); /* and who is idle is left alone */
	assert_non_null(scene_client(&s, 0));
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	assert_int_equal(s.brokers[1].end_count, 1);
	scene_deinit(&s);
}

static void a_clock_set_forward_ends_no_wait(void **state)
{
	(void)state;
	loses_nobody(AN_HOUR);
}

static void a_clock_set_back_makes_none_longer(void **state)
{
	(void)state;
	loses_nobody(-AN_HOUR);
	begin();
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	set_clock(-AN_HOUR);
	clock_turn(31000);
	assert_client_gets(&s, 0, "error_code: 15\n");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_set_forward_ends_no_wait),
		cmocka_unit_test(a_clock_set_back_makes_none_longer),
	};

	return cmocka_run_group_tests_name("wall clock", tests, scene_setup, scene_teardown);
}
