/* not lame: the plain layer is what is looked at */
#include "net/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT = 5000 };

static struct ev_loop *loop;
static struct bufpool bufs;
static struct pipepool pipes;
static struct conn c;
static int peer;
static void *told;

static void on_event(void *owner)
{
	told = owner;
}

static int setup(void **state)
{
	int ends[2];

	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	bufpool_init(&bufs);
	pipepool_init(&pipes, 2);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	conn_init(&c, &conn_plain, ends[0], loop, &bufs, on_event, &peer);
	peer = ends[1];
	told = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	conn_close(&c);
	conn_close(&c); /* again: fine */
	assert_int_equal(c.fd, -1);
	assert_null(c.in.bytes);
	assert_true(conn_is_lost(&c));
	if (peer >= 0)
		close(peer);
	pipepool_deinit(&pipes);
	bufpool_deinit(&bufs);
	ev_loop_destroy(loop);
	return 0;
}

static void close_peer(void)
{
	close(peer);
	peer = -1;
}

/* The reads and writes that are tried at once have said that there is nothing. */
static void use_up_hints(void)
{
	static const uint8_t zeros[100000];

	assert_int_equal(conn_fill(&c, UINT32_MAX), 0);
	assert_false(conn_may_read(&c));
	for (int i = 0; i < 1000 && conn_may_write(&c); i++)
		conn_write(&c, zeros, sizeof zeros);
	assert_false(conn_may_write(&c));
}

/* The far end reads all there is. */
static size_t drain_peer(void)
{
	static uint8_t bytes[100000];
	ssize_t n;
	size_t all = 0;

	while ((n = read(peer, bytes, sizeof bytes)) > 0)
		all += (size_t)n;
	return all;
}

static void only_what_is_awaited_is_told(void **state)
{
	(void)state;
	use_up_hints();
	drain_peer();
	assert_int_equal(write(peer, "hello", 5), 5);
	ev_run(loop, EVRUN_NOWAIT);
	assert_null(told);
	conn_await(&c, true, false);
	ev_run(loop, EVRUN_NOWAIT);
	assert_ptr_equal(told, &peer);
	assert_true(conn_may_read(&c));
	assert_false(conn_may_write(&c));
	conn_await(&c, true, true); /* what may be done is not waited for */
	told = NULL;
	ev_run(loop, EVRUN_NOWAIT);
	assert_true(conn_may_write(&c));
	assert_ptr_equal(told, &peer);
	conn_await(&c, true, true);
	told = NULL;
	ev_run(loop, EVRUN_NOWAIT);
	assert_null(told);
}

static void what_is_read_is_there_until_it_is_taken(void **state)
{
	(void)state;
	assert_int_equal(write(peer, "hello", 5), 5);
	assert_int_equal(conn_fill(&c, 2), 2); /* as asked: there may be more */
	assert_true(conn_may_read(&c));
	assert_int_equal(conn_fill(&c, UINT32_MAX), 3);
	assert_false(conn_may_read(&c));
	assert_memory_equal(conn_data(&c), "hello", 5);
	assert_int_equal(conn_fill(&c, UINT32_MAX), 0);
	conn_take(&c, 4);
	assert_int_equal(conn_len(&c), 1);
	assert_int_equal(write(peer, "!", 1), 1);
	conn_look_again(&c); /* nobody has told, and yet it is there */
	assert_int_equal(conn_fill(&c, UINT32_MAX), 1);
	assert_memory_equal(conn_data(&c), "o!", 2);
}

/* A peer that has only stopped sending can still read. */
static void the_end_of_input_is_no_loss(void **state)
{
	char got[8] = "";

	(void)state;
	assert_int_equal(write(peer, "ask", 3), 3);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_int_equal(conn_fill(&c, UINT32_MAX), 3);
	assert_false(conn_has_ended(&c));
	conn_await(&c, true, false);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(conn_fill(&c, UINT32_MAX), 0);
	assert_true(conn_has_ended(&c) && conn_is_dry(&c));
	assert_false(conn_is_lost(&c) || conn_may_read(&c));
	assert_int_equal(conn_len(&c), 3);
	assert_int_equal(conn_write(&c, "told", 4), 4);
	assert_int_equal(read(peer, got, sizeof got), 4);
	/* and the end is not told for ever */
	told = NULL;
	conn_await(&c, true, false);
	ev_run(loop, EVRUN_NOWAIT);
	assert_null(told);
	conn_look_again(&c);
	assert_false(conn_may_read(&c));
}

