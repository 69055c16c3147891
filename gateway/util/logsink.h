/* logsink.h - where the lines of the log go: standard error or syslog.
 *
 * Who logs never waits for who reads: a node has a thread of its own that writes, and a line is
 * kept in memory (LOGSINK_BYTES) until that thread has written it, and left out when there is no
 * room: a terminal that stands still, a pipe that nobody reads, a journal or a disk that hangs stop
 * the log and nothing else.  A part of that memory (LOGSINK_RECORDS) is left to records, so that
 * however much else there is to say drowns none of them; both are counted for themselves.
 *
 * When standard error is systemd's journal (the variable JOURNAL_STREAM names
 * that very file), each line begins with its priority as <N>, which the journal
 * takes off again: see sd-daemon(3).  Safe from any thread once it is opened.
 * Tests: tests/unit/util/logsink_test.c, tests/integration/operate/log_target.py,
 * tests/integration/operate/log_blocked.py
 */
#ifndef UTIL_LOGSINK_H
#define UTIL_LOGSINK_H

#include <stddef.h>
#include <stdint.h>

enum { LOGSINK_BYTES = 256 * 1024, LOGSINK_RECORDS = 64 * 1024, LOGSINK_LINE_MAX = 2048 };

enum logsink_kind { LOGSINK_LINE, LOGSINK_RECORD };

enum logsink { LOGSINK_STDERR, LOGSINK_SYSLOG }; /* in the order of the words in options.c */

/* Before threads start; without it, standard error.  Syslog's identity is
 * `program` (kept), its facility daemon. */
void logsink_open(enum logsink where, const char *program);
/* Never returns: the thread's function. */
void *logsink_write_all(void *nothing);
/* The thread has been started: from now on lines are kept for it.  Before, who logs writes. */
void logsink_keep(void);
/* One line of n bytes (LOGSINK_LINE_MAX at most), the last one '\n'.  `priority`: syslog's, 3 for
 * errors to 7 for debug.  Returns how many lines of its kind have been left out before this one, and
 * not been told of; 0 when this one is left out itself. */
unsigned logsink_write(enum logsink_kind kind, int priority, const char *line, size_t n);
/* A line that tells of so many of the kind that were left out; where those have their room, but it counts as none of them.
 * Where there is none, the next line of the kind tells of as many more. */
void logsink_tell(enum logsink_kind kind, int priority, const char *line, size_t n,
		  unsigned left_out);
/* Records that were taken so far, and left out. */
void logsink_records(uint64_t *taken, uint64_t *left_out);
/* Waits until all lines have left, for so long at most: the process is about to end. */
void logsink_flush(int ms);

#endif
