/* ending.h - the end of a client that has asked for something before.
 *
 * Tests: tests/unit/session/reading_test.c
 */
#ifndef SESSION_ENDING_H
#define SESSION_ENDING_H

struct client;

/* As a broker does it on a frame that it does not take: what was asked before is answered, then
 * the connection is closed. */
void client_end(struct client *c, const char *why);

#endif
