/* logsink.h - where the lines of the log go: standard error or syslog.
 *
 * When standard error is systemd's journal (the variable JOURNAL_STREAM names
 * that very file), each line begins with its priority as <N>, which the journal
 * takes off again: see sd-daemon(3).  Safe from any thread once it is opened.
 * Tests: tests/integration/operate/log_target.py
 */
#ifndef UTIL_LOGSINK_H
#define UTIL_LOGSINK_H

#include <stddef.h>

enum logsink { LOGSINK_STDERR, LOGSINK_SYSLOG }; /* in the order of the words in options.c */

/* Before threads start; without it, standard error.  Syslog's identity is
 * `program` (kept), its facility daemon. */
void logsink_open(enum logsink where, const char *program);
/* One line of n bytes, the last one '\n'.  `priority`: syslog's, 3 for errors to
 * 7 for debug. */
void logsink_write(int priority, const char *line, size_t n);

#endif
