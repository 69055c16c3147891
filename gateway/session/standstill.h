/* standstill.h - the node stood still: stopped, starved, or its machine was.
 *
 * Clients that are not answered give up, and send what they sent once more by another node.  What they
 * had sent here is in the sockets still, and would reach the brokers long after its sender has gone: a
 * broker takes it for new where it has no memory of the producer, and one of a transaction that is over
 * ends the producer (KIP-890).  So who has closed meanwhile is let go, and what no broker has got is
 * dropped.  At all other times what was sent whole before a close is done, as a broker does it.
 * Tests: tests/unit/session/standstill_test.c, tests/integration/data/half_close.py
 */
#ifndef SESSION_STANDSTILL_H
#define SESSION_STANDSTILL_H

#include <ev.h>
#include <stdint.h>

struct worker;

/* So long: less than any client waits. */
enum { STANDSTILL_MS = 3000 };

struct standstill {
	ev_timer timer; /* every second, before whatever else has come */
	int64_t looked; /* when it last was; clock_ms */
};

void standstill_init(struct worker *w);
/* Before a request is begun, for the loop may have been in the midst of its turn. */
void standstill_look(struct worker *w, int64_t now);

#endif
