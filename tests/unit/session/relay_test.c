#include "session/relay.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BIG = 3 * 1024 * 1024, SPINS = 20000, LIMIT = SPINS + 10000, AFTER = 7 };

/* A relay between two TCP connections of which we hold the far ends. */
struct wire {
	struct ev_loop *loop;
	struct bufpool bufs;
	struct pipepool pipes;
	struct conn from, to;
	int source, sink;
	struct relay relay;
	uint8_t *sent, *got;
	uint32_t size, written, read;
	/* the watcher */
	uint32_t seen, blind_left, hold, flip_at;
	bool refuse;
};

static void on_event(void *owner)
{
	(void)owner;
}

static void connect_pair(int ends[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&a, len), 0);
	ends[1] = accept(l, NULL, NULL);
	assert_true(ends[1] >= 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(ends[i], F_SETFL, O_NONBLOCK), 0);
	close(l);
}

static void begin(struct wire *w, uint32_t size, unsigned pipes)
{
	int a[2], b[2];

	memset(w, 0, sizeof *w);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	bufpool_init(&w->bufs);
	pipepool_init(&w->pipes, pipes);
	connect_pair(a);
	connect_pair(b);
	w->source = a[0];
	w->sink = b[1];
	conn_init(&w->from, &conn_plain, a[1], w->loop, &w->bufs, on_event, w);
	conn_init(&w->to, &conn_plain, b[0], w->loop, &w->bufs, on_event, w);
	w->size = size;
	w->sent = mem_alloc(size + AFTER);
	w->got = mem_alloc(size + AFTER);
	for (uint32_t i = 0; i < size + AFTER; i++)
		w->sent[i] = (uint8_t)(i * 2654435761u >> 13);
	relay_start(&w->relay, size);
}

static void end(struct wire *w)
{
	relay_stop(&w->relay, &w->pipes);
	conn_close(&w->from);
	conn_close(&w->to);
	if (w->source >= 0)
		close(w->source);
	if (w->sink >= 0)
		close(w->sink);
	pipepool_deinit(&w->pipes);
	bufpool_deinit(&w->bufs);
	ev_loop_destroy(w->loop);
	free(w->sent);
	free(w->got);
}

/* A turn more?  What does not come at once is waited for, ten seconds at most. */
static bool in_time(int *turns)
{
	if (++*turns > SPINS)
		poll(NULL, 0, 1);
	return *turns < LIMIT;
}

static int64_t see(void *ctx, uint8_t *bytes, uint32_t n)
{
	struct wire *w = ctx;
	uint32_t may = n > w->hold || w->seen + n == w->size ? n : 0;

	if (w->refuse)
		return -1;
	if (w->flip_at >= w->seen && w->flip_at < w->seen + may)
		bytes[w->flip_at - w->seen] ^= 0xff;
	w->seen += may;
	return may;
}

static uint32_t blind(void *ctx)
{
	return ((struct wire *)ctx)->blind_left;
}

static void passed(void *ctx, uint32_t n)
{
	struct wire *w = ctx;

	assert_true(n <= w->blind_left);
	w->blind_left -= n;
	w->seen += n;
}

static void feed(struct wire *w, uint32_t chunk, uint32_t upto)
{
	ssize_t n;

	if (chunk > upto - w->written)
		chunk = upto - w->written;
	n = chunk > 0 ? send(w->source, w->sent + w->written, chunk, MSG_NOSIGNAL) : 0;
	w->written += n > 0 ? (uint32_t)n : 0;
}

static void drain(struct wire *w, uint32_t chunk)
{
	ssize_t n;

	if (chunk > w->size + AFTER - w->read)
		chunk = w->size + AFTER - w->read;
	n = recv(w->sink, w->got + w->read, chunk, 0);
	w->read += n > 0 ? (uint32_t)n : 0;
}

