/* joint.h - the course of a request whose answer is shared with all who ask the same at that time.
 *
 * Tests: tests/unit/session/joint_test.c, tests/integration/data/metadata_herd.py
 */
#ifndef SESSION_JOINT_H
#define SESSION_JOINT_H

#include <stdbool.h>

struct client;
struct request;

/* Whether the course is for it: the API says so, nothing of the client's is in front of it, and the
 * frame is small enough to be kept while it waits. */
bool joint_may_take(const struct client *c, const struct request *r);

#endif
