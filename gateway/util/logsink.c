#include "util/logsink.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

static enum logsink sink;
static bool to_journal;

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

void logsink_write(int priority, const char *line, size_t n)
{
	char prefix[3] = { '<', (char)('0' + priority), '>' };
	struct iovec parts[2] = { { prefix, to_journal ? sizeof prefix : 0 }, { (void *)line, n } };

	if (sink == LOGSINK_SYSLOG)
		syslog(priority, "%.*s", (int)n - 1, line);
	else if (writev(STDERR_FILENO, parts, 2) < 0)
		return; /* nobody is there to be told */
}
