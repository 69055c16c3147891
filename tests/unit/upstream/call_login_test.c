/* What is asked waits for the login, the first and the later ones, and nothing of it is lost. */
#include "unit/apis.h"
#include "unit/upstream/sasl_broker.h"
#include "upstream/call.h"

enum { PATIENCE_MS = 15000 };

struct scene {
	struct ev_loop *loop;
	struct sasl_broker broker;
	struct account *account;
	struct call *call;
	unsigned answers, refusals;
	bool is_connected, is_closed;
	enum link_end end;
	char why[200];
	ev_timer tick;
};

static void on_connected(void *owner)
{
	struct scene *s = owner;

	assert_false(s->is_connected); /* once, whatever it logs in again */
	s->is_connected = true;
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct scene *s = owner;

	s->is_closed = true;
	s->end = end;
	snprintf(s->why, sizeof s->why, "%s", call_reason(s->call, error));
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct scene *s = owner;

	(void)len;
	*(body != NULL ? &s->answers : &s->refusals) += 1;
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
}

static int set_up(void **state)
{
	struct scene *s = test_calloc(1, sizeof *s);

	s->loop = ev_loop_new(EVFLAG_AUTO);
	sasl_broker_start(&s->broker, s->loop);
	s->account = account_new(plain_credentials("gw", "right"));
	ev_timer_init(&s->tick, on_tick, 0.01, 0.01);
	ev_timer_start(s->loop, &s->tick);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	call_free(s->call);
	sasl_broker_stop(&s->broker);
	ev_timer_stop(s->loop, &s->tick);
	account_free(s->account);
	ev_loop_destroy(s->loop);
	test_free(s);
	return 0;
}

static void open_call(struct scene *s)
{
	static const struct call_events events = { on_connected, on_closed };
	const struct link_terms terms = { .account = s->account };
	const struct call_options options = { .address = (struct sockaddr *)&s->broker.address,
					      .address_len = sizeof s->broker.address,
					      .connect_timeout_ms = PATIENCE_MS,
					      .max_answer = 1 << 20,
					      .terms = &terms };

	s->call = call_new(s->loop, &options, &events, s);
}

static void ask(struct scene *s)
{
	const struct call_request request = { .key = KEY_API_VERSIONS,
					      .version = 0,
					      .timeout_ms = PATIENCE_MS,
					      .answer = on_answer,
					      .owner = s };

	assert_true(call_send(s->call, &request));
}

static void run_until(struct scene *s, const unsigned *count, unsigned n)
{
	int64_t end = clock_ms() + PATIENCE_MS;

	while (*count < n && !s->is_closed && clock_ms() < end)
		ev_run(s->loop, EVRUN_ONCE);
	assert_true(*count >= n);
}

static void requests_wait_for_the_login(void **state)
{
	struct scene *s = *state;

	open_call(s);
	for (int i = 0; i < 5; i++)
		ask(s);
	run_until(s, &s->answers, 5);
	assert_true(s->is_connected);
	assert_int_equal(s->broker.logins, 1);
	assert_false(s->broker.was_wronged);
}

static void a_refusal_is_told(void **state)
{
	struct scene *s = *state;
	int64_t end = clock_ms() + PATIENCE_MS;

	account_set(s->account, plain_credentials("gw", "wrong"));
	open_call(s);
	ask(s);
	while (!s->is_closed && clock_ms() < end)
		ev_run(s->loop, EVRUN_ONCE);
	assert_int_equal(s->refusals, 1);
	assert_int_equal(s->end, LINK_REFUSED);
	assert_false(s->is_connected);
	assert_string_equal(s->why, "Authentication failed: Invalid username or password");
	assert_string_equal(call_refusal(s->call), s->why);
}

static void nothing_is_lost_over_later_logins(void **state)
{
	struct scene *s = *state;
	unsigned asked = 0;

	s->broker.lifetime_ms = 1200;
	open_call(s);
	while (s->broker.logins < 4) {
		ask(s);
		ask(s);
		asked += 2;
		run_until(s, &s->answers, asked - 1);
	}
	run_until(s, &s->answers, asked);
	assert_int_equal(s->refusals, 0);
	assert_int_equal(s->broker.connections, 1);
	assert_false(s->broker.was_wronged);
}

/* A login waits for the answers that are on their way, and what comes meanwhile for the login. */
static void a_login_waits_for_answers(void **state)
{
	struct scene *s = *state;
	int64_t held_until;

	s->broker.lifetime_ms = 50;
	s->broker.holds = true;
	open_call(s);
	ask(s);
	run_until(s, &s->broker.requests, 1);
	held_until = clock_ms() + 1500; /* the login is due after 1.1 s */
	while (clock_ms() < held_until)
		ev_run(s->loop, EVRUN_ONCE);
	ask(s);
	ev_run(s->loop, EVRUN_NOWAIT);
	assert_int_equal(s->broker.logins, 1);
	assert_int_equal(s->broker.requests, 1); /* the second has not left */
	s->broker.holds = false;
	sasl_broker_answer(&s->broker);
	run_until(s, &s->answers, 2);
	assert_int_equal(s->broker.logins, 2);
	assert_false(s->broker.was_wronged);
}

static void a_token_that_changed_is_said_next_time(void **state)
{
	struct scene *s = *state;

	s->broker.lifetime_ms = 50;
	open_call(s);
	ask(s);
	run_until(s, &s->answers, 1);
	s->broker.token = "\0gw\0newer";
	account_set(s->account, plain_credentials("gw", "newer"));
	run_until(s, &s->broker.logins, 2);
	ask(s);
	run_until(s, &s->answers, 2);
	assert_int_equal(s->broker.connections, 1);
}

/* The time of a request runs while the link logs in. */
static void a_later_login_that_hangs(void **state)
{
	struct scene *s = *state;
	const struct call_request request = { .key = KEY_API_VERSIONS,
					      .version = 0,
					      .timeout_ms = 300,
					      .answer = on_answer,
					      .owner = s };

	s->broker.lifetime_ms = 50;
	open_call(s);
	ask(s);
	run_until(s, &s->answers, 1);
	s->broker.is_silent = true;
	run_until(s, &s->broker.logins, 2);
	assert_true(call_send(s->call, &request));
	run_until(s, &s->refusals, 1);
	while (!s->is_closed)
		ev_run(s->loop, EVRUN_ONCE);
	assert_int_equal(s->end, LINK_LATE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(requests_wait_for_the_login),
		TEST(a_refusal_is_told),
		TEST(nothing_is_lost_over_later_logins),
		TEST(a_login_waits_for_answers),
		TEST(a_token_that_changed_is_said_next_time),
		TEST(a_later_login_that_hangs),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}
