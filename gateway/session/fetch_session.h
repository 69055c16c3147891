/* fetch_session.h - a client's fetch session (KIP-227): which broker has it, or that the node has.
 *
 * While one broker leads all that the client asks for, its session is passed on: ids and epochs pass
 * as they are, and an idle consumer costs what it costs without a node.  A request for several brokers
 * begins a session of the node's own (own_session.h), with one at each of those brokers behind it,
 * which goes on whoever leads what is read.  Who has a broker's and needs another one too is told that
 * there is no such session (70), and begins one of the node's own with his next, full request.  A
 * connection has one session, the last one told; at another node the client hears 70 too.
 * What leads past the node is dealt with as in every Fetch: see watch.h.
 * Tests: tests/unit/session/fetch_session_test.c, tests/golden/session/session_of_a_fetch.txt,
 * tests/e2e/scenarios/fetch_sessions.py
 */
#ifndef SESSION_FETCH_SESSION_H
#define SESSION_FETCH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;
struct sending;

/* A request that goes on with a session which the connection does not have: error 70. */
bool fetch_session_is_unknown(const struct client *c, const struct request *r);
/* Who has the session that the request goes on with, or ends; `any`: nobody. */
int32_t fetch_session_broker(const struct client *c, const struct request *r, int32_t any);
/* The request goes to this broker only, or to several (NO_BROKER): what they hear of its session, or
 * with which error the client is told that it does not go on. */
void fetch_session_settle(const struct client *c, const struct request *r, int32_t only,
			  struct sending *to);
/* Once: what that says is written into the frame, or noted of the node's own session.  Where there is
 * no room for that one the sending becomes one without. */
void fetch_session_commit(struct client *c, struct request *r, struct sending *to);
/* The broker's answer tells of the session; 0: there is none. */
void fetch_session_told(struct client *c, const struct request *r, int32_t id);

#endif
