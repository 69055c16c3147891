/* arrival.h - a connection from its accept until it is known who came, and for what.
 *
 * There is no client yet.  A PROXY header is looked at without being taken, and exactly its bytes
 * are taken, so that whatever stands behind it, a frame or a TLS hello, is the connection's own;
 * then the layer opens, and the client is born with what is known as `came`.
 * Tests: tests/unit/session/arrival_test.c, tests/integration/data/proxy_protocol.py
 */
#ifndef SESSION_ARRIVAL_H
#define SESSION_ARRIVAL_H

#include "net/address.h"

#include <stdint.h>

struct worker;

struct came {
	union address peer; /* the client's own, from PROXY when there is one */
	int port; /* which of the node's ports it came by or, as PROXY says, asked for, from 0 on */
	int32_t broker; /* that port's, in `ports` mode; NO_BROKER: no broker is meant */
};

/* Takes an accepted socket and an admission_enter. */
void arrival_new(struct worker *w, int fd, const struct sockaddr_storage *peer, int port);
/* Closes those of the worker that have not become clients. */
void arrivals_free(struct worker *w, const char *why);

#endif
