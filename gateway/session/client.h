/* client.h - one client connection, from its accept to its close.
 *
 * A client's requests are read, routed and sent, and their answers given back in the order in
 * which they were asked.  A client lives on its worker's loop.  Tests: tests/integration/
 */
#ifndef SESSION_CLIENT_H
#define SESSION_CLIENT_H

#include "session/worker.h"

/* Takes the socket and one admission_enter.  `port` says by which of the node's ports the client came. */
void client_new(struct worker *w, int fd, const struct sockaddr_storage *peer, int port);
/* Takes no further requests; the client closes when what it asked has been answered, at once when
 * only long polls are open. */
void client_drain(struct client *c);
/* stay.c: up to `count` of the worker's clients are to go when they are between requests, if
 * they may and are so within a second: the oldest of those that came by the turn's port. */
void stay_choose(struct worker *w, unsigned count, unsigned turn);
/* stay.c: see worker_at_home. */
int stay_at_home(struct worker *w);
/* As a worker's ready list has it stepped. */
void client_on_ready(struct ready *r);
/* The configuration has changed. */
void client_reconfigure(struct client *c);
/* Closes now, with a reason for the log. */
void client_free(struct client *c, const char *why);
struct client *client_next(const struct client *c); /* in the worker's list */

#endif
