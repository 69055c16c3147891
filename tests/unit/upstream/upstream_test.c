#include "upstream/upstream.h"

#include "kafka/wire.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT = 2000 };

/* A broker that is a listening socket, and one connection to it. */
struct scene {
	struct ev_loop *loop;
	struct bufpool bufs;
	struct stats stats;
	struct sockaddr_storage address;
	socklen_t address_len;
	struct upstream *u;
	int listener, peer;
	unsigned events;
};

static void on_event(void *owner)
{
	((struct scene *)owner)->events++;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static void turn(struct scene *s)
{
	ev_timer tick;

	ev_timer_init(&tick, on_tick, 0.005, 0.0);
	ev_timer_start(s->loop, &tick);
	link_await(&s->u->link, true, false);
	ev_run(s->loop, EVRUN_ONCE);
	ev_timer_stop(s->loop, &tick);
}

static void begin(struct scene *s)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&s->address;
	socklen_t len = sizeof *a;

	*s = (struct scene){ .loop = ev_loop_new(EVFLAG_AUTO), .peer = -1 };
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)a, len), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)a, &len), 0);
	s->address_len = len;
}

static void make(struct scene *s)
{
	const struct upstream_wanted wanted = {
		.broker = 7,
		.link = { .address = (struct sockaddr *)&s->address,
			  .address_len = s->address_len,
			  .timeout_ms = 5000 },
		.stats = &s->stats,
	};

	s->u = upstream_new(&wanted, s->loop, &s->bufs, on_event, s);
}

static void connect_it(struct scene *s)
{
	make(s);
	assert_int_equal(s->u->broker, 7);
	for (int i = 0; i < LIMIT && s->u->link.state == LINK_CONNECTING; i++)
		turn(s);
}

static void open_it(struct scene *s)
{
	begin(s);
	connect_it(s);
	assert_int_equal(s->u->link.state, LINK_OPEN);
	assert_true(s->events > 0);
	s->peer = accept(s->listener, NULL, NULL);
	assert_true(s->peer >= 0);
}

static void end(struct scene *s)
{
	upstream_free(s->u);
	if (s->listener >= 0)
		close(s->listener);
	if (s->peer >= 0)
		close(s->peer);
	bufpool_deinit(&s->bufs);
	ev_loop_destroy(s->loop);
}

/* A request, whole. */
static void ask(struct upstream *u, void *who)
{
	upstream_begin(u, who);
	upstream_sent(u);
}

/* An answer's frame of n bytes behind the size. */
static void answer(struct scene *s, uint32_t n)
{
	uint8_t frame[5000] = { 0 };

	wire_put32(frame, n);
	assert_int_equal(send(s->peer, frame, 4 + n, 0), 4 + n);
}

static void what_can_not_be_connected_is_lost(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.address_len = 0; /* its name is not known */
	make(&s);
	assert_int_equal(s.u->link.state, LINK_LOST);
	upstream_free(s.u);
	assert_int_equal(s.stats.counters[STAT_UPSTREAMS_FAILED], 1);
	s.address_len = sizeof(struct sockaddr_in);
	close(s.listener); /* refused */
	s.listener = -1;
	connect_it(&s);
	assert_int_equal(s.u->link.state, LINK_LOST);
	assert_false(s.u->link.was_open);
	assert_int_equal(s.stats.counters[STAT_UPSTREAMS_OPENED], 0);
	end(&s);
	upstream_free(NULL);
}

/* More than the ring is born with, going round. */
static void answers_are_read_in_the_order_of_requests(void **state)
{
	struct scene s;
	char who[100];
	int first = 0, last = 0;

	(void)state;
	open_it(&s);
	assert_null(upstream_next(s.u));
	while (first < 100) {
		for (int i = 0; i < 7 && last < 100; i++)
			ask(s.u, &who[last++]);
		for (int i = 0; i < 5 && first < last; i++) {
			assert_ptr_equal(upstream_next(s.u), &who[first++]);
			upstream_answered(s.u);
		}
	}
	assert_null(upstream_next(s.u));
	assert_int_equal(s.u->sent, 100);
	end(&s);
	assert_int_equal(s.stats.counters[STAT_UPSTREAMS_CLOSED], 1);
}

