#include "upstream/call.h"

#include "kafka/wire.h"
#include "unit/apis.h"
#include "unit/topology/fake.h"
#include "util/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIMIT_MS = 5000, HEARD_MAX = 512 };

/* The owner of a call, and what it heard. */
struct owner {
	struct ev_loop *loop;
	struct call *call;
	bool connected, closed;
	enum link_end end;
	int error;
	unsigned answers, refusals; /* with a body, without */
	uint32_t lens[HEARD_MAX];
	bool free_in_answer, free_in_closed, send_in_answer;
};

static void send_versions(struct owner *o, int version, int timeout_ms);

static void on_connected(void *owner)
{
	((struct owner *)owner)->connected = true;
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct owner *o = owner;

	assert_false(o->closed); /* once */
	o->closed = true;
	o->end = end;
	o->error = error;
	if (o->free_in_closed) {
		call_free(o->call);
		o->call = NULL;
	}
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct owner *o = owner;

	assert_false(o->closed); /* on_closed is the last */
	if (body == NULL) {
		o->refusals++;
		return;
	}
	o->lens[o->answers++ % HEARD_MAX] = len;
	if (o->free_in_answer) {
		call_free(o->call);
		o->call = NULL;
	} else if (o->send_in_answer && o->answers < 5) {
		send_versions(o, 0, LIMIT_MS);
	}
}

static const struct call_events events = { on_connected, on_closed };

static bool try_send(struct owner *o, enum api_key key, int version, struct say_pairs says,
		     int timeout_ms)
{
	const struct call_request request = { .key = key,
					      .version = version,
					      .says = says,
					      .timeout_ms = timeout_ms,
					      .answer = on_answer,
					      .owner = o };

	return call_send(o->call, &request);
}

static void send_versions(struct owner *o, int version, int timeout_ms)
{
	const struct say says[] = { say_text(SOFTWARE_NAME, "test") };

	assert_true(try_send(o, KEY_API_VERSIONS, version, SAY_ALL(says), timeout_ms));
}

static void send_metadata(struct owner *o, int version)
{
	const struct say says[] = { version > 0 ? say_null(TOPICS) : say_list(TOPICS, NULL, 0, 0),
				    say_number(AUTO_CREATE, 0) };

	assert_true(try_send(o, KEY_METADATA, version, SAY_ALL(says), LIMIT_MS));
}

static struct owner *owner_new(int port, uint32_t max_answer, int connect_ms)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct call_options options = { (const struct sockaddr *)&a, sizeof a, connect_ms,
					      max_answer };
	struct owner *o = mem_zalloc(sizeof *o);

	o->loop = ev_loop_new(EVFLAG_AUTO);
	o->call = call_new(o->loop, &options, &events, o);
	return o;
}

static void owner_free(struct owner *o)
{
	call_free(o->call);
	ev_loop_destroy(o->loop);
	free(o);
}

static void tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
}

/* Runs the loop until so much was heard, or the call is over. */
static void run(struct owner *o, unsigned answers)
{
	int64_t end = clock_ms() + LIMIT_MS;
	ev_timer timer;

	ev_timer_init(&timer, tick, 0.01, 0.01);
	ev_timer_start(o->loop, &timer);
	while (o->answers < answers && !o->closed && clock_ms() < end)
		ev_run(o->loop, EVRUN_ONCE);
	ev_timer_stop(o->loop, &timer);
}

/* A listening socket of a broker that this test plays by hand. */
static int listen_by_hand(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	*port = ntohs(a.sin_port);
	return fd;
}

