/* resolve.h - host names to addresses, remembered for a while.
 *
 * Blocks while the system's resolver does: for the topology's own thread.
 * Numeric addresses never ask it.
 * Tests: tests/unit/topology/publisher_test.c
 */
#ifndef TOPOLOGY_RESOLVE_H
#define TOPOLOGY_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	RESOLVE_ADDRESSES = 8,	 /* of one name, at most */
	RESOLVE_KEEP_MS = 30000, /* an answer is good for so long, */
	RESOLVE_RETRY_MS = 5000, /* a failure for so long */
};

/* One address of a name. */
struct resolved {
	struct sockaddr_storage storage;
	socklen_t len;
};

struct resolver;

struct resolver *resolver_new(void);
void resolver_free(struct resolver *r);
/* How many addresses the name has, 0: it can't be resolved now.  now_ms is of
 * any clock that does not go back. */
size_t resolve(struct resolver *r, const char *host, int port, int64_t now_ms,
	       struct resolved out[RESOLVE_ADDRESSES]);

#endif
