/* file_lock.h - one process at a time changes a file that renames replace.
 *
 * The lock is on FILE.lock, since the file itself is another one after each rename; a symbolic
 * link and what it leads to have one lock.  It goes with the process, whatever ends that, and
 * FILE.lock goes with the lock, but for a process that was killed: then the next one takes it.
 * Tests: tests/integration/haproxy/apply.py
 */
#ifndef LIVE_FILE_LOCK_H
#define LIVE_FILE_LOCK_H

#include "live/runtime.h"

struct file_lock {
	char *path;
	int fd;
};

/* Doesn't wait.  False and why: another process has it, or FILE.lock can't be written. */
MUST_CHECK bool file_lock_take(struct file_lock *lock, const char *file, char why[RUNTIME_WHY_MAX]);
void file_lock_release(struct file_lock *lock);

#endif
