/* listener.h - one way by which clients come to the node: where, how, and what they are told.
 *
 * A node has one or several, each with a name.  What a client is told, and what is asked of it,
 * depends on the listener that it came by and on no other.
 * A plain value: its texts belong to the configuration.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_LISTENER_H
#define CONFIG_LISTENER_H

#include "config/haproxy.h"
#include "config/port_range.h"

#include <stdbool.h>
#include <string.h>

/* In the order of the words in options.c. */
enum security_protocol { OVER_PLAINTEXT, OVER_SSL, OVER_SASL_PLAINTEXT, OVER_SASL_SSL };
enum advertise_mode { ADVERTISE_PORTS, ADVERTISE_SINGLE, ADVERTISE_HOST };
enum proxy_mode { PROXY_OFF, PROXY_ALLOW, PROXY_REQUIRE };

enum { LISTENERS_MAX = 8 }; /* of a node */

struct listener {
	const char *name; /* NULL: the only one, which has none */
	/* where it is */
	char *bind_host;
	int port_start;
	int port_count; /* 0: ask the cluster */

	/* what clients are told */
	int min_broker_id;
	char *advertised_host; /* never NULL after config_load */
	int advertised_port;   /* the first one; port_start when not given */
	enum advertise_mode advertised_mode;
	char *advertised_pattern;     /* of brokers' names, see host_pattern.h; NULL: none */
	bool internal_load_balancing; /* the nodes, not a load balancer in front of them */
	bool port_is_hint;	      /* the load balancer keeps ports: see route/hint.h */

	/* how they talk, and who they are */
	enum security_protocol protocol;
	char *ssl_certificate, *ssl_key; /* files; NULL: none, so are the next ones */
	char *ssl_key_password;
	char *ssl_ca;
	enum haproxy_client_auth ssl_client_auth;
	enum haproxy_tls_version ssl_min_version;
	char *ssl_ciphers;
	char *ssl_principal_rules; /* see principal_rules.h; NULL: DEFAULT */
	enum proxy_mode proxy_protocol;
	char *zone;	     /* of who comes by it, where nothing else says one; NULL: none */
	bool proxy_identity; /* its headers say who clients are, and nothing else does */
};

/* Whether clients of the one, which has so many ports, would be told an address that clients of the
 * other are told. */
static inline bool listeners_told_alike(const struct listener *a, int count_a,
					const struct listener *b, int count_b)
{
	return strcmp(a->advertised_host, b->advertised_host) == 0 &&
	       port_ranges_overlap((struct port_range){ a->advertised_port, count_a },
				   (struct port_range){ b->advertised_port, count_b });
}

static inline bool protocol_has_tls(enum security_protocol p)
{
	return p == OVER_SSL || p == OVER_SASL_SSL;
}

static inline bool protocol_has_sasl(enum security_protocol p)
{
	return p == OVER_SASL_PLAINTEXT || p == OVER_SASL_SSL;
}

#endif
