/* merged.h - the answers of a request's parts become one.
 *
 * Tests: tests/unit/session/merged_test.c, tests/unit/session/polled_test.c
 */
#ifndef SESSION_MERGED_H
#define SESSION_MERGED_H

#include <stdbool.h>

struct client;
struct part;
struct request;

/* All parts are final: makes the reply; false: the client must be closed.  `before` (may be NULL)
 * are parts that were asked before, one for each: an item that no later answer has is theirs. */
bool merged_reply(struct client *c, struct request *r, struct part *before);

#endif
