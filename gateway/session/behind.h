/* behind.h - batches of an idempotent producer stay behind one that was refused (KIP-98).
 *
 * A client sends several Produce requests before it hears of the first.  Where "try again" is said to
 * the first, by the gateway, since its broker could not be reached or did not know the client yet, or by
 * a broker that does not lead, or not yet, and the next one finds the way, a broker that knows nothing of
 * the producer (KIP-360) takes that one's sequence for the beginning, and refuses the first for ever;
 * one that does calls it out of order, upon which librdkafka begins a new epoch and sends all it is not
 * sure of once more.  At one broker both would have been refused.  So what comes behind is refused too,
 * until the client has heard it: until the batch that was refused comes again and is taken, or the
 * producer has begun anew, or a batch comes a second time without the one it was behind.  While the one
 * that was refused is tried again, what comes behind waits.  A frame that passes as it comes is routed
 * when the last batch's sequence is there.
 * Tests: tests/unit/session/behind_test.c
 */
#ifndef SESSION_BEHIND_H
#define SESSION_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct layout_topic;
struct part;
struct request;

/* So much of the frame has come that each batch's producer and sequence are there. */
bool behind_may_read(const struct client *c, const struct request *r);
/* The request is routed, its frame is in the client's buffer as far as it has come. */
void behind_read(const struct client *c, struct request *r);
/* A part that no broker has taken, as far as is known. */
void behind_refused(struct client *c, const struct part *p);
/* A broker has answered so of a partition of the request. */
void behind_answered(struct client *c, struct request *r, const struct layout_topic *topic,
		     int32_t partition, int error);

enum behind_say {
	BEHIND_NONE,
	BEHIND_WAITS,	/* the one that was refused is out */
	BEHIND_REFUSED, /* must be refused as well */
};

/* A part is about to be sent to its leader. */
enum behind_say behind_ask(struct client *c, const struct part *p);
void behind_free(struct client *c);

#endif
