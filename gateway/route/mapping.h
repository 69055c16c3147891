/* mapping.h - which gateway node stands for a broker, under internal balancing.
 *
 * Each broker is told as a port of one node: among those that have a port for
 * it, those in the broker's rack first, else those in the client's zone
 * (mapping_near), the one whose hash with the key and the
 * broker is the highest (rendezvous hashing).  So one key gives one mapping,
 * a node that goes takes only its own brokers along, and a random key is a
 * random mapping.  A node may decline a part of what would be its own, which
 * then goes to the next in the same order: a part of the keys, so that nothing
 * else moves.  Two brokers never get one host and port.
 * Tests: tests/unit/route/mapping_test.c
 */
#ifndef ROUTE_MAPPING_H
#define ROUTE_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Broker N is host : port + (N - min_broker_id), for port_count of them. */
struct mapping_node {
	const char *node_id, *host;
	const char *rack; /* NULL: none */
	int port, port_count, min_broker_id;
	unsigned declines; /* thousandths of what would be its own */
	bool leaves;	   /* the node is not chosen; see mapping_find */
	uint64_t hash;	   /* filled in by mapping_new */
};

struct mapping;

/* Copies the nodes, which must come in the same order at every node; one that
 * has ports of an earlier one is left out.  NULL: there are none. */
struct mapping *mapping_new(const struct mapping_node *nodes, size_t count);
void mapping_free(struct mapping *m); /* fine with NULL */

/* Whether any node has a port for the broker; here and below, of those that do not leave. */
bool mapping_has_port(const struct mapping *m, int32_t broker);
/* Whose nodes are to stand for the broker: its own rack's, where one of them has a port for it, else on
 * the same terms the zone's in which the client is; NULL: any node's. */
const char *mapping_near(const struct mapping *m, int32_t broker, const char *rack,
			 const char *zone);
/* The node that stands for the broker, those in the rack first; never NULL when mapping_has_port.  When
 * all decline, the first of them. */
const struct mapping_node *mapping_choose(const struct mapping *m, uint64_t key, int32_t broker,
					  const char *rack);
/* The node of that tag, if it has a port for the broker, though it may leave; NULL: the node has
 * none, is not there, or others are nearer to the broker. */
const struct mapping_node *mapping_find(const struct mapping *m, uint16_t tag, int32_t broker,
					const char *rack);
/* Stands for a node's id where there is little room: never 0. */
uint16_t mapping_tag(const char *node_id, size_t len);
/* Of how many nodes the broker's is chosen. */
size_t mapping_choices(const struct mapping *m, int32_t broker, const char *rack);

/* The key of a client whose brokers are to stay where they are (`stable`): the
 * same at every node and after every restart. */
uint64_t mapping_client_key(const void *address, size_t address_len, const void *client_id,
			    size_t client_id_len);

#endif
