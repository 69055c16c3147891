/* A link logs in before it is open, again before its time is over, and tells why it was refused. */
#include "unit/apis.h"
#include "unit/upstream/sasl_broker.h"
#include "upstream/link.h"
#include "upstream/upstream.h"

enum { PATIENCE_MS = 10000 };

struct scene {
	struct ev_loop *loop;
	struct bufpool pool;
	struct sasl_broker broker;
	struct account *account;
	struct link link;
	bool has_link;
	unsigned events;
	ev_timer tick;
};

static void on_event(void *owner)
{
	((struct scene *)owner)->events++;
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
	bufpool_init(&s->pool);
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

	if (s->has_link)
		link_close(&s->link);
	sasl_broker_stop(&s->broker);
	ev_timer_stop(s->loop, &s->tick);
	account_free(s->account);
	bufpool_deinit(&s->pool);
	ev_loop_destroy(s->loop);
	test_free(s);
	return 0;
}

static void open_by(struct scene *s, struct login *login, int timeout_ms)
{
	const struct link_wanted wanted = { (struct sockaddr *)&s->broker.address,
					    sizeof s->broker.address, timeout_ms, login };

	s->has_link = true;
	link_open(&s->link, &wanted, s->loop, &s->pool, on_event, s);
}

static void open_link(struct scene *s)
{
	open_by(s, login_new(s->account), PATIENCE_MS);
}

/* Until it is in that state, or for as long as a test waits. */
static void await(struct scene *s, enum link_state state)
{
	int64_t end = clock_ms() + PATIENCE_MS;

	while (s->link.state != state && clock_ms() < end) {
		link_await(&s->link, true, false);
		ev_run(s->loop, EVRUN_ONCE);
	}
	assert_int_equal(s->link.state, state);
}

static void await_due(struct scene *s)
{
	int64_t end = clock_ms() + PATIENCE_MS;

	while (!link_is_due(&s->link) && clock_ms() < end)
		ev_run(s->loop, EVRUN_ONCE);
	assert_true(link_is_due(&s->link));
}

static void logs_in_before_it_is_open(void **state)
{
	struct scene *s = *state;

	open_link(s);
	await(s, LINK_LOGGING_IN);
	assert_false(link_is_open(&s->link));
	assert_false(s->link.was_open);
	await(s, LINK_OPEN);
	assert_true(s->broker.is_believed);
	assert_int_equal(s->broker.logins, 1);
	assert_int_equal(s->link.believed_until, 0);
	assert_null(s->link.exchange);
	assert_false(s->broker.was_wronged);
}

static void bytes_may_come_one_by_one(void **state)
{
	struct scene *s = *state;

	s->broker.in_pieces = true;
	open_link(s);
	await(s, LINK_OPEN);
	assert_true(s->broker.is_believed);
}

static void a_refusal_is_an_end_of_its_own(void **state)
{
	struct scene *s = *state;

	account_set(s->account, plain_credentials("gw", "wrong"));
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_REFUSED);
	assert_false(s->link.was_open);
	assert_string_equal(link_why(&s->link),
			    "Authentication failed: Invalid username or password");
	assert_string_equal(link_end_text(s->link.end), "login refused");
}

static void another_mechanism_is_wanted(void **state)
{
	struct scene *s = *state;
	char *offers;

	s->broker.handshake_error = ERROR_UNSUPPORTED_SASL_MECHANISM;
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_REFUSED);
	assert_string_equal(link_why(&s->link),
			    "the broker does not take PLAIN; it has PLAIN,SCRAM-SHA-512");
	offers = account_offers(s->account);
	assert_string_equal(offers, "PLAIN,SCRAM-SHA-512");
	free(offers);
}

static void a_broker_without_sasl(void **state)
{
	struct scene *s = *state;

	s->broker.handshake_error = ERROR_ILLEGAL_SASL_STATE;
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_REFUSED);
	assert_non_null(strstr(link_why(&s->link), "wants no SASL here"));
}

