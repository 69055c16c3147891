/* judged.h - a client's login that the gateway judges itself (GATEWAY_MANAGED): auth/judge.h, asked by the door.
 *
 * No broker hears of it.  What is refused is held back as a broker does it, so that guessing takes its time; a
 * password that must be salted waits for salting.h.  Whom the client is at the brokers says principal.h.
 * Tests: tests/unit/session/judged_test.c, tests/integration/operate/gateway_managed.py
 */
#ifndef SESSION_JUDGED_H
#define SESSION_JUDGED_H

#include "session/course.h"

#include <ev.h>

/* When the refusal that is held back leaves; INFINITY: there is none. */
ev_tstamp judged_until(const struct client *c);

#endif
