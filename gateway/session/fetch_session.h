/* fetch_session.h - a client's fetch session (KIP-227), which a broker has and the node passes on.
 *
 * A session is of one broker.  While that broker leads all that the client asks for, session ids and
 * epochs pass as they are, and an idle consumer costs what it costs without a node.  A request that
 * needs another broker too is told that there is no such session (70): the client goes on with full
 * requests, which are split, without a session, until one broker has all of it again.  A connection
 * has one session, the last one told; at another node the client hears 70 too.  In mode `single`
 * there are none, for no broker ever has all.
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
/* The request goes to this broker only, or to several (NO_BROKER): what they hear of its session.
 * False: it goes on with one that this is not for, error 70. */
bool fetch_session_settle(const struct client *c, const struct request *r, int32_t only,
			  struct sending *to);
/* What that says is written into the frame. */
void fetch_session_write(struct client *c, struct request *r, const struct sending *to);
/* The broker's answer tells of the session; 0: there is none. */
void fetch_session_told(struct client *c, const struct request *r, int32_t id);

#endif
