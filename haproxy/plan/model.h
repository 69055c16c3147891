/* model.h - one HAProxy set-up in front of gateway nodes, as plain data.
 *
 * What is wanted is the configuration itself (config/haproxy.h and what the
 * gateway's own options say).  A plan adds what follows from it: which ports,
 * how they map, what is sent, how much fits.  It does not know how haproxy.cfg
 * says it (render.h) nor whether it makes sense (consistency.h).
 *
 * Of a configuration with several listeners there is a plan for each, in a row that begins with
 * the first one's: one HAProxy is in front of all of them.
 *
 * Tests: tests/unit/haproxy/plan/model_test.c
 */
#ifndef HAPROXY_MODEL_H
#define HAPROXY_MODEL_H

#include "config/config.h"
#include "plan/sizing.h"
#include "util/compiler.h"
#include "version/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the port of a node follows from the port the client asked for. */
enum haproxy_port_map {
	PORT_MAP_SAME,	 /* the same */
	PORT_MAP_OFFSET, /* that plus port_offset */
	PORT_MAP_FIXED	 /* always node_ports.first */
};

/* A range of ports, both ends in it; 0 and 0: unknown. */
struct haproxy_ports {
	int first;
	int last;
};

struct haproxy_plan {
	const struct config *config;	 /* borrowed: what is wanted; of this listener */
	const struct config *whole;	 /* borrowed: of all of them */
	const struct listener *listener; /* of it: the one that clients come to by this HAProxy */
	struct version version;		 /* of the HAProxy that is to read it */
	bool has_config;		 /* it is a gateway's, not the section haproxy alone */

	const char *name;		  /* the listener's; NULL: it is the only one */
	const struct haproxy_plan *first; /* of the row */
	struct haproxy_plan *next;	  /* NULL: it is the last */

	const char *listen_host;
	struct haproxy_ports listen;
	struct haproxy_ports advertised; /* only with has_config */
	struct haproxy_ports node_ports;
	enum haproxy_port_map port_map;
	int port_offset;
	bool count_is_missing; /* nothing tells how many ports there are */

	bool single;		 /* one port: one virtual broker, or brokers told apart by names */
	bool sends_proxy_header; /* to the nodes */
	bool ends_tls;		 /* HAProxy reads what clients encrypt */
	bool splices;
	int idle_timeout_ms; /* of the nodes */
};

/* The first of the row.  Borrows the configuration, which must outlive it. */
struct haproxy_plan *model_new(const struct config *config, const struct version *version);
/* The whole row; takes the first one. */
void model_free(struct haproxy_plan *plan);
/* How many there are in the row. */
int model_front_count(const struct haproxy_plan *plan);
/* Whether some of the row, or each, ends clients' TLS. */
bool model_some_ends_tls(const struct haproxy_plan *plan);
bool model_each_ends_tls(const struct haproxy_plan *plan);

/* Where a node's HTTP API is. */
int model_http_port(const struct haproxy_plan *plan, const struct config_node *node);
/* 0: there is no agent to ask. */
int model_agent_port(const struct haproxy_plan *plan);
/* A node that is not in HAProxy's rack. */
bool model_is_backup(const struct haproxy_plan *plan, const struct config_node *node);
/* How many nodes there are, or may be. */
int model_node_count(const struct haproxy_plan *plan);
/* Connections that all nodes take together; 0: unknown. */
int model_connections_of_nodes(const struct haproxy_plan *plan);
/* Of HAProxy, with all of the row. */
struct sizing model_sizing(const struct haproxy_plan *plan);
/* Whether a hash knows the nodes by their addresses: HAProxy can, and there is a hash. */
bool model_hashes_by_address(const struct haproxy_plan *plan);
/* Whether a node that the DNS tells anew waits for its first check: HAProxy can.  Not with a hash: who
 * was down starts slowly, and as long as that takes, keys that are its own go elsewhere. */
bool model_waits_for_check(const struct haproxy_plan *plan);
/* The nodes hear in which rack HAProxy is: its clients are in that zone. */
bool model_tells_zone(const struct haproxy_plan *plan);
/* The oldest HAProxy that takes what is written, with all of the row. */
struct version model_oldest(const struct haproxy_plan *plan);
/* Whether a node's port stands for the broker whose port the client asked for, and nothing else
 * tells the node. */
bool model_port_is_the_hint(const struct haproxy_plan *plan);
/* How many ports the range has; 0 when unknown. */
int model_port_count(const struct haproxy_ports *ports);
/* Whether something looks at Kafka's client.id. */
bool model_needs_client_id(const struct haproxy_plan *plan);
/* Whether something looks at TLS's server name. */
bool model_needs_sni(const struct haproxy_plan *plan);
/* Whether there is a stick table: a hash has none. */
bool model_has_table(const struct haproxy_plan *plan);

/* The longest silence of a connection that is in order, and what makes it. */
struct model_silence {
	int64_t ms;
	const char *what; /* "clients keep idle connections (client_max_idle)" */
};
struct model_silence model_silence(const struct haproxy_plan *plan);
/* HAProxy's timeout for both sides. */
int64_t model_timeout_ms(const struct haproxy_plan *plan);

/* NULL, or what is wrong with it: it is a word in haproxy.cfg and in HAProxy's
 * runtime commands. */
MUST_CHECK const char *model_name_mistake(const char *name);

#endif
