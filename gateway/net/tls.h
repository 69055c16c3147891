/* tls.h - the layer of a connection by TLS 1.2 or 1.3, both ways, over OpenSSL.
 *
 * Clear bytes are bounded by a record (16 KB) each way, and an idle connection has none: OpenSSL gives
 * its buffers back.  A peer whose first byte is no TLS is closed without a byte: an alert would be
 * the size of a huge frame to a client that speaks plaintext.  The end of the stream is the peer's
 * end whether it said so (close_notify) or not, since some clients don't; a frame cut short is known by
 * its size.  What failed is told by conn_why.
 * Tests: tests/unit/net/tls_test.c, tests/unit/net/tls_handshake_test.c
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/conn.h"
#include "net/tls_context.h"

struct x509_st;
struct X509_name_st;

/* What a handshake told; borrowed from the connection. */
struct tls_said {
	const char *version;	 /* "TLSv1.3" */
	const char *cipher;	 /* as OpenSSL names it */
	const char *server_name; /* a client asked for it (SNI); NULL: none */
	struct x509_st *peer;	 /* its certificate, which was verified; NULL: it has shown none */
	bool is_resumed;
};

/* A peer that connected to us: see conn_raise.  The connection holds the context. */
void tls_accept(struct conn *c, struct tls_context *context);
/* A server that we connect to: `host`, a name or an address, is what its certificate must be for, and
 * what it is asked for (SNI). */
void tls_connect(struct conn *c, struct tls_context *context, const char *host, int port);
/* A handshake that has begun has had its time: it is lost, for that reason.  False: none has. */
bool tls_give_up(struct conn *c);
/* What failed of TLS, until the connection is closed; NULL: nothing, or there is none. */
const char *tls_why(const struct conn *c);
/* Whom a certificate is for; borrowed from it. */
const struct X509_name_st *tls_subject(const struct x509_st *certificate);
/* False: the connection is not by TLS, or not open yet. */
bool tls_said(const struct conn *c, struct tls_said *said);

#endif
