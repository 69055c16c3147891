/* model.h - one HAProxy set-up in front of gateway nodes, as plain data.
 *
 * A plan says what is wanted, not how haproxy.cfg says it (render.h) nor
 * whether it makes sense (consistency.h).  It begins with what the gateway's
 * own configuration tells; what the operator adds on the command line comes
 * on top:
 *
 *   plan = model_new(config)   or model_new(NULL): nothing is known
 *   model_set_listen(plan, "0.0.0.0:9092-9096"), model_add_node(plan, ...), ...
 *   model_settle(plan)         once, when all is said: works out the ports
 *
 * A setter that refuses returns why; the plan is then as it was before.
 * Tests: tests/unit/haproxy/plan/model_test.c
 */
#ifndef HAPROXY_MODEL_H
#define HAPROXY_MODEL_H

#include "plan/sizing.h"
#include "plan/stickiness.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct config;

enum haproxy_balance { BALANCE_LEASTCONN, BALANCE_ROUNDROBIN, BALANCE_RANDOM, BALANCE_SOURCE };

/* How the port of a node follows from the port the client asked for. */
enum haproxy_port_map {
	PORT_MAP_SAME,	 /* the same */
	PORT_MAP_OFFSET, /* that plus port_offset */
	PORT_MAP_FIXED	 /* always node_first */
};

/* A range of ports, both ends in it; 0 and 0: unknown. */
struct haproxy_ports {
	int first;
	int last;
};

struct haproxy_node {
	char *name;
	char *host;
	int http_port; /* where /health/ready is asked */
};

struct haproxy_plan {
	/* where clients come in */
	char *listen_host;
	struct haproxy_ports listen;
	/* what the nodes tell clients; advertised_host is NULL without a configuration */
	char *advertised_host;
	struct haproxy_ports advertised;

	/* the nodes */
	struct haproxy_node *nodes;
	size_t node_count;
	bool nodes_are_given; /* on the command line: those of the configuration are gone */
	struct haproxy_ports node_ports;
	enum haproxy_port_map port_map;
	int port_offset;
	int node_http_port; /* of a node that names none */
	bool sends_proxy_header;
	bool node_requires_proxy_header;
	bool proxy_trusts_loopback_only; /* the nodes believe a header from nobody else */

	/* what else the configuration says that a load balancer must suit */
	bool has_config;
	bool single;		 /* one virtual broker on one port */
	bool count_is_automatic; /* port_count 0: nodes ask the cluster */
	bool count_is_missing;	 /* and the command line does not tell either */
	bool internal_load_balancing;
	int idle_timeout_ms;
	int connections_a_node;	    /* 0: unknown */
	int connections_an_address; /* 0: no limit */

	/* what the operator chooses */
	enum haproxy_balance balance;
	enum haproxy_stickiness stickiness;
	bool splice;
	int maxconn; /* 0: worked out */
	int fd_limit;
	char *stats_socket; /* NULL: none */
	char *stats_host;   /* NULL: no statistics page */
	int stats_port;
	char *user; /* NULL: HAProxy stays the user that starts it */
	char *group;
};

/* Copies what it needs of the configuration, which may be NULL. */
struct haproxy_plan *model_new(const struct config *config);
void model_free(struct haproxy_plan *plan);

/* HOST:PORT-PORT, or HOST:PORT for as many ports as the nodes have. */
MUST_CHECK const char *model_set_listen(struct haproxy_plan *plan, const char *text);
/* NAME=HOST[:HTTP-PORT].  The first one takes the place of the configuration's nodes. */
MUST_CHECK const char *model_add_node(struct haproxy_plan *plan, const char *text);
/* leastconn, roundrobin, random or source. */
MUST_CHECK const char *model_set_balance(struct haproxy_plan *plan, const char *word);
/* none, source, client-id or port. */
MUST_CHECK const char *model_set_stickiness(struct haproxy_plan *plan, const char *word);
/* A path that HAProxy can bind and that needs no quotes. */
MUST_CHECK const char *model_set_stats_socket(struct haproxy_plan *plan, const char *path);
/* HOST:PORT */
MUST_CHECK const char *model_set_stats_page(struct haproxy_plan *plan, const char *text);
MUST_CHECK const char *model_set_maxconn(struct haproxy_plan *plan, const char *number);
MUST_CHECK const char *model_set_fd_limit(struct haproxy_plan *plan, const char *number);
/* NAME or NAME:GROUP */
MUST_CHECK const char *model_set_user(struct haproxy_plan *plan, const char *text);

/* Works out the ranges of ports and how they map. */
void model_settle(struct haproxy_plan *plan);

/* NULL, or what is wrong with it: it is a word in haproxy.cfg and in HAProxy's
 * runtime commands. */
MUST_CHECK const char *model_node_name_mistake(const char *name);
const char *model_balance_name(enum haproxy_balance balance);
/* Connections that all nodes take together; 0: unknown. */
int model_connections_of_nodes(const struct haproxy_plan *plan);
/* Of a settled plan. */
struct sizing model_sizing(const struct haproxy_plan *plan);
/* How many ports the range has; 0 when unknown. */
int model_port_count(const struct haproxy_ports *ports);

#endif
