/* tls_config.h - the contexts that a configuration wants: those of its files as they are now.
 *
 * Tests: tests/unit/net/tls_context_test.c
 */
#ifndef NET_TLS_CONFIG_H
#define NET_TLS_CONFIG_H

#include "config/config.h"
#include "net/tls_context.h"

/* The context of connections to brokers; *context is NULL when they are without TLS.  False and why:
 * a file can't be used. */
MUST_CHECK bool tls_for_brokers(const struct config *config, struct tls_context **context,
				char why[TLS_WHY_MAX]);

/* The same of connections from the listener's clients. */
MUST_CHECK bool tls_for_clients(const struct listener *listener, struct tls_context **context,
				char why[TLS_WHY_MAX]);

/* The same of the HTTP API; *context is NULL when it is without TLS. */
MUST_CHECK bool tls_for_http(const struct config *config, struct tls_context **context,
			     char why[TLS_WHY_MAX]);

#endif
