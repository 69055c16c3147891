/* send.h - parts leave: the client's frame cut through as it comes, or composed of slices of it.
 *
 * Tests: tests/unit/session/through_test.c, tests/unit/session/reading_test.c
 */
#ifndef SESSION_SEND_H
#define SESSION_SEND_H

#include "session/course.h"

struct upstream;

/* For a course's commit: one part, the frame cut through, or composed where it is edited. */
void send_begin_one(struct client *c, struct request *r, const struct sending *to);
/* A part for each broker, with the items that are its. */
void send_begin_parts(struct client *c, struct request *r, const struct sending *to);

/* Moves the frame that is coming in; true when something moved. */
bool send_step(struct client *c, struct request *r);
/* Writes what can be written of a composed part; true when something moved. */
bool send_composed(struct client *c, struct part *p);
/* A composed part whose broker could not be reached goes to another one, if that may speak for it;
 * true: it is to be sent again. */
bool send_elsewhere(struct client *c, struct part *p);
/* The part's broker can't have its frame any more: the rest of it goes nowhere. */
void send_give_up(struct client *c, struct part *p);
/* Parts that waited for this connection find it gone. */
void send_connect_failed(struct client *c, const struct upstream *u);

#endif
