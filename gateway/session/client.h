/* client.h - one client connection, from when it is known who came to its close.
 *
 * It reads requests, has them routed, sends them, and gives back the answers in the order in
 * which they were asked.  Lives on its worker's loop.  Whoever finds something for a client (a
 * socket, a timer, a letter) wakes it and returns; the worker's ready list steps it before the
 * loop sleeps.  Nobody frees a client while it is stepped: client_fail says why it must end, and
 * the step ends it.
 *
 *   SERVED --drain--> LAST_LOOK --> DRAINING ---all answered, but what waits---> CLOSING
 *      `----bad frame, end of input----> ENDING ------------all answered----------^  |
 *                                                       acks=0 data on its way  <----'
 *                                                             LINGERING
 *
 * Tests: tests/unit/session/client_test.c, tests/integration/data/
 */
#ifndef SESSION_CLIENT_H
#define SESSION_CLIENT_H

struct came;
struct client;
struct conn;
struct ready;
struct worker;

/* Takes the connection, an admission_enter and an admission_enter_address. */
void client_new(struct worker *w, struct conn *conn, const struct came *came);
/* As a worker's ready list has it stepped. */
void client_on_ready(struct ready *r);
/* No further requests; closes when what was asked has been answered, at once
 * when only what the brokers keep waiting is open. */
void client_drain(struct client *c);
/* Closes now, with a reason for the log. */
void client_free(struct client *c, const char *why);

#endif
