#include "util/log.h"

#include "util/logline.h"
#include "util/logsink.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINES_A_SECOND = 10, WARNINGS_KEPT = 50, FLUSH_MS = 1000 };

_Static_assert((int)LOGLINE_JSON_MAX < (int)LOGSINK_LINE_MAX, "a line and its end fit the sink");
_Static_assert((int)LOGLINE_MAX < (int)LOGLINE_JSON_MAX, "and so does text");

static atomic_int least_level = LOG_INFO;
static bool is_json; /* before threads start */
static const char *const names[] = { "debug", "info", "warn", "error" };
static const int priorities[] = { 7, 6, 4, 3 }; /* what syslog calls them */

/* A ring of the last lines that warn. */
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static char kept[WARNINGS_KEPT][LOGLINE_MAX];
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

void log_set_format(enum log_format format)
{
	is_json = format == LOG_JSON;
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

static void begin_line(struct logline *l, const struct timespec *now, enum log_level level)
{
	char time[32];
	struct tm utc;

	gmtime_r(&now->tv_sec, &utc);
	(void)strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
	logline_init(l);
	logline_add(l, "time=%s.%03ldZ level=%s ", time, now->tv_nsec / 1000000, names[level]);
}

/* As it is written, with its end; returns its length. */
static size_t make_line(const struct logline *l, enum log_level level, char *line)
{
	size_t n = logline_text(l, line);

	if (level >= LOG_WARN)
		keep(line, n);
	if (is_json)
		n = logline_json(l, line);
	line[n++] = '\n';
	return n;
}

/* who: of whose lines some may have been left out. */
static void end_line(struct logline *l, const struct timespec *now, enum logsink_kind kind,
		     enum log_level level, const char *who)
{
	char line[LOGSINK_LINE_MAX];
	size_t n = make_line(l, level, line);
	unsigned left_out = logsink_write(kind, priorities[level], line, n);

	if (left_out == 0)
		return;
	begin_line(l, now, LOG_WARN);
	logline_add(l, "who=%s event=left_out lines=%u reason=\"nobody took them\"", who, left_out);
	n = make_line(l, LOG_WARN, line);
	logsink_tell(kind, priorities[LOG_WARN], line, n, left_out);
}

void log_write(struct log_site *site, enum log_level level, const char *fmt, ...)
{
	struct logline line;
	struct timespec now;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!site_allows(site, (long)now.tv_sec))
		return;
	begin_line(&line, &now, level);
	va_start(args, fmt);
	logline_vadd(&line, fmt, args);
	va_end(args);
	logline_close(&line);
	if (site->left_out > 0)
		logline_add(&line, " left_out=%u", site->left_out);
	site->left_out = 0;
	end_line(&line, &now, LOGSINK_LINE, level, "log");
}

/* A record of the audit log, which has room of its own. */
void log_always(const char *fmt, ...)
{
	struct logline line;
	struct timespec now;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	begin_line(&line, &now, LOG_INFO);
	va_start(args, fmt);
	logline_vadd(&line, fmt, args);
	va_end(args);
	logline_close(&line);
	end_line(&line, &now, LOGSINK_RECORD, LOG_INFO, "audit");
}

void log_flush(void)
{
	logsink_flush(FLUSH_MS);
}
