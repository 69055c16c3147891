#include "util/log.h"

#include "util/logsink.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINES_A_SECOND = 10, LINE_MAX_BYTES = 1024, WARNINGS_KEPT = 50, FLUSH_MS = 1000 };

_Static_assert((int)LINE_MAX_BYTES <= (int)LOGSINK_LINE_MAX, "a line fits the sink");

static atomic_int least_level = LOG_INFO;
static const char *const names[] = { "debug", "info", "warn", "error" };
static const int priorities[] = { 7, 6, 4, 3 }; /* what syslog calls them */

/* A ring of the last lines that warn. */
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static char kept[WARNINGS_KEPT][LINE_MAX_BYTES];
static unsigned kept_count;

static void keep(const char *line, size_t n)
{
	pthread_mutex_lock(&kept_lock);
	memcpy(kept[kept_count % WARNINGS_KEPT], line, n);
	kept[kept_count++ % WARNINGS_KEPT][n] = '\0';
	pthread_mutex_unlock(&kept_lock);
}

void log_warnings(void (*each)(void *ctx, const char *line), void *ctx)
{
	pthread_mutex_lock(&kept_lock);
	for (unsigned i = kept_count > WARNINGS_KEPT ? kept_count - WARNINGS_KEPT : 0;
	     i < kept_count; i++)
		each(ctx, kept[i % WARNINGS_KEPT]);
	pthread_mutex_unlock(&kept_lock);
}

void log_set_level(enum log_level least)
{
	atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

int log_is_on(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

int log_level_parse(const char *word, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(word, names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

/* Whether this line may be written; counts it. */
static int site_allows(struct log_site *site, long second)
{
	if (site->second != second) {
		site->second = second;
		site->lines = 0;
	}
	if (site->lines >= LINES_A_SECOND) {
		site->left_out++;
		return 0;
	}
	site->lines++;
	return 1;
}

/* A line's begin: how long it is. */
static size_t begin_line(char line[LINE_MAX_BYTES], const struct timespec *now,
			 enum log_level level)
{
	struct tm utc;
	size_t n;

	gmtime_r(&now->tv_sec, &utc);
	n = strftime(line, LINE_MAX_BYTES, "time=%Y-%m-%dT%H:%M:%S", &utc);
	return n + (size_t)snprintf(line + n, LINE_MAX_BYTES - n, ".%03ldZ level=%s ",
				    now->tv_nsec / 1000000, names[level]);
}

/* Takes the line without its end, which has room. */
static void end_line(char *line, size_t n, const struct timespec *now, enum log_level level)
{
	unsigned left_out;

	if (level >= LOG_WARN)
		keep(line, n);
	line[n++] = '\n';
	left_out = logsink_write(priorities[level], line, n);
	if (left_out == 0)
		return;
	n = begin_line(line, now, LOG_WARN);
	n += (size_t)snprintf(line + n, LINE_MAX_BYTES - n,
			      "who=log event=left_out lines=%u reason=\"nobody took them\"",
			      left_out);
	end_line(line, n, now, LOG_WARN);
}

void log_write(struct log_site *site, enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	struct timespec now;
	size_t n;
	int more;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!site_allows(site, (long)now.tv_sec))
		return;
	n = begin_line(line, &now, level);
	va_start(args, fmt);
	more = vsnprintf(line + n, sizeof line - n - 32, fmt, args);
	va_end(args);
	if (more > 0)
		n += (size_t)more < sizeof line - n - 32 ? (size_t)more : sizeof line - n - 33;
	if (site->left_out > 0) {
		n += (size_t)snprintf(line + n, sizeof line - n, " left_out=%u", site->left_out);
		site->left_out = 0;
	}
	end_line(line, n, &now, level);
}

void log_flush(void)
{
	logsink_flush(FLUSH_MS);
}
