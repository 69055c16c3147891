/* outbound.h - answers leave in the order of the requests: only the oldest request's answer is
 * read past its head.
 *
 * Tests: tests/unit/session/here_test.c, tests/golden/session/pipelined.txt
 */
#ifndef SESSION_OUTBOUND_H
#define SESSION_OUTBOUND_H

#include <stdbool.h>

struct client;

/* True when something moved. */
bool outbound_step(struct client *c);

#endif
