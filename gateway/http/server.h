/* server.h - the node's HTTP side: takes requests, keeps visitors within limits.
 *
 * It answers before the cluster is known and whatever the workers do, a thread
 * a connection.  Connections, their memory and their time are bounded (visitors.h),
 * and when many are open the oldest is closed: slow, huge and malformed requests cost
 * nobody else anything.  The threads take no signals.
 *
 * With a certificate it is by TLS 1.2 or 1.3 alone; plaintext at its port is closed.
 *
 * What changes something needs the token, as "Authorization: Bearer TOKEN"; without one it is
 * refused unless the server listens on a loopback address only.  What tells of clients and brokers
 * needs one if there is one for that (request.h: enum http_access).
 *
 * A page of another site may be open in a browser near the node.  It can make a name of its own
 * point here, so nobody but probes is answered who calls the node by a name that it does not have
 * (an address can't be made to point elsewhere); and requests that a browser makes for another site
 * (an Origin that is not this Host) change nothing.
 * Tests: tests/unit/http/server_test.c, tests/integration/operate/http_api.py
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/request.h"
#include "net/tls_context.h"
#include "util/compiler.h"

#include <stddef.h>

struct http_server;

/* What there is.  Borrowed until http_stop. */
struct http_site {
	void *ctx;
	const struct http_route *routes;
	size_t route_count;
	const char *token; /* NULL: none; so are the next two */
	const char *read_token, *metrics_token;
	const char *names;    /* of the node, besides localhost, with commas; NULL: none */
	struct tls_slot *tls; /* the certificate that visitors are shown; NULL, or empty: no TLS */
	/* True: another node has answered; NULL: there are no others.  Called
	 * for routes below /v1/. */
	bool (*elsewhere)(void *ctx, const struct http_request *r, struct http_reply *reply);
};

/* Binds and starts; calls begin before it returns and end when http_stop does.
 * Port 0: any free one.  NULL on a mistake, with one line in why ("listen on
 * 0.0.0.0:8888: Address already in use"). */
MUST_CHECK struct http_server *http_start(const char *host, int port, const struct http_site *site,
					  char *why, size_t why_size);
/* To be called now and then: a certificate that has come since is the one that visitors are shown from
 * now on; who is there stays, by the one before. */
void http_tend(struct http_server *server);
/* The port it has. */
int http_port(const struct http_server *server);
/* Closes every connection, ends the threads, frees all.  Fine with NULL. */
void http_stop(struct http_server *server);

#endif
