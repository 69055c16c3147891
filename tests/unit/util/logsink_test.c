/* Who logs does not wait for who reads: what has no room is left out, and that is told. */
#include "util/logsink.h"

#include "util/compiler.h"
#include "util/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES = 8000, LINE = 100, LIMIT_MS = 20000, PIPE_BYTES = 4096 };

static int reader, own_stderr;

/* Standard error is a pipe of the smallest size that nobody reads. */
static void block_stderr(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) > 0);
	fflush(stderr);
	own_stderr = dup(STDERR_FILENO);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	reader = ends[0];
	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
}

static void restore_stderr(void)
{
	assert_true(dup2(own_stderr, STDERR_FILENO) >= 0);
	close(own_stderr);
	close(reader);
}

static unsigned say(int number)
{
	char line[LINE + 1];

	snprintf(line, sizeof line, "%0*d\n", LINE - 1, number);
	return logsink_write(LOGSINK_LINE, 6, line, LINE);
}

static long number_of(const char *line)
{
	return strtol(line, NULL, 10);
}

/* Reads until n bytes are there. */
static void read_bytes(char *to, size_t n)
{
	const char *patience = getenv("TEST_PATIENCE");
	const int limit = LIMIT_MS * (patience != NULL ? (int)strtol(patience, NULL, 10) : 1);
	size_t have = 0;

	while (have < n) {
		struct pollfd wait = { .fd = reader, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&wait, 1, limit), 1);
		got = read(reader, to + have, n - have);
		assert_true(got > 0);
		have += (size_t)got;
	}
}

static void start(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, logsink_write_all, NULL), 0);
	pthread_detach(thread);
	logsink_keep();
}

static long read_number(void)
{
	char line[LINE];

	read_bytes(line, LINE);
	return number_of(line);
}

/* All that was kept comes, in its order; what was not is as much as is told.  The thread writes when
 * it likes: how much that is nobody knows. */
static void what_has_no_room_is_left_out_and_told(void **state)
{
	unsigned said = 0, left_out = 0, came = 0;
	long last = -1, n;

	(void)state;
	for (; said < LINES; said++)
		left_out += say((int)said);
	do { /* until one is kept behind them all */
		left_out += say(LINES);
		said++;
		n = read_number();
		assert_true(n > last || n == LINES);
		last = n;
		came++;
	} while (n != LINES);
	left_out += say(LINES + 1);
	while (read_number() == LINES)
		came++;
	assert_true(left_out >= LINES - (LOGSINK_BYTES + 65536) / LINE);
	assert_int_equal(came + left_out, said);
}

/* The thread has written what the pipe takes, and stands still. */
static void wait_until_full(void)
{
	int n = 0;

	while (n <= PIPE_BYTES - LINE)
		assert_int_equal(ioctl(reader, FIONREAD, &n), 0);
}

/* Lines of all else fill what is theirs, and no more. */
static void records_have_room_of_their_own(void **state)
{
	static char got[LINES * LINE];
	char record[LINE + 1];
	uint64_t taken, left_out, taken_before, left_out_before;
	size_t n = 0;

	(void)state;
	logsink_records(&taken_before, &left_out_before);
	for (int i = 0; i < LINES; i++)
		(void)say(i);
	wait_until_full();
	for (int i = 0; i < LINES; i++) {
		snprintf(record, sizeof record, "record%0*d\n", LINE - 7, i);
		(void)logsink_write(LOGSINK_RECORD, 6, record, LINE);
	}
	logsink_records(&taken, &left_out);
	taken -= taken_before;
	left_out -= left_out_before;
	assert_int_equal(taken + left_out, LINES);
	assert_true(taken >= LOGSINK_RECORDS / (LINE + 4) - 1);
	assert_true(left_out > 0); /* they have an end too */
	snprintf(record, sizeof record, "record%0*d\n", LINE - 7, (int)taken - 1);
	do { /* in their order, behind the others; the pipe lets go when it is read */
		read_bytes(got + n, LINE);
		n += LINE;
	} while (memcmp(got + n - LINE, record, LINE) != 0);
	for (uint64_t i = 0; i < taken; i++) {
		snprintf(record, sizeof record, "record%0*d\n", LINE - 7, (int)i);
		assert_memory_equal(got + n - (taken - i) * LINE, record, LINE);
	}
	assert_int_equal(logsink_write(LOGSINK_RECORD, 6, record, LINE), left_out);
	assert_int_equal(logsink_write(LOGSINK_RECORD, 6, record, LINE), 0);
	read_bytes(got, 2 * (size_t)LINE);
	assert_true(say(0) > 0); /* the others are told of by their own */
	read_bytes(got, LINE);
}

