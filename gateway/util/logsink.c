#include "util/logsink.h"

#include "util/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

static enum logsink sink;
static bool to_journal;

/* In front of each line that is kept. */
struct kept {
	uint16_t n;
	uint8_t priority;
};

/* The lines that wait: records of `used` bytes from `first` on, around the end. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t has_more, is_empty;
	bool is_on;	 /* lines are kept for the thread that writes */
	bool is_writing; /* a line that the thread has taken out */
	uint8_t bytes[LOGSINK_BYTES];
	size_t first, used;
	unsigned left_out[LOGSINK_RECORD + 1]; /* of each kind; not told of yet */
	uint64_t records, records_left_out;
} waiting = { .lock = PTHREAD_MUTEX_INITIALIZER,
	      .has_more = PTHREAD_COND_INITIALIZER,
	      .is_empty = PTHREAD_COND_INITIALIZER };

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void logsink_open(enum logsink where, const char *program)
{
	sink = where;
	to_journal = stderr_is_journal();
	if (where == LOGSINK_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void logsink_keep(void)
{
	pthread_mutex_lock(&waiting.lock);
	waiting.is_on = true;
	pthread_mutex_unlock(&waiting.lock);
}

static void write_now(int priority, const char *line, size_t n)
{
	char prefix[3] = { '<', (char)('0' + priority), '>' };
	struct iovec parts[2] = { { prefix, to_journal ? sizeof prefix : 0 }, { (void *)line, n } };

	if (sink == LOGSINK_SYSLOG)
		syslog(priority, "%.*s", (int)n - 1, line);
	else if (writev(STDERR_FILENO, parts, 2) < 0)
		return; /* nobody is there to be told */
}

/* --- the lines that wait; under the lock --- */

static void put(const void *bytes, size_t n)
{
	size_t at = (waiting.first + waiting.used) % LOGSINK_BYTES;
	size_t to_end = LOGSINK_BYTES - at < n ? LOGSINK_BYTES - at : n;

	memcpy(waiting.bytes + at, bytes, to_end);
	memcpy(waiting.bytes, (const uint8_t *)bytes + to_end, n - to_end);
	waiting.used += n;
}

static void take(void *bytes, size_t n)
{
	size_t to_end = LOGSINK_BYTES - waiting.first < n ? LOGSINK_BYTES - waiting.first : n;

	memcpy(bytes, waiting.bytes + waiting.first, to_end);
	memcpy((uint8_t *)bytes + to_end, waiting.bytes, n - to_end);
	waiting.first = (waiting.first + n) % LOGSINK_BYTES;
	waiting.used -= n;
}

static size_t room_of(enum logsink_kind kind)
{
	return kind == LOGSINK_RECORD ? LOGSINK_BYTES : LOGSINK_BYTES - LOGSINK_RECORDS;
}

/* False: there is no room. */
static bool keep(enum logsink_kind kind, int priority, const char *line, size_t n)
{
	const struct kept kept = { (uint16_t)n, (uint8_t)priority };

	if (waiting.used + sizeof kept + n > room_of(kind))
		return false;
	put(&kept, sizeof kept);
	put(line, n);
	pthread_cond_signal(&waiting.has_more);
	return true;
}

static unsigned keep_counted(enum logsink_kind kind, int priority, const char *line, size_t n)
{
	unsigned left_out = waiting.left_out[kind];

	if (!keep(kind, priority, line, n)) {
		waiting.left_out[kind]++;
		waiting.records_left_out += kind == LOGSINK_RECORD;
		return 0;
	}
	waiting.records += kind == LOGSINK_RECORD;
	waiting.left_out[kind] = 0;
	return left_out;
}

/* --- the thread --- */

static struct kept wait_for_line(char *line)
{
	struct kept kept;

	while (waiting.used == 0) {
		pthread_cond_broadcast(&waiting.is_empty);
		pthread_cond_wait(&waiting.has_more, &waiting.lock);
	}
	take(&kept, sizeof kept);
	take(line, kept.n);
	return kept;
}

void *logsink_write_all(void *nothing)
{
	char line[LOGSINK_LINE_MAX];

	(void)nothing;
	pthread_mutex_lock(&waiting.lock);
	for (;;) {
		struct kept kept = wait_for_line(line);

		waiting.is_writing = true;
		pthread_mutex_unlock(&waiting.lock);
		write_now(kept.priority, line, kept.n);
		pthread_mutex_lock(&waiting.lock);
		waiting.is_writing = false;
	}
	return NULL;
}

/* --- who logs --- */

unsigned logsink_write(enum logsink_kind kind, int priority, const char *line, size_t n)
{
	unsigned left_out = 0;
	bool is_kept;

	pthread_mutex_lock(&waiting.lock);
	is_kept = waiting.is_on;
	if (is_kept)
		left_out = keep_counted(kind, priority, line, n);
	else
		waiting.records += kind == LOGSINK_RECORD;
	pthread_mutex_unlock(&waiting.lock);
	if (!is_kept)
		write_now(priority, line, n);
	return left_out;
}

void logsink_tell(enum logsink_kind kind, int priority, const char *line, size_t n,
		  unsigned left_out)
{
	bool is_kept;

	pthread_mutex_lock(&waiting.lock);
	is_kept = waiting.is_on;
	if (is_kept && !keep(kind, priority, line, n))
		waiting.left_out[kind] += left_out;
	pthread_mutex_unlock(&waiting.lock);
	if (!is_kept)
		write_now(priority, line, n);
}

void logsink_records(uint64_t *taken, uint64_t *left_out)
{
	pthread_mutex_lock(&waiting.lock);
	*taken = waiting.records;
	*left_out = waiting.records_left_out;
	pthread_mutex_unlock(&waiting.lock);
}

void logsink_flush(int ms)
{
	struct timespec until = clock_after(ms);

	pthread_mutex_lock(&waiting.lock);
	while (waiting.is_on && (waiting.used > 0 || waiting.is_writing) &&
	       pthread_cond_clockwait(&waiting.is_empty, &waiting.lock, CLOCK_MONOTONIC, &until) ==
		       0)
		;
	pthread_mutex_unlock(&waiting.lock);
}
