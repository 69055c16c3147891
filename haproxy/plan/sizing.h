/* sizing.h - how many connections fit into how many descriptors.
 *
 *   a client's connection    2 descriptors (the client's, the node's)
 *   a pipe for splice        2 descriptors; one for every 4 connections
 *   the rest                 listeners, checks, threads, sockets to administer
 *
 * HAProxy reserves all of it when it starts and does not start when it can't;
 * `haproxy -c` says nothing about it.
 * Tests: tests/unit/haproxy/plan/sizing_test.c, tests/integration/haproxy/limits.py
 * (against what a running HAProxy reports)
 */
#ifndef HAPROXY_SIZING_H
#define HAPROXY_SIZING_H

#include <stdbool.h>

struct sizing_input {
	int wanted;	/* connections the operator asked for; 0: none asked */
	int nodes_take; /* connections that all nodes take together; 0: unknown */
	int fd_limit;	/* descriptors that HAProxy may open */
	int listeners;
	int nodes;
	bool agents; /* each node is asked at a second port too */
	int peers;
	bool splice;
};

struct sizing {
	int connections; /* of clients */
	int spare;	 /* more for the global limit: refused ones, the statistics page */
	int pipes;
	int descriptors; /* at most, all together */
	bool is_capped;	 /* the descriptors are what limits the connections */
};

/* When `wanted` does not fit, descriptors is above fd_limit; when not even one
 * connection fits, connections is 0. */
struct sizing sizing_of(const struct sizing_input *input);

/* Connections that the source ports HAProxy has allow it to one node, when they
 * go to so many of its ports. */
int sizing_source_ports(int node_ports, int ports_here);

#endif
