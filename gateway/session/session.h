/* session.h - what serves clients; for program/, which runs it.
 *
 * Where the bytes of a Produce go:
 *
 *   ports.c      a worker's listening socket has a connection
 *   arrival.c    who came: PROXY header, admission, TLS; a client is born
 *   client.c     a client is stepped by its worker's ready list: read, answer, look for losses
 *   reading.c    frame by frame: the head, and as much of the body as routing needs
 *   routing.c    decide: which brokers, by which course; commit: once
 *   upstreams.c  the connections to brokers, made when first needed (a login is a stage of
 *                upstream/link.c)
 *   send.c       the frame leaves: cut through as it comes, or in parts made of slices of it
 *   outbound.c   answers leave in the order of the requests; the oldest request's course moves
 *                its answer:
 *     through.c      cut through, and looked at on its way (watch.c)
 *     rewritten.c    held and written anew: it names addresses
 *     joint.c        the same, for all who ask the same at that time (questions.c)
 *     merged.c       several become one (collect.c holds them, reply.c writes what is made here)
 *     polled.c       a split Fetch that may wait; its polls outlive it (polled_left.c)
 *     curtailed.c    without what is the nodes' own (route/reserved.h)
 *     here.c         the gateway's own
 *     doorway.c      a login, relayed; judged.c: one that is judged here
 *   losses.c     a broker or a deadline is gone: what the requests make of it
 *   deadlines.c  what is waited for and until when
 *   stay.c       which nodes a client is told, and when it is closed for balance or age
 *   draining.c   a worker's clients leave in turns
 *   uses.c       by whom and for what the bytes are; users.c tells it
 *
 * A fetch session is a broker's and passed on (fetch_session.c), or the node's own (own_session.c);
 * share.c has share sessions.
 *
 * Calls go one way: life.c, inbound.c, request.c and standing.c are below all of these, client.c
 * is above them; who finds something for a client marks it ready and returns.
 * Tests: tests/unit/session/conversation_test.c, tests/golden/session/: whole conversations
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "session/connections.h"
#include "session/draining.h"
#include "session/ports.h"
#include "session/users.h"
#include "session/uses.h"
#include "session/worker.h"

#endif
