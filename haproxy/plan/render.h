/* render.h - a plan as the text of haproxy.cfg.
 *
 * The same plan, which knows for which HAProxy it is, gives the same bytes, on
 * every machine.  Each line that is not obvious has a comment that says why.
 * What is written passes `haproxy -c -dW` of that version and of later ones, and
 * keeps away from what they refuse: every proxy names its defaults, no frontend
 * has a backend's name, `balance` is always written.
 * Tests: tests/unit/haproxy/plan/render_test.c, tests/golden/haproxy/
 */
#ifndef HAPROXY_RENDER_H
#define HAPROXY_RENDER_H

#include <stdio.h>

struct haproxy_plan;

/* The names in the text, which the runtime commands use too.  Of several listeners the first two have
 * a `_` and the listener's name behind them. */
#define RENDER_FRONTEND "kafka_clients"
#define RENDER_BACKEND "anyport_nodes"
#define RENDER_PEERS "balancers"
#define RENDER_RESOLVERS "cluster_dns"
#define RENDER_LIMIT_SOURCE "limit_source"
#define RENDER_LIMIT_CLIENT_ID "limit_client_id"

/* Of a plan that consistency_check does not refuse, and of all that are in its row. */
void render_plan(const struct haproxy_plan *plan, FILE *out);

#endif