static void without_credentials_nobody_logs_in(void **state)
{
	struct scene *s = *state;

	account_set(s->account, NULL);
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_REFUSED);
	assert_int_equal(s->broker.logins, 0);
}

static void a_silent_broker_is_too_late(void **state)
{
	struct scene *s = *state;

	s->broker.is_silent = true;
	open_by(s, login_new(s->account), 100);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_LATE);
}

static void a_broker_that_closes(void **state)
{
	struct scene *s = *state;

	s->broker.closes = true;
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_CUT);
	assert_string_equal(link_why(&s->link), "connection lost");
}

static void an_answer_to_something_else(void **state)
{
	struct scene *s = *state;

	s->broker.is_odd = true;
	open_link(s);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_BAD_ANSWER);
}

static void it_may_be_closed_in_the_midst(void **state)
{
	struct scene *s = *state;

	s->broker.is_silent = true;
	open_link(s);
	await(s, LINK_LOGGING_IN);
	link_close(&s->link);
	assert_int_equal(s->link.state, LINK_LOST);
	assert_int_equal(s->link.end, LINK_GIVEN_UP);
}

/* --- again --- */

static void is_due_before_its_time_is_over(void **state)
{
	struct scene *s = *state;
	int64_t began;

	s->broker.lifetime_ms = 2000;
	began = clock_ms();
	open_link(s);
	await(s, LINK_OPEN);
	assert_in_range(s->link.believed_until, began + 2000, clock_ms() + 2000);
	assert_false(link_is_due(&s->link));
	s->events = 0;
	await_due(s);
	assert_in_range(clock_ms() - began, 1500, 60000);
	assert_true(s->events > 0);
	assert_true(link_is_open(&s->link)); /* until nothing is in flight */
	link_renew(&s->link);
	assert_int_equal(s->link.state, LINK_LOGGING_IN);
	assert_true(s->link.was_open);
	await(s, LINK_OPEN);
	assert_false(link_is_due(&s->link));
	assert_int_equal(s->broker.logins, 2);
	assert_int_equal(s->link.logins, 2);
	assert_int_equal(s->broker.connections, 1);
	assert_true(s->link.believed_until >= began + 2000 + 1500);
}

static void not_sooner_than_a_broker_allows(void **state)
{
	struct scene *s = *state;

	s->broker.lifetime_ms = 50;
	open_link(s);
	for (int i = 0; i < 3; i++) {
		await(s, LINK_OPEN);
		await_due(s);
		link_renew(&s->link);
	}
	await(s, LINK_OPEN);
	assert_int_equal(s->broker.logins, 4);
	for (int i = 1; i < 4; i++)
		assert_in_range(s->broker.began[i] - s->broker.began[i - 1], 1000, 60000);
}

static void a_later_login_may_be_refused(void **state)
{
	struct scene *s = *state;

	s->broker.lifetime_ms = 50;
	s->broker.refuse_from = 2;
	open_link(s);
	await(s, LINK_OPEN);
	await_due(s);
	link_renew(&s->link);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_REFUSED);
	assert_true(s->link.was_open);
	assert_non_null(strstr(link_why(&s->link), "Invalid username"));
}

static void a_later_login_has_a_limit_too(void **state)
{
	struct scene *s = *state;

	s->broker.lifetime_ms = 50;
	open_by(s, login_new(s->account), 300);
	await(s, LINK_OPEN);
	await_due(s);
	s->broker.is_silent = true;
	link_renew(&s->link);
	await(s, LINK_LOST);
	assert_int_equal(s->link.end, LINK_LATE);
}

/* --- somebody else's exchange --- */

/* What it says comes from the test, and what it hears goes there. */
struct relayed {
	struct login login;
	const char *says; /* NULL: not yet */
	size_t len;
	unsigned heard, offers, ended;
	bool is_over; /* after the next answer */
	int error;
	uint32_t heard_len;
};