static void a_flush_waits_for_so_long_and_no_longer(void **state)
{
	static char got[LINES * LINE];

	(void)state;
	for (int i = 0; i < 60; i++) /* more than the pipe takes */
		(void)say(i);
	logsink_flush(20); /* returns, though nobody reads */
	for (int i = 0; i < 60; i++) {
		read_bytes(got, LINE);
		assert_int_equal(number_of(got), i);
	}
	logsink_flush(LIMIT_MS);
}

static void read_more(char *to, size_t size, size_t *n)
{
	struct pollfd wait = { .fd = reader, .events = POLLIN };
	ssize_t more;

	poll(&wait, 1, 10);
	more = read(reader, to + *n, size - 1 - *n);
	*n += more > 0 ? (size_t)more : 0;
	assert_true(*n < size - 1);
}

static void the_log_tells_of_what_was_left_out(void **state)
{
	static char got[2 * LOGSINK_BYTES + 65536];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < LINES; i++)
		(void)say(i);
	while (strstr(got, "event=left_out lines=") == NULL) {
		read_more(got, sizeof got, &n);
		log_info("who=test event=again");
	}
}

/* --- what tells of them --- */

/* Records until there is no room; returns how many were left out and not told of. */
static uint64_t fill_with_records(void)
{
	uint64_t taken, before, now, told = 0;
	char line[LINE + 1];

	snprintf(line, sizeof line, "record%0*d\n", LINE - 7, 0);
	logsink_records(&taken, &before);
	for (now = before; now - before < 10; logsink_records(&taken, &now))
		told += logsink_write(LOGSINK_RECORD, 6, line, LINE);
	return now - before - told;
}

/* The numbers that the notices say, together; *rest: the other lines. */
static uint64_t told_in(const char *text, uint64_t *rest)
{
	static const char word[] = "event=left_out lines=";
	uint64_t told = 0;

	*rest = 0;
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		const char *notice = strstr(text, word);

		if (notice != NULL && notice < end)
			told += strtoull(notice + strlen(word), NULL, 10);
		else
			++*rest;
	}
	return told;
}

/* One that had no room itself is made good by the next. */
static void a_notice_is_no_record(void **state)
{
	static char got[2 * LOGSINK_BYTES + 65536];
	static const char notice[1000];
	uint64_t taken, left_out, taken_before, left_out_before, pending, rest;
	size_t n = 0;

	(void)state;
	logsink_records(&taken_before, &left_out);
	pending = fill_with_records();
	wait_until_full();
	pending += fill_with_records() + 1000;
	logsink_records(&taken, &left_out_before);
	logsink_tell(LOGSINK_RECORD, 4, notice, sizeof notice, 1000);
	logsink_records(&taken, &left_out);
	assert_int_equal(left_out, left_out_before);
	do {
		read_more(got, sizeof got, &n);
		log_always("who=test event=again");
	} while (told_in(got, &rest) == 0);
	logsink_records(&taken, &left_out);
	pending += left_out - left_out_before;
	while (told_in(got, &rest) < pending || rest < taken - taken_before)
		read_bytes(got + n++, 1);
	assert_int_equal(told_in(got, &rest), pending);
	assert_int_equal(rest, taken - taken_before);
}

static int setup(void **state)
{
	(void)state;
	start();
	block_stderr();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	restore_stderr();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_room_is_left_out_and_told),
		cmocka_unit_test(records_have_room_of_their_own),
		cmocka_unit_test(a_notice_is_no_record),
		cmocka_unit_test(a_flush_waits_for_so_long_and_no_longer),
		cmocka_unit_test(the_log_tells_of_what_was_left_out),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