/* The first and third answer are nobody's; the second stays to be read. */
static void what_nobody_wants_is_thrown_away(void **state)
{
	struct scene s;
	char a, b;

	(void)state;
	open_it(&s);
	upstream_expect_nothing(s.u);
	ask(s.u, &a);
	ask(s.u, &b);
	upstream_pass_on(s.u, &b, NULL);
	answer(&s, 3000);
	answer(&s, 40);
	answer(&s, 4);
	for (int i = 0; i < LIMIT && upstream_next(s.u) != &a; i++) {
		turn(&s);
		upstream_discard(s.u);
	}
	assert_ptr_equal(upstream_next(s.u), &a);
	for (int i = 0; i < LIMIT && conn_len(&s.u->link.conn) < 52; i++) {
		turn(&s);
		assert_false(upstream_discard(s.u)); /* it is a's */
		conn_fill(&s.u->link.conn, UINT32_MAX);
	}
	assert_int_equal(wire_get32(conn_data(&s.u->link.conn)), 40);
	conn_take(&s.u->link.conn, 44);
	upstream_answered(s.u);
	assert_true(upstream_discard(s.u));
	assert_int_equal(s.u->ring_count, 0);
	assert_int_equal(s.u->link.state, LINK_OPEN);
	end(&s);
}

static void assert_is_lost(struct scene *s)
{
	for (int i = 0; i < LIMIT && upstream_is_open(s->u); i++) {
		turn(s);
		upstream_discard(s->u);
	}
	assert_int_equal(s->u->link.state, LINK_LOST);
	end(s);
}

static void a_close_or_what_nobody_asked_for_is_a_loss(void **state)
{
	struct scene s;

	(void)state;
	open_it(&s);
	close(s.peer);
	s.peer = -1;
	assert_is_lost(&s);
	open_it(&s);
	answer(&s, 10); /* to no request */
	assert_is_lost(&s);
	open_it(&s);
	upstream_expect_nothing(s.u);
	assert_int_equal(send(s.peer, "\377\377\377\377", 4, 0), 4); /* no size */
	assert_is_lost(&s);
}

/* Only the answer to a request sent after acks=0 data says it was seen. */
static void loose_data_is_safe_after_a_later_answer(void **state)
{
	struct scene s;
	char a, b;

	(void)state;
	open_it(&s);
	ask(s.u, &a);
	upstream_begin_loose(s.u, &a);
	upstream_sent(s.u);
	upstream_answered(s.u);
	assert_true(s.u->loose);
	ask(s.u, &b);
	upstream_answered(s.u);
	assert_false(s.u->loose);
	end(&s);
}

/* A frame that has left in part owns the connection, and takes it along. */
static void half_a_frame_owns_the_connection(void **state)
{
	struct scene s;
	char a, b;

	(void)state;
	open_it(&s);
	assert_true(upstream_may_write(s.u, &b));
	upstream_begin(s.u, &a);
	assert_true(upstream_may_write(s.u, &a));
	assert_false(upstream_may_write(s.u, &b));
	upstream_sent(s.u);
	assert_true(upstream_may_write(s.u, &b));
	upstream_pass_on(s.u, &a, NULL); /* it has left: only its answer is nobody's */
	assert_true(upstream_is_open(s.u));
	upstream_begin(s.u, &b);
	upstream_pass_on(s.u, &a, NULL);
	assert_true(upstream_is_open(s.u));
	upstream_pass_on(s.u, &b, NULL);
	assert_true(upstream_is_given_up(s.u));
	assert_int_equal(s.u->link.end, LINK_HALF_FRAME);
	end(&s);
}

/* What was sent without an answer to come arrives, and the broker's close is waited for. */
static void our_last_word_comes_after_all_that_was_sent(void **state)
{
	struct scene s;
	char got[8];

	(void)state;
	open_it(&s);
	assert_true(conn_put(&s.u->link.conn, "acks0", 5));
	for (int i = 0; i < LIMIT && conn_unsent(&s.u->link.conn) > 0; i++) {
		assert_true(upstream_finish(s.u));
		turn(&s);
	}
	assert_int_equal(recv(s.peer, got, sizeof got, MSG_WAITALL), 5); /* and the end behind it */
	close(s.peer);
	s.peer = -1;
	for (int i = 0; i < LIMIT && upstream_finish(s.u); i++)
		turn(&s);
	assert_false(upstream_finish(s.u));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_not_be_connected_is_lost),
		cmocka_unit_test(answers_are_read_in_the_order_of_requests),
		cmocka_unit_test(what_nobody_wants_is_thrown_away),
		cmocka_unit_test(a_close_or_what_nobody_asked_for_is_a_loss),
		cmocka_unit_test(loose_data_is_safe_after_a_later_answer),
		cmocka_unit_test(half_a_frame_owns_the_connection),
		cmocka_unit_test(our_last_word_comes_after_all_that_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
