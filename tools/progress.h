/* progress.h - how far something that takes a while has come, on standard error.
 *
 * On a terminal a bar that is drawn again in its place; else a line, when something has
 * changed, at most one a second.  Tests: tests/integration/haproxy/drain.py
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* "n1"; borrowed */
	bool is_terminal, is_drawn;
	size_t done;
	int64_t shown_ms; /* 0: nothing was shown yet */
};

void progress_init(struct progress *p, const char *what);
/* `note` is what is worth to be said beside the numbers. */
void progress_show(struct progress *p, size_t done, size_t all, const char *note);
/* Before anything else is printed. */
void progress_end(struct progress *p);

#endif
