/* Names are looked up elsewhere, and what they had stays. */
#include "topology/resolve.h"

#include "unit/name_server.h"
#include "unit/turned_clock.h"
#include "util/clock.h"
#include "util/log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct stage {
	struct ev_loop *loop;
	struct resolver *resolver;
	struct resolved now;
	unsigned heard;
};

static void on_resolved(void *owner, const char *host)
{
	struct stage *s = owner;

	assert_non_null(host);
	s->heard++;
}

static int set_up(void **state)
{
	struct stage *s = mem_zalloc(sizeof *s);

	s->loop = ev_loop_new(EVFLAG_AUTO);
	s->resolver = resolver_new(s->loop, on_resolved, s);
	name_server_be(false, false);
	name_server.asked = 0;
	name_server.address = INADDR_LOOPBACK;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	name_server_be(false, false);
	resolver_free(s->resolver);
	ev_loop_destroy(s->loop);
	free(s);
	return 0;
}

static void ask(struct stage *s, const char *host)
{
	resolve(s->resolver, host, 9092, &s->now);
}

/* Asks, and waits for the look-up that this began. */
static void ask_and_hear(struct stage *s, const char *host)
{
	unsigned before = s->heard;

	ask(s, host);
	assert_true(s->now.is_pending);
	while (s->heard == before)
		ev_run(s->loop, EVRUN_ONCE);
	ask(s, host);
}

static uint32_t address_of(const struct stage *s)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&s->now.addresses[0].storage;

	assert_int_equal(s->now.count, 1);
	assert_int_equal(s->now.addresses[0].len, sizeof *in);
	assert_int_equal(ntohs(in->sin_port), 9092);
	return ntohl(in->sin_addr.s_addr);
}

static void numbers_are_no_names(void **state)
{
	struct stage *s = *state;

	ask(s, "127.0.0.9");
	assert_false(s->now.is_pending);
	assert_int_equal(address_of(s), 0x7f000009);
	assert_int_equal(name_server_asked(), 0);
}

static void an_answer_is_kept_and_looked_up_again(void **state)
{
	struct stage *s = *state;

	ask(s, "broker-1");
	assert_int_equal(s->now.count, 0);
	ask_and_hear(s, "broker-1");
	assert_false(s->now.is_pending);
	assert_int_equal(address_of(s), INADDR_LOOPBACK);
	clock_turn(RESOLVE_KEEP_MS - 1000);
	ask(s, "broker-1");
	assert_false(s->now.is_pending);
	name_server.address = INADDR_LOOPBACK + 1;
	clock_turn(1000);
	ask(s, "broker-1");
	assert_int_equal(address_of(s),
			 INADDR_LOOPBACK); /* the old one, until there is a new one */
	ask_and_hear(s, "broker-1");
	assert_int_equal(address_of(s), INADDR_LOOPBACK + 1);
	assert_int_equal(name_server_asked(), 2);
}

static void a_failure_takes_nothing_away(void **state)
{
	struct stage *s = *state;

	ask_and_hear(s, "broker-1");
	name_server_be(true, false);
	for (unsigned i = 1; i <= 20; i++) {
		clock_turn(RESOLVE_KEEP_MS);
		ask_and_hear(s, "broker-1");
		assert_int_equal(address_of(s), INADDR_LOOPBACK);
		assert_int_equal(resolver_failing(s->resolver), 1);
		assert_int_equal(name_server_asked(), 1 + i);
	}
	name_server_be(false, false);
	clock_turn(RESOLVE_RETRY_MS);
	ask_and_hear(s, "broker-1");
	assert_int_equal(resolver_failing(s->resolver), 0);
}

static void a_failure_is_not_repeated_at_once(void **state)
{
	struct stage *s = *state;

	ask_and_hear(s, "nobody");
	assert_int_equal(s->now.count, 0);
	assert_false(s->now.is_pending);
	clock_turn(RESOLVE_RETRY_MS - 1000);
	ask(s, "nobody");
	assert_false(s->now.is_pending);
	clock_turn(1000);
	ask(s, "nobody");
	assert_true(s->now.is_pending);
}

static void a_name_server_that_is_silent_keeps_nobody_waiting(void **state)
{
	struct stage *s = *state;
	int64_t began;

	ask_and_hear(s, "broker-1");
	name_server_be(true, true);
	clock_turn(RESOLVE_KEEP_MS);
	began = clock_ms();
	for (int i = 0; i < 100; i++) {
		ask(s, "broker-1");
		assert_int_equal(address_of(s), INADDR_LOOPBACK);
		ask(s, "broker-2");
		assert_int_equal(s->now.count, 0);
		ev_run(s->loop, EVRUN_NOWAIT);
	}
	assert_in_range(clock_ms() - began, 0, 2000);
	assert_in_range(name_server_asked(), 1, 2); /* one name at a time, each once */
	resolver_free(s->resolver);		    /* while a look-up is under way */
	s->resolver = resolver_new(s->loop, on_resolved, s);
}

static void what_nobody_asks_for_is_forgotten(void **state)
{
	struct stage *s = *state;

	ask_and_hear(s, "broker-1");
	clock_turn(RESOLVE_FORGET_MS);
	ask_and_hear(s, "broker-2");
	ask(s, "broker-1");
	assert_int_equal(s->now.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_no_names),
		TEST(an_answer_is_kept_and_looked_up_again),
		TEST(a_failure_takes_nothing_away),
		TEST(a_failure_is_not_repeated_at_once),
		TEST(a_name_server_that_is_silent_keeps_nobody_waiting),
		TEST(what_nobody_asks_for_is_forgotten),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