static int set_up(void **state)
{
	struct fake *f = fake_new();

	fake_add_topic(f, "orders", 1);
	fake_start(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fake_free(*state);
	return 0;
}

static void many_answers_come_in_order(void **state)
{
	struct fake *f = *state;
	struct owner *o = owner_new(f->ports[0], 1 << 20, LIMIT_MS);

	for (int i = 0; i < 50; i++) {
		send_versions(o, 4, LIMIT_MS);
		send_metadata(o, 12);
		send_metadata(o, 0);
	}
	assert_int_equal(o->answers, 0); /* never from inside a call */
	run(o, 150);
	assert_true(o->connected);
	assert_int_equal(o->answers, 150);
	for (int i = 3; i < 150; i++)
		assert_int_equal(o->lens[i], o->lens[i - 3]);
	assert_true(o->lens[1] > o->lens[2]);
	owner_free(o);
}

static void an_answer_may_lead_to_the_next(void **state)
{
	struct fake *f = *state;
	struct owner *o = owner_new(f->ports[0], 1 << 20, LIMIT_MS);

	o->send_in_answer = true;
	send_versions(o, 0, LIMIT_MS);
	run(o, 5);
	assert_int_equal(o->answers, 5);
	owner_free(o);
}

static void a_call_may_be_freed_in_its_answer(void **state)
{
	struct fake *f = *state;
	struct owner *o = owner_new(f->ports[0], 1 << 20, LIMIT_MS);

	o->free_in_answer = true;
	send_versions(o, 4, LIMIT_MS);
	send_versions(o, 4, LIMIT_MS);
	run(o, 1);
	ev_run(o->loop, EVRUN_NOWAIT);
	assert_int_equal(o->answers, 1);
	assert_int_equal(o->refusals, 0);
	assert_false(o->closed);
	owner_free(o);
}

static void the_pipeline_has_an_end(void **state)
{
	struct fake *f = *state;
	struct owner *o = owner_new(f->ports[0], 1 << 20, LIMIT_MS);

	for (int i = 0; i < CALL_PIPELINE_MAX; i++)
		send_versions(o, 0, LIMIT_MS);
	assert_false(try_send(o, KEY_API_VERSIONS, 0, (struct say_pairs){ 0 }, LIMIT_MS));
	run(o, CALL_PIPELINE_MAX);
	assert_int_equal(o->answers, CALL_PIPELINE_MAX);
	owner_free(o);
}

static void a_refused_connection_is_told(void **state)
{
	int port, fd = listen_by_hand(&port);
	struct owner *o;

	(void)state;
	close(fd);
	o = owner_new(port, 1 << 20, LIMIT_MS);
	o->free_in_closed = true;
	assert_false(o->closed);
	run(o, 1);
	assert_true(o->closed);
	assert_false(o->connected);
	assert_int_equal(o->end, LINK_NOT_CONNECTED);
	assert_int_equal(o->error, ECONNREFUSED);
	owner_free(o);
}

static void what_was_in_flight_is_told_before_the_end(void **state)
{
	int port, fd = listen_by_hand(&port), peer;
	struct owner *o = owner_new(port, 1 << 20, LIMIT_MS);

	(void)state;
	send_versions(o, 4, LIMIT_MS);
	send_versions(o, 4, LIMIT_MS);
	peer = accept(fd, NULL, NULL);
	close(peer);
	run(o, 1);
	assert_true(o->closed);
	assert_int_equal(o->end, LINK_CUT);
	assert_int_equal(o->refusals, 2);
	/* nothing is taken any more, and nothing more is told */
	assert_false(try_send(o, KEY_API_VERSIONS, 0, (struct say_pairs){ 0 }, LIMIT_MS));
	ev_run(o->loop, EVRUN_NOWAIT);
	assert_int_equal(o->refusals, 2);
	close(fd);
	owner_free(o);
}

static void a_late_answer_ends_the_call(void **state)
{
	struct fake *f = *state;
	struct owner *o;
	int64_t began = clock_ms();

	fake_lock(f);
	f->silent = true;
	fake_unlock(f);
	o = owner_new(f->ports[0], 1 << 20, LIMIT_MS);
	send_versions(o, 4, LIMIT_MS);
	send_versions(o, 4, 100);
	run(o, 1);
	assert_true(o->closed);
	assert_int_equal(o->end, LINK_LATE);
	assert_int_equal(o->refusals, 2);
	assert_true(clock_ms() - began >= 100);
	assert_true(clock_ms() - began < LIMIT_MS);
	owner_free(o);
}

/* The broker, played by hand, answers a version 4 request with these bytes. */
static struct owner *answered_with(const void *bytes, size_t n, uint32_t max_answer)
{
	int port, fd = listen_by_hand(&port), peer;
	struct owner *o = owner_new(port, max_answer, LIMIT_MS);
	int64_t end = clock_ms() + LIMIT_MS;
	uint8_t asked[256];

	send_metadata(o, 12);
	peer = accept(fd, NULL, NULL);
	while (recv(peer, asked, sizeof asked, MSG_DONTWAIT) <= 0 && clock_ms() < end)
		ev_run(o->loop, EVRUN_NOWAIT);
	assert_int_equal(send(peer, bytes, n, MSG_NOSIGNAL), n);
	run(o, 1);
	close(peer);
	close(fd);
	return o;
}

static void wrong_answers_end_the_call(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t n;
	} bad[] = {
		{ { 0, 0, 0, 6, 0, 0, 0, 9, 0, 7 }, 10 }, /* another's correlation id */
		{ { 0, 0, 0, 3, 0, 0, 0 }, 7 },		  /* no room for one */
		{ { 0, 0, 0, 4, 0, 0, 0, 0 }, 8 },	  /* no tagged fields */
		{ { 0, 0, 0, 6, 0, 0, 0, 0, 1, 0 }, 10 }, /* tagged fields cut off */
		{ { 0, 0, 4, 1 }, 4 },			  /* 1025 bytes, 1024 allowed */
		{ { 255, 255, 255, 255 }, 4 },		  /* a negative size */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct owner *o = answered_with(bad[i].bytes, bad[i].n, 1024);

		assert_true(o->closed);
		assert_int_equal(o->end, LINK_BAD_ANSWER);
		assert_int_equal(o->answers, 0);
		assert_int_equal(o->refusals, 1);
		owner_free(o);
	}
}

