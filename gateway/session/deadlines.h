/* deadlines.h - what a client waits for, and until when: one timer for all of it.
 *
 * Tests: tests/unit/session/deadlines_test.c
 */
#ifndef SESSION_DEADLINES_H
#define SESSION_DEADLINES_H

#include <ev.h>

struct client;

void deadlines_init(struct client *c);
void deadlines_stop(struct client *c);
/* The timer fires no later than the first deadline; what then is to be done is done by its
 * callback, which wakes the client. */
void deadlines_rearm(struct client *c);

#endif