static const char *relayed_begin(struct login *l)
{
	(void)l;
	return "PLAIN";
}

static void relayed_offered(struct login *l, const struct login_heard *heard)
{
	struct relayed *r = (struct relayed *)l;

	r->offers++;
	assert_string_equal(heard->mechanisms, "PLAIN,SCRAM-SHA-512");
}

static enum login_next relayed_next(struct login *l, const struct login_heard *heard,
				    struct buf *say)
{
	struct relayed *r = (struct relayed *)l;

	if (heard != NULL) {
		r->heard++;
		r->error = heard->error;
		r->heard_len = heard->len;
		if (heard->error != 0)
			return login_refused(l, heard);
		if (r->is_over)
			return LOGIN_IS_DONE;
	}
	if (r->says == NULL)
		return LOGIN_WAITS;
	buf_append(say, r->says, r->len);
	r->says = NULL;
	return LOGIN_SAYS;
}

static void relayed_free(struct login *l)
{
	((struct relayed *)l)->ended++;
}

static const struct login_kind relayed_kind = { .begin = relayed_begin,
						.offered = relayed_offered,
						.next = relayed_next,
						.free = relayed_free };

static void run_until(struct scene *s, const unsigned *count, unsigned n)
{
	int64_t end = clock_ms() + PATIENCE_MS;

	while (*count < n && clock_ms() < end) {
		link_await(&s->link, true, false);
		ev_run(s->loop, EVRUN_ONCE);
	}
	assert_int_equal(*count, n);
}

static void another_may_say_it(void **state)
{
	struct scene *s = *state;
	struct relayed r = { .login.kind = &relayed_kind };

	s->broker.extra_rounds = 1;
	s->broker.lifetime_ms = 60000;
	open_by(s, &r.login, PATIENCE_MS);
	run_until(s, &r.offers, 1);
	assert_int_equal(s->link.state, LINK_LOGGING_IN); /* it waits */
	link_login_goes_on(&s->link);			  /* for nothing */
	assert_int_equal(s->link.state, LINK_LOGGING_IN);
	r.says = "\0gw\0right";
	r.len = 9;
	link_login_goes_on(&s->link);
	run_until(s, &r.heard, 1);
	assert_int_equal(r.heard_len, 4); /* "more" */
	assert_int_equal(s->link.state, LINK_LOGGING_IN);
	r.says = "x";
	r.len = 1;
	r.is_over = true;
	link_login_goes_on(&s->link);
	await(s, LINK_OPEN);
	assert_false(s->broker.was_wronged);
	assert_true(s->link.believed_until > 0);
	assert_false(ev_is_active(&s->link.limit)); /* the link can't begin it by itself */
	link_close(&s->link);
	assert_int_equal(r.ended, 1);
}

static void another_hears_the_refusal(void **state)
{
	struct scene *s = *state;
	struct relayed r = { .login.kind = &relayed_kind, .says = "\0gw\0wrong", .len = 9 };

	open_by(s, &r.login, PATIENCE_MS);
	await(s, LINK_LOST);
	assert_int_equal(r.error, ERROR_SASL_AUTHENTICATION_FAILED);
	assert_int_equal(s->link.end, LINK_REFUSED);
	link_close(&s->link); /* while there is a login to be freed */
	assert_int_equal(r.ended, 1);
}

/* --- under a client's upstream --- */

