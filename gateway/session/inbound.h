/* inbound.h - the frame of a client that is coming in; one at a time.
 *
 * The state's one writer: reading.c and the courses move it by these functions.
 *
 *   HEAD --> ROUTE --> SEND --> HEAD
 *             |  ^       `----> SWALLOW --> HEAD
 *             |  `--BUDGET, ASK
 *             `--> SWALLOW (answered here)              any --> STOPPED
 *
 * Tests: tests/unit/session/reading_test.c
 */
#ifndef SESSION_INBOUND_H
#define SESSION_INBOUND_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;
struct topology_query;

/* A head was read: this is its request. */
void inbound_route(struct client *c, struct request *r);
void inbound_wait_for_memory(struct client *c);
void inbound_ask(struct client *c, struct topology_query *query);
/* The topology has not answered in its time: it is not waited for any more. */
void inbound_ask_no_more(struct client *c);
/* What was waited for has come, or is not waited for any more: it is routed again. */
void inbound_route_again(struct client *c);
void inbound_send(struct client *c);
void inbound_sent(struct client *c);
/* So many bytes of the frame that have not been taken go nowhere. */
void inbound_swallow(struct client *c, uint32_t n);
void inbound_swallow_some(struct client *c);
/* Nothing more is read.  The request whose frame was coming in is nobody's any more: the caller
 * frees it; NULL: there was none. */
struct request *inbound_stop(struct client *c);

/* The next frame may be read: the client has not too much in flight, and nothing that is answered
 * alone. */
bool inbound_may_begin(const struct client *c);
/* Between frames, and none has begun to come. */
bool inbound_is_idle(const struct client *c);
/* Whether the rest of a frame is waited for. */
bool inbound_is_in_body(const struct client *c);

#endif
