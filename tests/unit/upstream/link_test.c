/* A link opens, or is lost for one reason, the first one. */
#include "upstream/link.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT = 5000 };

static struct ev_loop *loop;
static struct bufpool bufs;
static struct sockaddr_in address;
static int listener;
static struct link l;
static int events;

static void on_event(void *owner)
{
	assert_ptr_equal(owner, &listener);
	events++;
}

static void start(int timeout_ms)
{
	const struct link_wanted wanted = { .address = (struct sockaddr *)&address,
					    .address_len = sizeof address,
					    .timeout_ms = timeout_ms };

	events = 0;
	link_open(&l, &wanted, loop, &bufs, on_event, &listener);
	assert_int_equal(events, 0); /* from the loop only */
}

static void run_until_decided(void)
{
	for (int i = 0; i < LIMIT && l.state == LINK_CONNECTING; i++) {
		link_await(&l, true, true);
		ev_run(loop, EVRUN_ONCE);
	}
}

static int setup(void **state)
{
	socklen_t len = sizeof address;

	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	bufpool_init(&bufs);
	address = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 0), 0);
	return getsockname(listener, (struct sockaddr *)&address, &len);
}

static int teardown(void **state)
{
	(void)state;
	link_close(&l);
	link_close(&l); /* again: fine */
	assert_int_equal(l.state, LINK_LOST);
	close(listener);
	bufpool_deinit(&bufs);
	ev_loop_destroy(loop);
	return 0;
}

static void it_opens(void **state)
{
	(void)state;
	start(5000);
	assert_int_equal(l.state, LINK_CONNECTING);
	run_until_decided();
	assert_int_equal(l.state, LINK_OPEN);
	assert_true(link_is_open(&l) && l.was_open);
	assert_int_equal(events, 1);
}

static void refused_is_lost(void **state)
{
	(void)state;
	close(listener);
	start(5000);
	run_until_decided();
	assert_int_equal(l.state, LINK_LOST);
	assert_int_equal(l.end, LINK_NOT_CONNECTED);
	assert_false(l.was_open);
	assert_int_equal(events, 1);
}

/* A listener whose queue is full lets the next one wait. */
static void not_in_time_is_lost(void **state)
{
	int others[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		others[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(others[i], (struct sockaddr *)&address, sizeof address);
	}
	start(50);
	run_until_decided();
	assert_int_equal(l.state, LINK_LOST);
	assert_int_equal(l.end, LINK_NOT_CONNECTED);
	assert_int_equal(events, 1);
	for (int i = 0; i < 8; i++)
		close(others[i]);
}

/* Somebody answers the hello, or nobody. */
static void fails_of_tls(const char *answer, const char *why)
{
	const struct tls_wanted files = { .ca = NULL };
	char text[TLS_WHY_MAX];
	struct tls_slot slot;
	const struct link_terms terms = { &slot };
	const struct link_wanted wanted = { .address = (struct sockaddr *)&address,
					    .address_len = sizeof address,
					    .timeout_ms = answer != NULL ? 5000 : 1500,
					    .terms = &terms,
					    .host = "broker.test",
					    .port = 9093 };
	int peer;

	tls_slot_init(&slot);
	tls_slot_set(&slot, tls_client_new(&files, text));
	events = 0;
	ev_now_update(loop); /* an authority's certificates take time to read */
	link_open(&l, &wanted, loop, &bufs, on_event, &listener);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	if (answer != NULL)
		assert_true(write(peer, answer, strlen(answer)) > 0);
	run_until_decided();
	assert_int_equal(l.state, LINK_LOST);
	assert_int_equal(l.end, LINK_NOT_SECURED);
	assert_string_equal(link_why(&l), why);
	assert_int_equal(events, 1);
	assert_false(l.was_open);
	close(peer);
	tls_slot_deinit(&slot);
}

static void what_fails_of_tls_is_said(void **state)
{
	(void)state;
	fails_of_tls("HTTP/1.0 400 Bad Request\r\n", "the peer does not speak TLS");
	link_close(&l);
	fails_of_tls(NULL, "no end of the TLS handshake in time");
}

static void the_first_reason_counts(void **state)
{
	(void)state;
	start(5000);
	run_until_decided();
	link_lose(&l, LINK_BAD_ANSWER);
	link_lose(&l, LINK_CUT);
	assert_int_equal(l.end, LINK_BAD_ANSWER);
	link_await(&l, true, true); /* nothing more is heard of it */
	events = 0;
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(events, 0);
	for (int end = LINK_NOT_CONNECTED; end <= LINK_GIVEN_UP; end++)
		assert_true(strlen(link_end_text((enum link_end)end)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(not_in_time_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(what_fails_of_tls_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_reason_counts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