static void our_last_word_is_no_loss(void **state)
{
	char got[8] = "";

	(void)state;
	assert_int_equal(conn_write(&c, "bye", 3), 3);
	conn_finish(&c);
	assert_false(conn_may_write(&c) || conn_is_lost(&c));
	assert_int_equal(read(peer, got, sizeof got), 3);
	assert_int_equal(read(peer, got, sizeof got), 0);
	assert_int_equal(write(peer, "late", 4), 4);
	assert_int_equal(conn_fill(&c, UINT32_MAX), 4);
	conn_finish(&c); /* again: nothing */
	assert_false(conn_is_lost(&c));
}

static void a_reset_is_a_loss(void **state)
{
	(void)state;
	assert_int_equal(conn_write(&c, "unread", 6), 6);
	close_peer(); /* with bytes unread: a reset */
	while (conn_may_read(&c))
		conn_fill(&c, UINT32_MAX);
	assert_int_equal(conn_write(&c, "x", 1), 0);
	assert_true(conn_is_lost(&c));
	assert_true(conn_error(&c) == EPIPE || conn_error(&c) == ECONNRESET);
	assert_false(conn_may_read(&c) || conn_may_write(&c));
}

static void a_full_socket_takes_no_more(void **state)
{
	static const uint8_t zeros[100000];
	struct gather g;
	struct arena arena;
	int at = 0;

	(void)state;
	arena_init(&arena);
	gather_init(&g, &arena);
	for (int i = 0; i < 100; i++)
		gather_piece(&g, zeros, sizeof zeros);
	gather_copy(&g, "end", 3);
	assert_true(conn_gather(&c, &g, &at) > 0);
	assert_true(at < g.count);
	assert_false(conn_may_write(&c) || conn_is_lost(&c));
	assert_int_equal(conn_gather(&c, &g, &at), 0);
	for (int i = 0; i < LIMIT && at < g.count; i++) {
		drain_peer();
		conn_await(&c, false, true);
		ev_run(loop, EVRUN_NOWAIT);
		conn_gather(&c, &g, &at);
	}
	assert_int_equal(at, g.count);
	arena_deinit(&arena);
}

static void bytes_pass_through_a_pipe(void **state)
{
	struct pipe *pipe = pipe_get(&pipes);
	char got[8] = "";

	(void)state;
	assert_true(conn_pipes_in(&c) && conn_pipes_out(&c));
	assert_int_equal(conn_splice_in(&c, pipe, 100), 0);
	assert_false(conn_may_read(&c) || conn_is_dry(&c));
	assert_int_equal(write(peer, "abcdef", 6), 6);
	assert_int_equal(conn_splice_in(&c, pipe, 4), 4); /* and no more */
	assert_int_equal(pipe->held, 4);
	assert_int_equal(conn_splice_out(&c, pipe), 4);
	assert_int_equal(pipe->held, 0);
	assert_int_equal(read(peer, got, sizeof got), 4);
	assert_string_equal(got, "abcd");
	close_peer();
	assert_int_equal(conn_splice_in(&c, pipe, 100), 2);
	assert_int_equal(conn_splice_in(&c, pipe, 100), 0);
	assert_true(conn_has_ended(&c));
	pipe_put(&pipes, pipe);
}

static void small_pieces_leave_together(void **state)
{
	static const uint8_t zeros[INBUF_BLOCK];
	char got[16] = "";

	(void)state;
	assert_true(conn_flush(&c)); /* nothing to flush */
	assert_true(conn_put(&c, "abc", 3));
	assert_true(conn_put(&c, "def", 3));
	assert_int_equal(conn_unsent(&c), 6);
	assert_int_equal(read(peer, got, sizeof got), -1);
	assert_true(conn_flush(&c));
	assert_null(c.out.bytes);
	assert_int_equal(read(peer, got, sizeof got), 6);
	assert_string_equal(got, "abcdef");
	/* what does not fit is left to the caller, whole */
	assert_true(conn_put(&c, zeros, INBUF_BLOCK - 1));
	assert_false(conn_put(&c, "gh", 2));
	assert_int_equal(conn_unsent(&c), INBUF_BLOCK - 1);
}

static void a_large_answer_is_taken_without_a_copy(void **state)
{
	enum { SIZE = INBUF_BLOCK + 100 };
	static uint8_t bytes[SIZE];
	uint8_t *in_place, *whole;

	(void)state;
	for (int i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 7);
	assert_false(conn_fits(&c, 1));
	conn_reserve(&c, SIZE);
	assert_true(conn_fits(&c, SIZE));
	for (size_t sent = 0; conn_len(&c) < SIZE;) {
		ssize_t n = write(peer, bytes + sent, SIZE - sent);

		sent += n > 0 ? (size_t)n : 0;
		conn_look_again(&c);
		conn_fill(&c, UINT32_MAX);
	}
	assert_true(conn_is_full(&c));
	in_place = conn_data(&c);
	whole = conn_take_whole(&c, SIZE);
	assert_ptr_equal(whole, in_place);
	assert_memory_equal(whole, bytes, SIZE);
	assert_int_equal(conn_len(&c), 0);
	free(whole);
	/* one of others is copied out */
	assert_int_equal(write(peer, "onetwo", 6), 6);
	conn_look_again(&c);
	conn_fill(&c, UINT32_MAX);
	whole = conn_take_whole(&c, 3);
	assert_memory_equal(whole, "one", 3);
	assert_memory_equal(conn_data(&c), "two", 3);
	free(whole);
}

