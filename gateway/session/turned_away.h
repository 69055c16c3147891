/* turned_away.h - requests that the door does not let pass.
 *
 * Tests: tests/unit/session/doorway_test.c
 */
#ifndef SESSION_TURNED_AWAY_H
#define SESSION_TURNED_AWAY_H

#include "session/course.h"

#include <ev.h>

/* When the oldest request is told so; INFINITY: it is no such request, or was told. */
ev_tstamp turned_away_until(const struct client *c);

#endif
