/* share.h - the share sessions of a client's connection (KIP-932): which broker has each of them.
 *
 * A broker keeps a session by group and member, and ends it with the connection that began it: then
 * what the member has acquired goes to others.  So each client has a connection of its own to the
 * broker for them, which is never closed for idleness while it has a session; when the client ends it
 * ends, and when it is lost the client's connection is closed, as the broker's would be.
 * Tests: tests/unit/session/share_test.c
 */
#ifndef SESSION_SHARE_H
#define SESSION_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;

enum { SHARE_SESSIONS_MAX = 64 }; /* of one connection */

/* Of a request that has been walked and is whole in the client's buffer. */
struct share_question {
	const struct client *client;
	const struct request *request;
	int32_t broker; /* where a session that begins is to be, then where it is */
};

/* Whether a new session begins, whatever there was. */
bool share_begins(const struct share_question *q);
/* Sets the broker of a session that goes on.  An error code for a session that there is not, or for one
 * too many; 0: the broker has it. */
int share_place(struct share_question *q);

#endif
