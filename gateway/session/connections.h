/* connections.h - who is connected to this node, asked from any thread.
 *
 * Workers look at their own clients on their own threads; the caller waits, two
 * seconds at most.
 * Tests: tests/unit/session/connections_test.c, tests/integration/operate/http_api.py
 */
#ifndef SESSION_CONNECTIONS_H
#define SESSION_CONNECTIONS_H

#include "loop/connection.h"
#include "session/worker.h"

/* False: a worker does not answer; *out is empty then.  Free with connections_free. */
MUST_CHECK bool connections_list(struct worker *const *workers, int count,
				 const struct connections_wanted *wanted, struct connections *out);

/* The client goes once what it asked has been answered, as in a drain. */
enum connections_closed connections_close(struct worker *const *workers, int count, uint64_t id);

#endif
