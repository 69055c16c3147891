/* probe.h - whether somebody listens on ports, many at a time.
 *
 * Connects and closes at once.  Tests: tests/unit/haproxy/live/probe_test.c
 */
#ifndef LIVE_PROBE_H
#define LIVE_PROBE_H

#include <stddef.h>

enum probe_result { PROBE_OPEN, PROBE_REFUSED, PROBE_SILENT, PROBE_NO_ADDRESS };

struct probe {
	const char *host; /* a name or an address; borrowed */
	int port;
	enum probe_result result;
};

/* Fills every result; silent is who says nothing within timeout_ms. */
void probe_all(struct probe *list, size_t count, int timeout_ms);

#endif