/* --- connecting --- */

static void run_until_decided(void)
{
	for (int i = 0; i < LIMIT && conn_is_opening(&c); i++) {
		conn_await(&c, true, true);
		ev_run(loop, EVRUN_NOWAIT);
		poll(NULL, 0, conn_is_opening(&c));
	}
}

static void a_connection_opens_or_is_lost(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0), far;

	(void)state;
	assert_int_equal(bind(l, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	conn_close(&c);
	conn_connect(&c, &conn_plain, (struct sockaddr *)&a, len, loop, &bufs, on_event, &peer);
	assert_true(conn_is_opening(&c));
	assert_int_equal(conn_fill(&c, UINT32_MAX), 0);
	assert_false(conn_may_write(&c));
	run_until_decided();
	assert_false(conn_is_lost(&c));
	assert_true(conn_may_write(&c));
	far = accept(l, NULL, NULL);
	assert_int_equal(conn_write(&c, "x", 1), 1);
	close(far);
	conn_close(&c);
	close(l);
	conn_connect(&c, &conn_plain, (struct sockaddr *)&a, len, loop, &bufs, on_event, &peer);
	run_until_decided();
	assert_true(conn_is_lost(&c));
	assert_int_equal(conn_error(&c), ECONNREFUSED);
	conn_close(&c);
	conn_connect(&c, &conn_plain, (struct sockaddr *)&a, 0, loop, &bufs, on_event, &peer);
	assert_true(conn_is_lost(&c)); /* there is no address */
}

/* --- a layer that keeps bytes back --- */

static char kept[8];
static size_t kept_len;
static int opens;

static bool slow_open(struct conn *conn)
{
	if (++opens < 2)
		conn_read_blocked(conn, EV_READ);
	return opens >= 2;
}

/* Reads all there is, gives one byte, and says that there is no more for now. */
static size_t keeping_read(struct conn *conn, void *to, size_t n)
{
	ssize_t got;

	assert_true(n > 0);
	if (kept_len == 0) {
		got = read(conn->fd, kept, sizeof kept);
		kept_len = got > 0 ? (size_t)got : 0;
	}
	conn_read_blocked(conn, EV_READ);
	if (kept_len == 0)
		return 0;
	*(char *)to = kept[0];
	memmove(kept, kept + 1, --kept_len);
	return 1;
}

static bool keeping_pending(const struct conn *conn)
{
	(void)conn;
	return kept_len > 0;
}

static void nothing(struct conn *conn)
{
	(void)conn;
}

static const struct conn_layer keeping = {
	.name = "keeping",
	.open = slow_open,
	.read = keeping_read,
	.pending = keeping_pending,
	.finish = nothing,
	.free = nothing,
};

/* Bytes that no poll will announce: the owner is told at once. */
static void what_a_layer_has_is_told_without_the_loop(void **state)
{
	(void)state;
	opens = 0;
	kept_len = 0;
	conn_raise(&c, &keeping, NULL);
	assert_true(conn_is_opening(&c));
	assert_int_equal(write(peer, "abc", 3), 3);
	run_until_decided();
	assert_int_equal(opens, 2);
	assert_int_equal(conn_fill(&c, UINT32_MAX), 1);
	assert_false(conn_may_read(&c));
	assert_false(conn_pipes_in(&c) || conn_pipes_out(&c));
	for (uint32_t i = 2; i <= 3; i++) {
		told = NULL;
		conn_await(&c, false, false); /* he does not want to know */
		assert_null(told);
		conn_await(&c, true, false);
		assert_ptr_equal(told, &peer);
		assert_true(conn_may_read(&c));
		assert_int_equal(conn_fill(&c, UINT32_MAX), 1);
		assert_int_equal(conn_len(&c), i);
	}
	told = NULL;
	conn_await(&c, true, false);
	assert_null(told);
	assert_memory_equal(conn_data(&c), "abc", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_is_awaited_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_read_is_there_until_it_is_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_end_of_input_is_no_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(our_last_word_is_no_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset_is_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_socket_takes_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_pass_through_a_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(small_pieces_leave_together, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_answer_is_taken_without_a_copy, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_connection_opens_or_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_layer_has_is_told_without_the_loop, setup,
						teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
