/* merged.h - the answers of a request's parts become one.
 *
 * Tests: tests/unit/session/merged_test.c, tests/unit/session/polled_test.c
 */
#ifndef SESSION_MERGED_H
#define SESSION_MERGED_H

#include "session/course.h"

struct client;
struct part;
struct request;

/* All parts are final: makes the reply, when there is memory for it; the client fails where none can
 * be made.  Where the request goes on with a session, the reply has what is new and what is wrong.  `before` (may be NULL) are parts that were asked before, one for each: an item that no
 * later answer has is theirs. */
enum course_result merged_reply(struct client *c, struct request *r, struct part *before);

#endif