static void the_header_is_not_the_body(void **state)
{
	const uint8_t good[] = { 0, 0, 0, 11, 0, 0, 0, 0, 1, 7, 1, 9, 'b', 'o', 'd' };
	struct owner *o = answered_with(good, sizeof good, 1024);

	(void)state;
	assert_false(o->closed);
	assert_int_equal(o->answers, 1);
	assert_int_equal(o->lens[0], 3);
	owner_free(o);
}

static void a_large_answer_in_small_pieces(void **state)
{
	enum { BODY = 3 * 1024 * 1024 };
	int port, fd = listen_by_hand(&port), peer;
	struct owner *o = owner_new(port, 4 * 1024 * 1024, LIMIT_MS);
	uint8_t *frame = mem_zalloc(9 + BODY);
	size_t sent = 0;

	(void)state;
	wire_put32(frame, 5 + BODY);
	send_metadata(o, 12);
	peer = accept(fd, NULL, NULL);
	while (sent < 9 + BODY) {
		size_t piece = sent < 20 ? 1 : 100000;
		ssize_t n = send(peer, frame + sent,
				 piece < 9 + BODY - sent ? piece : 9 + BODY - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		ev_run(o->loop, EVRUN_NOWAIT);
		assert_false(o->closed);
	}
	run(o, 1);
	assert_int_equal(o->lens[0], BODY);
	free(frame);
	close(peer);
	close(fd);
	owner_free(o);
}

#define WITH_FAKE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FAKE(many_answers_come_in_order),
		WITH_FAKE(an_answer_may_lead_to_the_next),
		WITH_FAKE(a_call_may_be_freed_in_its_answer),
		WITH_FAKE(the_pipeline_has_an_end),
		WITH_FAKE(a_late_answer_ends_the_call),
		cmocka_unit_test(a_refused_connection_is_told),
		cmocka_unit_test(what_was_in_flight_is_told_before_the_end),
		cmocka_unit_test(wrong_answers_end_the_call),
		cmocka_unit_test(the_header_is_not_the_body),
		cmocka_unit_test(a_large_answer_in_small_pieces),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}
