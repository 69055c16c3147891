/* upstreams.h - a client's connections to brokers.
 *
 * Tests: tests/unit/session/upstreams_test.c
 */
#ifndef SESSION_UPSTREAMS_H
#define SESSION_UPSTREAMS_H

#include "upstream/upstream.h"

struct client;
struct part;

/* The connection to a broker that takes the next request: made when there is none; it may be
 * lost.  NULL: the broker is not known any more, or the client can't be carried there. */
struct upstream *upstreams_get(struct client *c, int32_t broker, enum upstream_purpose purpose);
/* Whether there is one. */
bool upstreams_has(const struct client *c, int32_t broker, enum upstream_purpose purpose);
/* The connection at which the client logs in, or has; it may be lost.  NULL: there is none. */
struct upstream *upstreams_of_login(const struct client *c);
/* The same at that broker. */
struct upstream *upstreams_of_login_at(const struct client *c, int32_t broker);
/* An answer to the part said that its broker throttles. */
void upstreams_mute(struct client *c, const struct part *p, int64_t ms);
/* Until when the broker reads nothing of what the part is to tell it, or has told it; 0: it reads. */
ev_tstamp upstreams_muted_until(const struct client *c, const struct part *p);
/* The broker of an open connection with the least to do, else any; NO_BROKER: there is none. */
int32_t upstreams_any_broker(struct client *c);
/* Frees those that nobody has used for so long that the broker is about to close them. */
void upstreams_close_idle(struct client *c);
/* When the next one will be; INFINITY: there is none. */
ev_tstamp upstreams_idle_at(const struct client *c);
/* Closes the connection to a broker, unless an answer is to come or something stands on it. */
void upstreams_leave(struct client *c, int32_t broker, enum upstream_purpose purpose);
void upstreams_free_all(struct client *c);

#endif
