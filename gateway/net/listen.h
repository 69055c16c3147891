/* listen.h - listening sockets, one a worker and port, sharing the port.
 *
 * Tests: tests/unit/net/listen_test.c
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "util/compiler.h"

#include <stddef.h>

/* Opens `workers` sockets on each of `count` ports from `first` on, with
 * SO_REUSEPORT, non-blocking and listening: fds[port * workers + worker].
 * Takes each port alone first, so that another holder is an error, which
 * SO_REUSEPORT would hide, even when two nodes start at the same moment.
 * On a mistake closes what it opened, writes one line to why ("listen on
 * 0.0.0.0:6970: Address already in use") and returns -1. `host` is an address
 * or a name; numeric IPv6 works too.  A single socket may ask for port 0: any. */
MUST_CHECK int listen_open(const char *host, int first, int count, int workers, int *fds, char *why,
			   size_t why_size);

#endif
