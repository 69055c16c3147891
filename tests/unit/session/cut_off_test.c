/* A worker notices when its clients reach no broker, though the topology does. */
#include "session/inside.h"
#include "session/ports.h"

#include "unit/turned_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LATE_MS = 10000 };

static struct config config = { .bootstrap_servers = (char[]){ "127.0.0.1:9" },
				.connect_timeout_ms = 1000,
				.metadata_refresh_ms = 60000,
				.max_frame_bytes = 1 << 20 };
static struct shared shared = { .config = &config };
static struct worker w;

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	shared.topology = topology_new(&config, NULL); /* which knows of no lost broker */
	w.shared = &shared;
	w.loop = ev_loop_new(EVFLAG_AUTO);
	cut_off_init(&w.cut_off);
	choice_init(&w.choice, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ev_loop_destroy(w.loop);
	topology_free(shared.topology);
	return 0;
}

static void one_broker_is_not_all(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		worker_shun(&w, 1);
		clock_turn(1000);
	}
	assert_int_equal(ports_cut_off_ms(&w, LATE_MS), 0);
}

static void several_are_and_a_success_ends_it(void **state)
{
	(void)state;
	worker_shun(&w, 1);
	worker_shun(&w, 2);
	clock_turn(4000);
	worker_shun(&w, 1);
	assert_in_range(ports_cut_off_ms(&w, LATE_MS), 4000, 5000);
	stats_add(&w.stats, STAT_UPSTREAMS_OPENED, 1);
	assert_int_equal(ports_cut_off_ms(&w, LATE_MS), 0);
	worker_shun(&w, 1);
	assert_int_equal(ports_cut_off_ms(&w, LATE_MS), 0);
	worker_shun(&w, 3);
	assert_in_range(ports_cut_off_ms(&w, LATE_MS), 1, 1000);
}

static void what_nobody_has_tried_of_late_is_not_known(void **state)
{
	(void)state;
	worker_shun(&w, 1);
	worker_shun(&w, 2);
	clock_turn(LATE_MS + 1000);
	assert_int_equal(ports_cut_off_ms(&w, LATE_MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_broker_is_not_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_are_and_a_success_ends_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_has_tried_of_late_is_not_known, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
