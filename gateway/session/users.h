/* users.h - what the workers' tables of names have, asked from any thread.
 *
 * Each worker tells its own on its own thread; the caller waits, two seconds at most.
 * Tests: tests/unit/session/uses_test.c, tests/integration/operate/who_uses.py
 */
#ifndef SESSION_USERS_H
#define SESSION_USERS_H

#include "loop/usage.h"
#include "session/worker.h"
#include "util/compiler.h"

/* False: a worker does not answer; *out is empty then.  Free with usage_told_free. */
MUST_CHECK bool users_list(struct worker *const *workers, int count,
			   const struct usage_wanted *wanted, struct usage_told *out);

#endif
