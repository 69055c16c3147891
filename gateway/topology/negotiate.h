/* negotiate.h - asks a broker which versions it speaks.
 *
 * ApiVersions 4 first (3 and lower leave out features that begin at 0), then
 * what the broker made of error 35 says: 3, then 0.  A plain value inside of
 * its owner, which owns the call too.
 * Tests: tests/unit/topology/learning_test.c
 */
#ifndef TOPOLOGY_NEGOTIATE_H
#define TOPOLOGY_NEGOTIATE_H

#include "topology/versions.h"
#include "upstream/call.h"

struct negotiate {
	struct call *call;
	int version; /* asked for last */
	int timeout_ms;
	/* The owner takes *v.  NULL: the broker can't be talked to; the call still stands.
	 * Nothing is said when the call ends: its on_closed is. */
	void (*on_done)(void *owner, struct broker_versions *v);
	void *owner;
};

void negotiate_start(struct negotiate *n, struct call *call, int timeout_ms,
		     void (*on_done)(void *owner, struct broker_versions *v), void *owner);
/* Asks once more, in the version that was good. */
void negotiate_again(struct negotiate *n);

#endif
