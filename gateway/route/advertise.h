/* advertise.h - what clients are told a broker's id, host and port are.
 *
 * `ports`: broker N is the advertised host with port first + (N - min id); one
 * without a port of its own is represented by one that has one, a pure function
 * of the broker list, so all nodes agree.  Under internal balancing the host is
 * that of a node chosen for the broker.  `single`: one virtual broker is
 * everything.  `host`: each broker has a name of its own, all one port.  Never are two ids told with one host:port.
 * Tests: tests/unit/route/advertise_test.c
 */
#ifndef ROUTE_ADVERTISE_H
#define ROUTE_ADVERTISE_H

#include "config/listener.h"
#include "kafka/api.h"
#include "route/mapping.h"
#include "topology/snapshot.h"
#include "util/text.h"

struct advertised {
	int32_t id; /* that clients know it by */
	const char *host;
	int port;
	char made[TEXT_HOST_MAX]; /* host: a name out of the pattern stands here */
};

/* Borrows all; port_count is the number of ports really bound. */
struct advertising {
	const struct listener *listener;
	int port_count;
	const struct mapping
		*mapping; /* internal balancing: the nodes; NULL: the listener's host */
	uint64_t key;	  /* chooses among them: see mapping.h */
	const char *zone; /* the client's, which has a say; NULL: not known */
	/* The node that a broker stays at, whatever the key; where it is or returns NULL, the
	 * key chooses. */
	const struct mapping_node *(*stays)(const void *ctx, int32_t broker);
	const void *stays_ctx;
};

/* Whether clients of the listener are offered the API. */
bool advertise_serves(const struct listener *listener, const struct kapi *api);
/* False: no broker has a port: there is nothing to tell. */
bool advertise_broker(const struct advertising *a, const struct snapshot *s, int32_t broker,
		      struct advertised *out);
/* The id alone, which costs less to know; -1: no broker has a port. */
int32_t advertise_id(const struct advertising *a, const struct snapshot *s, int32_t broker);
/* The same for a list of ids as it stands in an answer, in place.  It stays as long as it was: an
 * id comes as often as brokers are told by it, so that who counts replicas counts right.  Ids
 * below 0 stay. */
void advertise_ids(const struct advertising *a, const struct snapshot *s, uint8_t *ids,
		   size_t count);
/* Whether clients hear this broker's own id (rather than another's). */
bool advertise_has_own(const struct advertising *a, const struct snapshot *s, int32_t broker);
/* The ports that a cluster needs: (max id - min_broker_id) + 3; 1 for single and host. */
int advertise_ports_needed(const struct listener *listener, const struct snapshot *s);

#endif
