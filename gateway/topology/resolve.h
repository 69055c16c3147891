/* resolve.h - host names to addresses, kept for as long as they are asked for.
 *
 * The system's resolver may block for as long as it likes: it is asked on a thread of its own,
 * one name after the other, and what it says comes back by mailbox to the loop that everything
 * here is called on.  What a name had last is told at once, however old it is, and stays when a
 * look-up fails: a name server that is gone takes no broker away.  Numeric addresses are no names.
 * Tests: tests/unit/topology/resolve_test.c
 */
#ifndef TOPOLOGY_RESOLVE_H
#define TOPOLOGY_RESOLVE_H

#include "util/compiler.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	RESOLVE_ADDRESSES = 8,	    /* of one name, at most */
	RESOLVE_KEEP_MS = 30000,    /* an answer is looked up again when it is so old, */
	RESOLVE_RETRY_MS = 5000,    /* a failure when it is so old; */
	RESOLVE_FORGET_MS = 600000, /* what nobody has asked for in so long is forgotten */
};

struct endpoint {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* What is known of a name now. */
struct resolved {
	struct endpoint addresses[RESOLVE_ADDRESSES];
	size_t count;
	bool is_pending; /* a look-up is under way; on_resolved follows */
};

struct resolver;

/* on_resolved: a look-up of this name has ended, either way; ask again. */
struct resolver *resolver_new(struct ev_loop *loop,
			      void (*on_resolved)(void *owner, const char *host), void *owner);
/* Waits for nobody: a look-up that is under way ends unheard. */
void resolver_free(struct resolver *r);
/* Begins a look-up where one is due. */
void resolve(struct resolver *r, const char *host, int port, struct resolved *out);
/* How many of the names were not resolved when they were last looked up. */
size_t resolver_failing(const struct resolver *r);

#endif
