/* hint.h - which broker a client has dialled, where something says so that is to be trusted.
 *
 * Any node answers anything on any port, so what a client reached says nothing by itself: a load
 * balancer may send each connection to any port of any node.  What says it, the first that does:
 *
 *   the client    its ApiVersions names the broker (KIP-1242)
 *   the name      that the client asked for in TLS (SNI), in mode `host`
 *   PROXY         a trusted load balancer's header has the port that the client asked for
 *   the port      that the connection came by: clients are told the nodes themselves (internal
 *                 balancing), or the load balancer keeps ports (gateway.port_is_hint)
 *
 * Only what Kafka addresses by the connection depends on it: see by_dialled in kafka/api.h.
 * Pure.  Tests: tests/unit/route/hint_test.c, tests/integration/data/lists_by_broker.py
 */
#ifndef ROUTE_HINT_H
#define ROUTE_HINT_H

#include "config/listener.h"

#include <stdint.h>

enum hint_by { HINT_NONE, HINT_PORT, HINT_PROXY, HINT_NAME, HINT_CLIENT };

struct hint {
	int32_t broker; /* that clients are told of by this id; NO_BROKER with HINT_NONE */
	enum hint_by by;
};

/* Nothing says it. */
struct hint hint_none(void);
/* What a port says: which of the listener's, from 0 on, and whether a PROXY header has it. */
struct hint hint_of_port(const struct listener *listener, int port, bool is_proxied);
/* What a server name says; NULL: none was asked for. */
struct hint hint_of_name(const struct listener *listener, const char *name);
struct hint hint_of_client(int32_t broker);
/* What says it, in a word; NULL: nothing does. */
const char *hint_word(enum hint_by by);

#endif
