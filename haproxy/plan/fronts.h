/* fronts.h - of a configuration with several listeners: what it is for each of them.
 *
 * One HAProxy may be in front of all listeners of the nodes.  To each the rest of the
 * configuration is as if that listener were the only one; what HAProxy does with clients' TLS it
 * does where there is some: `passthrough` and `reencrypt` mean the listeners whose nodes speak TLS,
 * and so do a certificate and server names.
 * Tests: tests/unit/haproxy/plan/fronts_test.c
 */
#ifndef HAPROXY_FRONTS_H
#define HAPROXY_FRONTS_H

#include "config/config.h"

/* Whether there are listeners with names; else there is one, which the configuration itself is of. */
bool fronts_are_named(const struct config *config);
/* Of the i-th listener, or the only one: it borrows all but itself, and its listener has its name still. */
struct config *fronts_config(const struct config *config, size_t i);
void fronts_config_free(struct config *front);

#endif
