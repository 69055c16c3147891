/* reading.h - frame by frame from the client, one at a time: the next frame is looked at when the
 * last one has left.
 *
 * Tests: tests/unit/session/reading_test.c
 */
#ifndef SESSION_READING_H
#define SESSION_READING_H

#include <stdbool.h>

struct client;

/* True when something moved. */
bool reading_step(struct client *c);

#endif
