/* visits.h - clients whose mechanism can neither be said twice nor be followed by a token: each login
 * again of the client (KIP-368) runs at another broker, so that one after the other knows it.
 *
 * A client is promised a very short session until all brokers have been visited, then as much as makes
 * every one of them hear it again in time.  A request for a broker that does not know the client yet is
 * never held: the client might wait for its answer before it logs in again.  Another broker answers it
 * then, or the client is told to try again; where it will not come back by itself it is closed, and logs
 * in anew.  Whether a broker knows it, and for how long, stands at its connection there (FOR_LOGIN).
 * Tests: tests/unit/session/visits_test.c
 */
#ifndef SESSION_VISITS_H
#define SESSION_VISITS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct carried;
struct client;
struct part;
struct upstream;

/* Whether who logs in now by that mechanism needs them. */
bool visits_are_needed(const struct client *c, const struct carried *m);
/* Where the next login runs, but for not_this; NO_BROKER: no broker is there. */
int32_t visits_next(struct client *c, int32_t not_this);
/* Whether the part begins a login that must wait: a broker hears one a second on a connection. */
bool visits_must_wait(struct client *c, const struct upstream *u, const struct part *p);
/* When that is over; INFINITY: nothing waits. */
ev_tstamp visits_due(const struct client *c);
/* A broker has let the client in for so long, 0: without an end. Returns what the client is promised. */
int64_t visits_promise(struct client *c, int64_t lifetime_ms);

/* Whether the broker knows the client, now.  If not, and the client won't come back soon, it is closed. */
bool visits_ask(struct client *c, int32_t broker);
/* One that does, but for not_this; NO_BROKER: there is none. */
int32_t visits_known_at(const struct client *c, int32_t not_this);

#endif
