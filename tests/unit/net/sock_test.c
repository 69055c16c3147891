#include "net/sock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct ev_loop *loop;
static struct bufpool bufs;
static struct pipepool pipes;
static struct sock s;
static int peer;
static void *told;

static void on_event(struct ev_loop *l, ev_io *w, int events)
{
	(void)l;
	sock_note(&s, events);
	told = w->data;
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
	sock_init(&s, loop, ends[0], on_event, &peer);
	peer = ends[1];
	told = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sock_close(&s, &bufs);
	sock_close(&s, &bufs); /* again: fine */
	assert_int_equal(s.fd, -1);
	assert_null(s.in.bytes);
	if (peer >= 0)
		close(peer);
	pipepool_deinit(&pipes);
	bufpool_deinit(&bufs);
	ev_loop_destroy(loop);
	return 0;
}

static void hints_come_from_the_loop(void **state)
{
	(void)state;
	assert_int_equal(write(peer, "hello", 5), 5);
	ev_run(loop, EVRUN_NOWAIT);
	assert_false(s.readable || s.writable); /* nothing is watched */
	sock_watch(&s, true, true);
	ev_run(loop, EVRUN_NOWAIT);
	assert_true(s.readable && s.writable);
	assert_ptr_equal(told, &peer);
	sock_watch(&s, false, false);
	told = NULL;
	ev_run(loop, EVRUN_NOWAIT);
	assert_null(told);
}

static void what_is_read_is_there_and_the_hint_goes(void **state)
{
	(void)state;
	s.readable = true;
	assert_int_equal(write(peer, "hello", 5), 5);
	assert_int_equal(sock_read(&s, &bufs, 2), 2); /* as asked: there may be more */
	assert_true(s.readable);
	assert_int_equal(sock_read(&s, &bufs, UINT32_MAX), 3);
	assert_false(s.readable);
	assert_memory_equal(inbuf_at(&s.in), "hello", 5);
	s.readable = true;
	assert_int_equal(sock_read(&s, &bufs, UINT32_MAX), 0);
	assert_false(s.readable || s.lost);
	close(peer);
	peer = -1;
	assert_int_equal(sock_read(&s, &bufs, UINT32_MAX), 0);
	assert_true(s.lost);
	assert_int_equal(inbuf_len(&s.in), 5);
}

static void a_full_socket_takes_no_more(void **state)
{
	static const uint8_t zeros[100000];
	const struct iovec iov[2] = { { (void *)(uintptr_t)zeros, 10 },
				      { (void *)(uintptr_t)zeros, 20 } };

	(void)state;
	assert_int_equal(sock_writev(&s, iov, 2), 30);
	s.writable = true;
	for (int i = 0; i < 1000 && s.writable; i++)
		sock_write(&s, zeros, sizeof zeros);
	assert_false(s.writable || s.lost);
	s.writable = true;
	assert_int_equal(sock_writev(&s, iov, 2), 0);
	assert_false(s.writable || s.lost);
	close(peer);
	peer = -1;
	assert_int_equal(sock_write(&s, zeros, 1), 0);
	assert_true(s.lost);
}

static void bytes_pass_through_a_pipe(void **state)
{
	struct pipe *pipe = pipe_get(&pipes);
	char got[8] = "";

	(void)state;
	s.readable = s.writable = true;
	assert_int_equal(sock_splice_in(&s, pipe, 100), 0);
	assert_false(s.readable || s.lost);
	assert_int_equal(write(peer, "abcdef", 6), 6);
	assert_int_equal(sock_splice_in(&s, pipe, 4), 4); /* and no more */
	assert_int_equal(pipe->held, 4);
	assert_int_equal(sock_splice_out(&s, pipe), 4);
	assert_int_equal(pipe->held, 0);
	assert_int_equal(read(peer, got, sizeof got), 4);
	assert_string_equal(got, "abcd");
	close(peer);
	peer = -1;
	assert_int_equal(sock_splice_in(&s, pipe, 100), 2);
	assert_int_equal(sock_splice_in(&s, pipe, 100), 0);
	assert_true(s.lost);
	pipe_put(&pipes, pipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hints_come_from_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_read_is_there_and_the_hint_goes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_socket_takes_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_pass_through_a_pipe, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
