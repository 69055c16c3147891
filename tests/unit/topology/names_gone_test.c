/* The topology while the name server is down, or silent: the brokers are where they always were. */
#include "unit/name_server.h"
#include "unit/turned_clock.h"

#include "unit/topology/fake.h"
#include "unit/topology/worker.h"

#include "kafka/api.h"
#include "topology/resolve.h"
#include "util/log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct stage {
	struct fake *fake;
	struct config config;
	char bootstrap[64];
	struct topology *topology;
	struct worker worker;
};

static bool all_have_addresses(void *ctx)
{
	const struct snapshot *s = ((struct stage *)ctx)->worker.snapshot;

	for (size_t i = 0; s != NULL && i < s->broker_count; i++) {
		if (s->brokers[i].address_len == 0)
			return false;
	}
	return s != NULL;
}

static int set_up(void **state)
{
	struct stage *s = mem_zalloc(sizeof *s);

	s->fake = fake_new();
	s->fake->has_names = true;
	fake_add_topic(s->fake, "orders", 1);
	snprintf(s->bootstrap, sizeof s->bootstrap, "broker-0:%d", s->fake->ports[0]);
	s->config = (struct config){ .bootstrap_servers = s->bootstrap,
				     .connect_timeout_ms = 2000,
				     .request_timeout_ms = 5000,
				     .metadata_refresh_ms = 60000,
				     .max_frame_bytes = 1 << 20 };
	worker_init(&s->worker);
	fake_start(s->fake);
	name_server_be(false, false);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	name_server_be(false, false);
	topology_free(s->topology);
	worker_deinit(&s->worker);
	fake_free(s->fake);
	free(s);
	return 0;
}

static void start(struct stage *s)
{
	s->topology = topology_new(&s->config, NULL);
	topology_subscribe(s->topology, &s->worker.mailbox, worker_on_snapshot);
	topology_start(s->topology);
}

static bool has_asked_names(void *ctx)
{
	return name_server_asked() > *(const unsigned *)ctx;
}

/* All that is known of names is old, and the metadata has them all looked up. */
static void refresh_when_names_are_old(struct stage *s)
{
	unsigned before = name_server_asked();

	clock_turn(RESOLVE_KEEP_MS);
	topology_notice_all(s->topology);
	assert_true(worker_wait(&s->worker, has_asked_names, &before));
}

static void ask_topic(struct stage *s)
{
	const struct topology_name topic = { "orders", 6, false };

	s->worker.answers = 0;
	topology_ask_topics(s->topology, &topic, 1, &s->worker.mailbox, worker_on_answer,
			    &s->worker);
	assert_true(worker_wait(&s->worker, worker_has_answer, &s->worker));
}

static void a_failing_name_server_takes_no_broker_away(void **state)
{
	struct stage *s = *state;

	start(s);
	assert_true(worker_wait(&s->worker, all_have_addresses, s));
	name_server_be(true, false);
	for (int i = 0; i < 3; i++) {
		refresh_when_names_are_old(s);
		ask_topic(s);
		assert_true(all_have_addresses(s));
	}
}

static void a_silent_name_server_stops_nothing(void **state)
{
	struct stage *s = *state;
	int64_t began;

	start(s);
	assert_true(worker_wait(&s->worker, all_have_addresses, s));
	name_server_be(true, true);
	refresh_when_names_are_old(s);
	began = clock_ms();
	ask_topic(s);
	assert_in_range(clock_ms() - began, 0, 2000);
	assert_true(all_have_addresses(s));
}

static void the_first_names_are_waited_for(void **state)
{
	struct stage *s = *state;
	unsigned none = name_server_asked();

	name_server_be(false, true);
	start(s);
	assert_true(worker_wait(&s->worker, has_asked_names, &none));
	assert_null(s->worker.snapshot);
	name_server_be(false, false);
	assert_true(worker_wait(&s->worker, worker_has_snapshot, &s->worker));
	assert_true(worker_wait(&s->worker, all_have_addresses, s));
}

static bool is_elsewhere(void *ctx)
{
	const struct snapshot *s = ((struct stage *)ctx)->worker.snapshot;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&s->brokers[1].address;

	return ntohl(in->sin_addr.s_addr) == INADDR_LOOPBACK + 1;
}

static void a_broker_that_moved_is_found(void **state)
{
	struct stage *s = *state;

	start(s);
	assert_true(worker_wait(&s->worker, all_have_addresses, s));
	pthread_mutex_lock(&name_server.lock);
	name_server.address = INADDR_LOOPBACK + 1;
	pthread_mutex_unlock(&name_server.lock);
	refresh_when_names_are_old(s);
	assert_true(worker_wait(&s->worker, is_elsewhere, s));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failing_name_server_takes_no_broker_away),
		TEST(a_silent_name_server_stops_nothing),
		TEST(the_first_names_are_waited_for),
		TEST(a_broker_that_moved_is_found),
	};

	int failed;

	if (!apis_compile(stderr))
		return 1;
	log_set_level(LOG_ERROR);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	apis_free();
	return failed;
}
