/* proxy.h - the PROXY protocol, versions 1 and 2, as HAProxy sends it.
 *
 * https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
 * Tests: tests/unit/net/proxy_test.c, tests/fuzz/proxy.c
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum proxy_result {
	PROXY_HEADER,	 /* there was one; *used bytes of it */
	PROXY_NO_HEADER, /* these bytes begin something else */
	PROXY_MORE,	 /* can't be told yet: at most PROXY_HEADER_MAX bytes are needed */
	PROXY_BAD,	 /* begins as a header and is none */
};

enum {
	PROXY_HEADER_MAX = 16 + 65535,
	PROXY_TLV_ZONE = 0xe1, /* of those for applications; HAProxy: set-proxy-v2-tlv-fmt(0xE1) */
};

/* What the sender says of TLS on its own side (PP2_TYPE_SSL). */
struct proxy_tls {
	bool is_there;
	uint8_t client;	 /* PP2_CLIENT_* */
	uint32_t verify; /* 0: the certificate is good, or there is none */
	const uint8_t
		*name; /* the certificate's CN, borrowed from the header's bytes; NULL: not said */
	size_t name_len;
};

struct proxy_header {
	/* The zone that the sender says the client is in (PROXY_TLV_ZONE), borrowed as the name is;
	 * NULL: not said. */
	const uint8_t *zone;
	size_t zone_len;
	bool is_local; /* LOCAL or UNKNOWN: the socket's own addresses hold */
	struct sockaddr_storage source, destination; /* family AF_UNSPEC when is_local */
	struct proxy_tls tls;
};

/* Reads a header from the first n bytes of a connection. A CRC32C TLV that is
 * there must be right. */
enum proxy_result proxy_read(const uint8_t *bytes, size_t n, struct proxy_header *header,
			     size_t *used);

enum proxy_name {
	PROXY_NAMED,
	PROXY_NAMELESS, /* the client has shown no certificate */
	PROXY_MISNAMED, /* it has shown one that was not verified, or whose name can't be told */
};

/* Whom the client's certificate is for, of a header whose sender is trusted; *name is the caller's to
 * free.  The flags must say that a certificate was shown in this session, full or resumed (0x04: the
 * other one, 0x02, is not set on a resumed one), verify that it was good, and the name be a text. */
enum proxy_name proxy_client_name(const struct proxy_header *header, char **name);

#endif
