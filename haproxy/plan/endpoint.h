/* endpoint.h - HOST:PORT and HOST:PORT-PORT as people write them.
 *
 * The host is a name, an IPv4 address, an IPv6 address in brackets, or `*`
 * for every address.  It goes into haproxy.cfg as it is, so nothing passes
 * that HAProxy could take for a second word, a variable or a comment.
 * Tests: tests/unit/haproxy/plan/endpoint_test.c
 */
#ifndef HAPROXY_ENDPOINT_H
#define HAPROXY_ENDPOINT_H

#include "util/compiler.h"

#include <stdbool.h>

/* A host with the ports first to last; both 0 when none was written. */
struct endpoint {
	char *host; /* without brackets; owned */
	int first;
	int last;
	bool is_range; /* written with a `-` */
};

/* NULL and the endpoint (endpoint_deinit it), or what is wrong with the text;
 * the endpoint is then empty. */
MUST_CHECK const char *endpoint_parse(const char *text, struct endpoint *endpoint);
void endpoint_deinit(struct endpoint *endpoint);

/* NULL, or what is wrong with the host: a name or an address, no brackets. */
MUST_CHECK const char *endpoint_host_mistake(const char *host);
/* Whether it is an address (not a name); `*` is none. */
bool endpoint_is_address(const char *host);
/* 0.0.0.0, :: and *. */
bool endpoint_is_every_address(const char *host);
/* 127.0.0.0/8, ::1 and localhost. */
bool endpoint_is_loopback(const char *host);
/* Whether both mean the same: addresses by value, names without regard to
 * case; never asks the DNS. */
bool endpoint_same_host(const char *a, const char *b);

#endif
