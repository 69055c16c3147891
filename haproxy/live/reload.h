/* reload.h - has a load balancer's master start a new worker, and sees whether it did.
 *
 * Up to 2.6 `reload` answers nothing and the master is not there for a moment; so its
 * `show proc` is watched: a reload that failed leaves the old worker, which goes on.
 * Tests: tests/integration/haproxy/apply.py
 */
#ifndef LIVE_RELOAD_H
#define LIVE_RELOAD_H

#include "live/balancer.h"

enum reload_outcome {
	RELOAD_DONE,
	RELOAD_FAILED, /* the old worker serves on, with what it was started with */
	RELOAD_UNKNOWN /* nothing was seen in time, or the master is gone */
};

struct reloaded {
	int64_t before, after; /* pids of the worker that listens; -1: none, or not known */
};

/* Reloads and waits up to patience_ms. */
MUST_CHECK enum reload_outcome reload_worker(const struct balancers *all, const struct balancer *b,
					     int patience_ms, struct reloaded *reloaded,
					     char why[RUNTIME_WHY_MAX]);

/* Until every peers section has finished its first exchange: a reload before that loses the
 * tables.  True at once when there is no peers section. */
MUST_CHECK bool reload_wait_for_peers(const struct balancers *all, const struct balancer *b,
				      int patience_ms, char why[RUNTIME_WHY_MAX]);

#endif
