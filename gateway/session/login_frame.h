/* login_frame.h - what a client's frame says on its way through the door.
 *
 * Whether it is SaslHandshake, SaslAuthenticate or bytes without a head, which version 0 of the former
 * is followed by (KIP-152).
 * Tests: tests/unit/session/doorway_test.c, tests/unit/session/judged_test.c
 */
#ifndef SESSION_LOGIN_FRAME_H
#define SESSION_LOGIN_FRAME_H

#include "util/compiler.h"

#include <stdbool.h>

struct client;
struct request;
struct walk_event;

/* The only value that matters, whole in the client's buffer: the mechanism's name, or what it says.
 * False: malformed. */
MUST_CHECK bool login_read(const struct client *c, const struct request *r,
			   struct walk_event *value);

#endif