static void an_upstream_waits_for_its_answers(void **state)
{
	struct scene *s = *state;
	struct stats stats = { 0 };
	const struct upstream_wanted wanted = {
		.link = { (struct sockaddr *)&s->broker.address, sizeof s->broker.address,
			  PATIENCE_MS, login_new(s->account) },
		.stats = &stats,
	};
	static const uint8_t request[] = { 0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255 };
	struct upstream *u = upstream_new(&wanted, s->loop, &s->pool, on_event, s);
	int64_t end = clock_ms() + PATIENCE_MS;
	int who = 0;

	s->broker.lifetime_ms = 50;
	s->broker.holds = true;
	while (!upstream_is_open(u) && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
	}
	assert_true(upstream_may_write(u, &who));
	upstream_begin(u, &who);
	assert_int_equal(conn_write(&u->link.conn, request, sizeof request), sizeof request);
	while (!link_is_due(&u->link) && clock_ms() < end)
		ev_run(s->loop, EVRUN_ONCE);
	assert_true(upstream_may_write(u, &who)); /* his frame is leaving */
	upstream_sent(u);
	assert_false(upstream_may_write(u, &who)); /* nobody's next one may */
	assert_false(upstream_may_renew(u));
	assert_int_equal(s->broker.logins, 1);
	upstream_mute(u, 1000000);
	sasl_broker_answer(&s->broker);
	while (conn_len(&u->link.conn) < 10 && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
		conn_fill(&u->link.conn, 100);
	}
	conn_take(&u->link.conn, conn_len(&u->link.conn));
	upstream_answered(u);
	assert_false(upstream_may_renew(u)); /* the broker reads nothing now */
	u->muted_until = 0;
	assert_true(upstream_may_renew(u));
	upstream_renew(u);
	assert_false(upstream_is_open(u));
	assert_false(upstream_is_lost(u));
	while (!upstream_is_open(u) && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
	}
	assert_true(upstream_may_write(u, &who));
	assert_int_equal(s->broker.logins, 2);
	assert_false(s->broker.was_wronged);
	upstream_free(u);
}

/* What was sent without an answer arrives, also when the client goes in the midst of a login. */
static void a_last_word_waits_for_the_login(void **state)
{
	struct scene *s = *state;
	struct stats stats = { 0 };
	const struct upstream_wanted wanted = {
		.link = { .address = (struct sockaddr *)&s->broker.address,
			  .address_len = sizeof s->broker.address,
			  .timeout_ms = PATIENCE_MS,
			  .login = login_new(s->account) },
		.stats = &stats,
	};
	static const uint8_t request[] = { 0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255 };
	struct upstream *u = upstream_new(&wanted, s->loop, &s->pool, on_event, s);
	int64_t end = clock_ms() + PATIENCE_MS;
	int who = 0;

	s->broker.lifetime_ms = 50;
	s->broker.holds = true;
	while (!link_is_due(&u->link) && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
	}
	u->loose = true;
	assert_true(upstream_may_renew(u));
	upstream_renew(u);
	assert_true(upstream_is_between_logins(u));
	assert_true(upstream_finish(u));
	assert_false(upstream_is_lost(u));
	while (!upstream_is_open(u) && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
	}
	upstream_begin_loose(u, &who);
	assert_int_equal(conn_write(&u->link.conn, request, sizeof request), sizeof request);
	upstream_sent(u);
	while (upstream_finish(u) && clock_ms() < end) {
		link_await(&u->link, true, true);
		ev_run(s->loop, EVRUN_ONCE);
	}
	assert_int_equal(s->broker.requests, 1);
	assert_int_equal(s->broker.logins, 2);
	upstream_free(u);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(logs_in_before_it_is_open),
		TEST(bytes_may_come_one_by_one),
		TEST(a_refusal_is_an_end_of_its_own),
		TEST(another_mechanism_is_wanted),
		TEST(a_broker_without_sasl),
		TEST(without_credentials_nobody_logs_in),
		TEST(a_silent_broker_is_too_late),
		TEST(a_broker_that_closes),
		TEST(an_answer_to_something_else),
		TEST(it_may_be_closed_in_the_midst),
		TEST(is_due_before_its_time_is_over),
		TEST(not_sooner_than_a_broker_allows),
		TEST(a_later_login_may_be_refused),
		TEST(a_later_login_has_a_limit_too),
		TEST(another_may_say_it),
		TEST(another_hears_the_refusal),
		TEST(an_upstream_waits_for_its_answers),
		TEST(a_last_word_waits_for_the_login),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}