/* One turn of the loop, as an owner would take it. */
static enum relay_result turn(struct wire *w, const struct relay_watcher *watcher)
{
	conn_await(&w->from, true, false);
	conn_await(&w->to, false, true);
	ev_run(w->loop, EVRUN_NOWAIT);
	int64_t share = INT64_MAX;

	return relay_run(&w->relay, &w->from, &w->to, watcher, &share, &w->pipes);
}

/* Moves the frame and what comes behind it; the first must be all there. */
static void carry(struct wire *w, const struct relay_watcher *watcher, uint32_t in, uint32_t out)
{
	enum relay_result got = RELAY_WAIT;

	for (int i = 0; in_time(&i) && got == RELAY_WAIT;) {
		feed(w, in, w->size + AFTER);
		got = turn(w, watcher);
		drain(w, out);
	}
	assert_int_equal(got, RELAY_DONE);
	assert_int_equal(w->relay.moved, w->size);
	/* the end of it may wait for a flush, which is the owner's to do */
	for (int i = 0; in_time(&i) && w->read < w->size;) {
		conn_await(&w->to, false, true);
		ev_run(w->loop, EVRUN_NOWAIT);
		conn_flush(&w->to);
		drain(w, w->size);
	}
	assert_int_equal(w->read, w->size);
}

/* What stands behind the frame stays, here or in the socket. */
static void assert_rest_stays(struct wire *w)
{
	for (int i = 0; in_time(&i) && conn_len(&w->from) < AFTER;) {
		feed(w, AFTER, w->size + AFTER);
		conn_await(&w->from, true, false);
		ev_run(w->loop, EVRUN_NOWAIT);
		conn_fill(&w->from, UINT32_MAX);
	}
	assert_int_equal(conn_len(&w->from), AFTER);
	assert_memory_equal(conn_data(&w->from), w->sent + w->size, AFTER);
	drain(w, AFTER);
	assert_int_equal(w->read, w->size);
}

static void frames_arrive_whole_in_any_chunks(void **state)
{
	static const uint32_t sizes[] = { 1, 12, 1000, 65536, 200001 };
	static const uint32_t chunks[] = { 13, 4096, 65536, BIG };

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		for (size_t c = 0; c < ARRAY_LEN(chunks); c++) {
			struct wire w;

			begin(&w, sizes[s], 4);
			carry(&w, NULL, chunks[c], BIG);
			assert_memory_equal(w.got, w.sent, w.size);
			assert_rest_stays(&w);
			end(&w);
		}
	}
}

static void large_runs_are_spliced_or_copied(void **state)
{
	struct wire w;

	(void)state;
	for (unsigned pipes = 0; pipes <= 1; pipes++) {
		begin(&w, BIG, pipes);
		carry(&w, NULL, BIG, BIG);
		assert_memory_equal(w.got, w.sent, w.size);
		if (pipes == 0 || !conn_pipes_in(&w.from))
			assert_int_equal(w.relay.spliced, 0);
		else
			assert_true(w.relay.spliced > BIG / 2);
		assert_null(w.relay.pipe);
		assert_rest_stays(&w);
		end(&w);
	}
}

/* However much comes, no more is held than a block and a pipe. */
static void the_slow_side_sets_the_pace(void **state)
{
	struct wire w;

	(void)state;
	begin(&w, 64 * 1024 * 1024, 4);
	for (int i = 0, still = 0; i < LIMIT && still < 100; i++) {
		uint32_t before = w.written;

		feed(&w, BIG, w.size);
		assert_int_equal(turn(&w, NULL), RELAY_WAIT);
		still = w.written == before ? still + 1 : 0;
		assert_true(conn_len(&w.from) <= INBUF_BLOCK);
	}
	assert_true(w.written < w.size);
	assert_true(w.pipes.open <= 1);
	assert_false(conn_may_write(&w.to));
	end(&w);
}

static void a_slow_reader_gets_it_all(void **state)
{
	struct wire w;

	(void)state;
	begin(&w, BIG, 4);
	carry(&w, NULL, BIG, 3000);
	assert_memory_equal(w.got, w.sent, w.size);
	assert_rest_stays(&w);
	end(&w);
}

