/* tls_inside.h - what tls.c needs of a context: for the files tls*.c alone. */
#ifndef NET_TLS_INSIDE_H
#define NET_TLS_INSIDE_H

#include "net/tls_context.h"
#include "net/tls_sessions.h"

#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ssl;
	_Atomic unsigned refs;
	bool is_server;
	bool ignores_names;
	int64_t expires;
	struct tls_sessions sessions; /* of a client */
};

#endif
