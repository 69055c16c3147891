/* connections.h - who is connected to this node, asked from any thread.
 *
 * Workers look at their own clients on their own threads; the caller waits, two
 * seconds at most.  Tests: tests/integration/operate/http_api.py
 */
#ifndef SESSION_CONNECTIONS_H
#define SESSION_CONNECTIONS_H

#include "session/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
	uint64_t id;
	char client[64]; /* "host:port", from PROXY when there is one */
	char *client_id; /* of its last request; NULL: none yet, or null */
	char *software;	 /* "apache-kafka-java 4.4.0"; NULL: it did not tell */
	int port;	 /* which of the node's ports it came by, from 0 on */
	int worker;
	int64_t age_ms, idle_ms; /* since its accept; since the last byte either way */
	unsigned in_flight;	 /* requests that are not answered */
	bool is_draining;
	uint64_t bytes_in, bytes_out;
	int32_t *brokers; /* it has connections to, a broker can be there twice */
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

/* False: a worker does not answer; *out is empty then.  Free with connections_free. */
MUST_CHECK bool connections_list(struct worker *const *workers, int count,
				 const struct connections_wanted *wanted, struct connections *out);
void connections_free(struct connections *c);

enum connections_closed { CONNECTION_CLOSING, CONNECTION_UNKNOWN, CONNECTION_NO_ANSWER };

/* It goes once what it asked has been answered, as in a drain. */
enum connections_closed connections_close(struct worker *const *workers, int count, uint64_t id);

#endif
