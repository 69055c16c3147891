/* behind.h - batches of an idempotent producer stay behind one that was refused (KIP-98).
 *
 * A client sends several Produce requests before it hears of the first.  Where the gateway itself says
 * "try again" to the first, since its broker could not be reached or did not know the client yet, and
 * the next one finds the way, a broker that knows nothing of the producer (KIP-360) takes that one's
 * sequence for the beginning, and refuses the first for ever, however often it is tried again.  So what
 * comes behind is refused too, until the client has heard it: until the batch comes again that was
 * refused, or the producer has begun anew.  In a frame that passes as it comes, batches that had not
 * arrived when it was routed are not known.
 * Tests: tests/unit/session/behind_test.c
 */
#ifndef SESSION_BEHIND_H
#define SESSION_BEHIND_H

#include <stdbool.h>

struct client;
struct part;
struct request;

/* The request is routed, its frame is in the client's buffer as far as it has come. */
void behind_read(const struct client *c, struct request *r);
/* A part that no broker has taken, as far as is known. */
void behind_refused(struct client *c, const struct part *p);
/* A part is about to be sent to its leader: whether it must be refused as well. */
bool behind_is(struct client *c, const struct part *p);
void behind_free(struct client *c);

#endif
