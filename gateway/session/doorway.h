/* doorway.h - a client's login: its own exchange, relayed to one broker, which judges.
 *
 * The broker is the one that the client meant, by port, else any.  Its connection is opened without
 * a login, carries SaslHandshake and SaslAuthenticate one at a time, and is the client's from then on
 * (FOR_LOGIN): what the broker believes there is who the client is, there and (auth/carried.h) at
 * the other brokers.  The brokers hear version 1 of the handshake and a version of SaslAuthenticate
 * that tells how long a login lasts, whatever the client speaks; what is out of order never gets
 * to them (auth/door.h).
 * Tests: tests/unit/session/doorway_test.c
 */
#ifndef SESSION_DOORWAY_H
#define SESSION_DOORWAY_H

#include "kafka/walk.h"
#include "session/course.h"

/* That brokers hear, whatever the client speaks. */
enum { DOORWAY_HANDSHAKE_VERSION = 1 };

/* Where a frame goes that the door does not simply let pass: routing_decide's. */
enum course_need doorway_decide(struct client *c, struct request *r, struct sending *to);
/* A frame without a head has come whole, with its size: this is its request. */
void doorway_hear_bare(struct client *c, uint32_t size);

#endif
