/* connection.h - one client's connection, as a worker tells of it to another thread.
 *
 * Plain values; who asks for a list frees it.
 * Tests: tests/integration/operate/http_api.py
 */
#ifndef LOOP_CONNECTION_H
#define LOOP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
	uint64_t id;
	char client[64];	/* "host:port", from PROXY when there is one */
	char *client_id;	/* of its last request; NULL: none yet, or null */
	const char *tls;	/* "TLSv1.3"; NULL: no TLS, and so are the next ones */
	char *server_name;	/* that it asked for, SNI; NULL: none */
	char *subject;		/* of its certificate, as Kafka writes it; NULL: none */
	int64_t subject_until;	/* when that ends, in seconds since 1970 */
	char *software;		/* "apache-kafka-java 4.4.0"; NULL: the client did not tell */
	char *principal;	/* "User:alice"; NULL: it has not said who it is */
	char *mechanism;	/* of SASL, by which it said so; NULL: by none */
	size_t listener;	/* by which of the node's the client came, */
	int port;		/* and by which of its ports, from 0 on */
	int32_t dialled;	/* the broker's id that the client dialled, */
	const char *dialled_by; /* and what says so, in a word; NULL: nothing does */
	int worker;
	int64_t age_ms, idle_ms; /* since its accept; since the last byte either way */
	unsigned in_flight;	 /* requests that are not answered */
	bool is_draining;
	uint64_t bytes_in, bytes_out;
	int32_t *brokers; /* that the client has connections to; a broker can be there twice */
	size_t broker_count;
};

struct connections {
	struct connection *list; /* of each worker the youngest first */
	size_t count;
	size_t matched; /* how many there are, `count` of them in the list */
};

struct connections_wanted {
	const char *client;    /* what "host:port" begins with; NULL: any */
	const char *client_id; /* exactly; NULL: any */
	size_t limit;	       /* of the list */
};

enum connections_closed { CONNECTION_CLOSING, CONNECTION_UNKNOWN, CONNECTION_NO_ANSWER };

/* Leaves so many of the list, and frees the others. */
void connections_cut(struct connections *c, size_t limit);
void connections_free(struct connections *c);

#endif
