/* arrival.h - a connection from its accept until it is known who came, and for what.
 *
 * There is no client yet.  A PROXY header is looked at without being taken, and exactly its bytes
 * are taken, so that whatever stands behind it, a frame or a TLS hello, is the connection's own;
 * then the layer opens, and the client is born with what is known as `came`.
 * Tests: tests/unit/session/arrival_test.c, tests/integration/data/proxy_protocol.py
 */
#ifndef SESSION_ARRIVAL_H
#define SESSION_ARRIVAL_H

#include <sys/socket.h>

struct entrance;
struct worker;

/* Takes an accepted socket and an admission_enter; the port is counted from the entrance's first. */
void arrival_new(const struct entrance *e, int fd, const struct sockaddr_storage *peer, int port);
/* Closes those of the worker that have not become clients. */
void arrivals_free(struct worker *w, const char *why);

#endif
