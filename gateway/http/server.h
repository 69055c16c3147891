/* server.h - the node's HTTP side: health and metrics.
 *
 *   GET /health        200, a summary
 *   GET /health/live   200 as long as the process turns
 *   GET /health/ready  200 when clients may come, else 503 and why
 *   GET /metrics       for Prometheus
 *
 * It has a thread of its own, so it answers before the cluster is known and
 * whatever the workers do.  Connections, their memory and their time are
 * bounded, and when many are open the oldest is closed: slow, huge and
 * malformed requests cost nobody else anything.  The thread takes no signals.
 * Tests: tests/unit/http/server_test.c
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/health.h"
#include "http/metrics.h"
#include "util/compiler.h"

#include <stddef.h>

struct http_server;

/* Where the answers come from.  Both are called on the server's thread, one at
 * a time, from before http_start returns until http_stop does; they must not
 * wait for the network.  `out` is zeroed before. */
struct http_source {
	void *ctx;
	void (*health)(void *ctx, struct http_health *out);
	void (*metrics)(void *ctx, struct http_metrics *out);
};

/* Binds and starts.  Copies the source and the version.  Port 0: any free one.
 * NULL on a mistake, with one line in why ("listen on 0.0.0.0:8888: Address
 * already in use"). */
MUST_CHECK struct http_server *http_start(const char *host, int port, const char *version,
					  const struct http_source *source, char *why,
					  size_t why_size);
/* The port it has. */
int http_port(const struct http_server *server);
/* Closes every connection, ends the thread, frees all.  Fine with NULL. */
void http_stop(struct http_server *server);

#endif
