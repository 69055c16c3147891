/* draining.h - a worker's part of a drain: its clients leave in turns, and its ports are closed.
 *
 * What a turn is says balance/turns.h.  All but draining_init may be called from any thread.
 * Tests: tests/unit/session/draining_test.c, tests/unit/balance/turns_test.c,
 * tests/integration/operate/drain.py
 */
#ifndef SESSION_DRAINING_H
#define SESSION_DRAINING_H

#include "session/worker.h"

void draining_init(struct worker *w); /* before the worker's thread starts */

/* A drain in so many turns begins; nothing closes before draining_turn.  With a lag of 1 ports are
 * closed a turn after their clients, who may so come back once.  by_port: clients leave with their
 * port, else by chance. */
void draining_begin(struct worker *w, int turns, int lag, bool by_port);
/* The next turn: its ports are closed, and its clients go when what is in flight is answered. */
void draining_turn(struct worker *w);
/* No further turns: clients that are still there stay, and the worker's on_drained is called, if it
 * wasn't. */
void draining_undo(struct worker *w);
/* Clients that are left go now. */
void draining_end(struct worker *w);

/* By which port clients have come, or NO_PORT, SEVERAL_PORTS. */
int draining_came_by(const struct worker *w);
/* How many clients whose turn has come are still there. */
int draining_leaving(const struct worker *w);

#endif