static void a_watcher_sees_all_but_what_it_needs_not(void **state)
{
	static const uint32_t holds[] = { 0, 1, 100, 5000 };
	struct wire w;
	const struct relay_watcher watcher = { see, blind, passed, &w };

	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(holds); h++) {
		begin(&w, 300000, 4);
		w.hold = holds[h]; /* goes on only with more than that */
		w.flip_at = 299999;
		carry(&w, &watcher, 999, BIG);
		assert_int_equal(w.seen, w.size);
		w.sent[w.flip_at] ^= 0xff;
		assert_memory_equal(w.got, w.sent, w.size);
		assert_rest_stays(&w);
		end(&w);
	}
	begin(&w, BIG, 4);
	w.blind_left = BIG - 10;
	w.flip_at = BIG - 5;
	carry(&w, &watcher, BIG, BIG);
	assert_int_equal(w.seen, w.size);
	assert_true(w.relay.spliced > 0 || !conn_pipes_in(&w.from));
	w.sent[w.flip_at] ^= 0xff;
	assert_memory_equal(w.got, w.sent, w.size);
	end(&w);
}

static void a_watcher_can_refuse(void **state)
{
	struct wire w;
	const struct relay_watcher watcher = { see, blind, passed, &w };
	enum relay_result got = RELAY_WAIT;

	(void)state;
	begin(&w, 1000, 4);
	w.refuse = true;
	for (int i = 0; in_time(&i) && got == RELAY_WAIT;) {
		feed(&w, 10, w.size);
		got = turn(&w, &watcher);
	}
	assert_int_equal(got, RELAY_BAD);
	drain(&w, 1);
	assert_int_equal(w.read, 0);
	end(&w);
}

/* What was there when the sender went away still leaves. */
static void a_lost_sender_is_told_after_its_bytes(void **state)
{
	struct wire w;
	enum relay_result got = RELAY_WAIT;

	(void)state;
	for (uint32_t size = 1000; size <= BIG; size += BIG - 1000) {
		got = RELAY_WAIT;
		begin(&w, size, 4);
		feed(&w, size / 2, size);
		close(w.source);
		w.source = -1;
		for (int i = 0; in_time(&i) && got == RELAY_WAIT;) {
			got = turn(&w, NULL);
			drain(&w, BIG);
		}
		assert_int_equal(got, RELAY_FROM_LOST);
		for (int i = 0; in_time(&i) && w.read < w.written;)
			drain(&w, BIG);
		assert_int_equal(w.read, w.written);
		assert_memory_equal(w.got, w.sent, w.written);
		end(&w);
	}
}

static void a_lost_receiver_is_told(void **state)
{
	struct wire w;
	enum relay_result got = RELAY_WAIT;

	(void)state;
	begin(&w, BIG, 4);
	close(w.sink);
	w.sink = -1;
	for (int i = 0; in_time(&i) && got == RELAY_WAIT;) {
		feed(&w, BIG, w.size);
		got = turn(&w, NULL);
	}
	assert_int_equal(got, RELAY_TO_LOST);
	end(&w); /* a pipe with bytes in it is not used again: the pool is empty */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_whole_in_any_chunks),
		cmocka_unit_test(large_runs_are_spliced_or_copied),
		cmocka_unit_test(the_slow_side_sets_the_pace),
		cmocka_unit_test(a_slow_reader_gets_it_all),
		cmocka_unit_test(a_watcher_sees_all_but_what_it_needs_not),
		cmocka_unit_test(a_watcher_can_refuse),
		cmocka_unit_test(a_lost_sender_is_told_after_its_bytes),
		cmocka_unit_test(a_lost_receiver_is_told),
	};

	signal(SIGPIPE, SIG_IGN); /* splice has no MSG_NOSIGNAL; the program does so too */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
