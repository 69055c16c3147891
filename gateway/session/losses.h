/* losses.h - a broker, or a request's time, is lost: what the client's requests make of it.
 *
 * Tests: tests/unit/session/losses_test.c, tests/unit/route/lost_test.c
 */
#ifndef SESSION_LOSSES_H
#define SESSION_LOSSES_H

#include <ev.h>
#include <stdbool.h>

enum { LOSSES_GRACE_MS = 5000 }; /* that a broker has beyond the time the request gives it */

struct client;
struct request;

/* Takes broken upstreams out, and what nobody wants of the others; true when something moved. */
bool losses_step(struct client *c);
/* When the parts that are still open have had their time, where their brokers said that they
 * throttle; 0: all of them have had it. */
ev_tstamp losses_time_due(const struct client *c, const struct request *r);
/* The request's turn has come: its deadline is set. */
void losses_begin(struct client *c, struct request *r);
/* The request's answer did not come in time.  Brokers that can be done without have less of it. */
void losses_deadline(struct client *c, struct request *r);

#endif
