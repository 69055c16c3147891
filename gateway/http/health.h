/* health.h - what the node says of its own state, as JSON.
 *
 * Tests: tests/unit/http/health_test.c
 */
#ifndef HTTP_HEALTH_H
#define HTTP_HEALTH_H

#include "http/metrics.h"
#include "util/compiler.h"

#include <stddef.h>

enum http_phase {
	HTTP_STARTING, /* the cluster has not answered, the ports are not bound, or internal
			* balancing waits for the other nodes' loads */
	HTTP_READY,    /* send clients here */
	HTTP_DEGRADED, /* the same, but somebody should have a look */
	HTTP_DRAINING, /* send no new ones */
	HTTP_UNABLE,   /* the same: it could not serve them, and other nodes can */
};

enum { HTTP_REASONS_MAX = 8, HTTP_REASON_SIZE = 320 };

struct http_health {
	enum http_phase phase;
	bool serves;	     /* as far as the node knows of itself: what other nodes ask */
	size_t reason_count; /* why it is not ready; may also warn while it is */
	char reasons[HTTP_REASONS_MAX][HTTP_REASON_SIZE];
};

/* Whether clients may be sent here. */
static inline bool http_takes_clients(const struct http_health *health)
{
	return health->phase == HTTP_READY || health->phase == HTTP_DEGRADED;
}

/* One reason more, cut to its size; those beyond the maximum are left out. */
void http_reason(struct http_health *health, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* {"status": "starting", "reasons": ["no broker has answered"]}; the reasons are an
 * empty list when there are none.  Caller frees. */
char *health_ready(const struct http_health *health);
/* The same and what an operator looks at first: version, uptime, whether clients who came now
 * would be served ("serves"), connections, brokers, topics, memory.  Caller frees. */
char *health_summary(const struct http_health *health, const struct http_metrics *metrics,
		     const struct http_node *node);

#endif
