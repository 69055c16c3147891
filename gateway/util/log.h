/* log.h - one line an event, logfmt or JSON (logline.h), to where logsink.h says.
 *
 *   time=2026-11-23T10:00:00.123Z level=info who=main event=started port=6969
 *
 * Who comes first, then what.  A line that repeats is written at most ten times
 * a second (each call site for itself; a later line says how many were left
 * out).  Safe from any thread; who logs never waits (logsink.h).  Never called from util/ or kafka/; never given
 * a secret.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include "util/compiler.h"

enum log_format { LOG_TEXT, LOG_JSON }; /* in the order of the words in options.c */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_site; /* the rate limit of one call site */
struct log_site {
	long second;
	unsigned lines;
	unsigned left_out;
};

void log_set_level(enum log_level least);
void log_set_format(enum log_format format); /* before threads start; without it, text */
/* 0 and the level, or -1 when the word is none of debug, info, warn, error. */
int log_level_parse(const char *word, enum log_level *level);
void log_write(struct log_site *site, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A line of level info, whatever is logged and however often: for who keeps a record. */
void log_always(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The process is about to end: waits a second at most until what was written has left. */
void log_flush(void);
/* The last lines that warn, the oldest first, as text without their ends. */
void log_warnings(void (*each)(void *ctx, const char *line), void *ctx);
/* Whether such a line would be written at all: to save making its values. */
int log_is_on(enum log_level level);

#define LOG_AT(level, ...)                                         \
	do {                                                       \
		static _Thread_local struct log_site log_site_;    \
		if (log_is_on(level))                              \
			log_write(&log_site_, level, __VA_ARGS__); \
	} while (0)
#define log_debug(...) LOG_AT(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_INFO, __VA_ARGS__)
#define log_warn(...) LOG_AT(LOG_WARN, __VA_ARGS__)
#define log_error(...) LOG_AT(LOG_ERROR, __VA_ARGS__)

#endif
