/* upstreams.h - a client's connections to brokers.
 *
 * Tests: tests/unit/session/upstreams_test.c
 */
#ifndef SESSION_UPSTREAMS_H
#define SESSION_UPSTREAMS_H

#include "upstream/upstream.h"

struct client;

/* The connection to a broker that takes the next request: made when there is none; it may be
 * lost.  NULL: the broker is not known any more. */
struct upstream *upstreams_get(struct client *c, int32_t broker, enum upstream_purpose purpose);
/* The broker of an open connection with the least to do, else any; NO_BROKER: there is none. */
int32_t upstreams_any_broker(struct client *c);
/* Frees those that nobody has used for so long that the broker is about to close them. */
void upstreams_close_idle(struct client *c);
/* When the next one will be; INFINITY: there is none. */
ev_tstamp upstreams_idle_at(const struct client *c);
void upstreams_free_all(struct client *c);

#endif
