/* numbering.h - by which number a request goes to a broker, and the line that follows it there.
 *
 * A client's connection leads to several brokers and its requests may be split, so each part has a
 * correlation id of the connection's own, one after the other; the client's comes back with the
 * answer.  The client id stays the client's.  With log_level debug a line tells both numbers of each
 * part, by which it is found in the broker's request log (its clientId and correlationId):
 *
 *     conn=7 client_id="billing" api=Produce v=9 corr=4711 broker=2 broker_corr=19
 *
 * Tests: tests/integration/operate/log_correlation.py
 */
#ifndef SESSION_NUMBERING_H
#define SESSION_NUMBERING_H

struct client;
struct part;

/* The next one, for a part whose request and broker are known. */
void numbering_take(struct client *c, struct part *p);

#endif
