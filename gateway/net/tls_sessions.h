/* tls_sessions.h - what servers gave for another handshake to be short (tickets), a few a server.
 *
 * Several threads use one store.  A ticket of TLS 1.3 serves once; a session of TLS 1.2 again and
 * again.  Tests: tests/unit/net/tls_handshake_test.c
 */
#ifndef NET_TLS_SESSIONS_H
#define NET_TLS_SESSIONS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>

enum {
	TLS_SERVERS_MAX = 1024,
	TLS_TICKETS_MAX = 4, /* of one server, the newest */
};

/* One server's; lasts as long as the store. */
struct tls_tickets {
	struct tls_tickets *next;
	char *server; /* "host:port" */
	SSL_SESSION *list[TLS_TICKETS_MAX];
	int count;
};

struct tls_sessions {
	pthread_mutex_t lock;
	struct tls_tickets *first;
	int servers;
};

void tls_sessions_init(struct tls_sessions *s);
void tls_sessions_deinit(struct tls_sessions *s);
/* NULL: there are too many servers, and this one has no place. */
struct tls_tickets *tls_sessions_of(struct tls_sessions *s, const char *host, int port);
/* The newest one that still may be used; caller frees.  NULL: none. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct tls_tickets *of);
/* Makes the contexts' connections keep what their servers give; the store lasts as long. */
void tls_sessions_keep(struct tls_sessions *s, SSL_CTX *context);
/* What the connection is given is of this server; NULL: it is not kept. */
void tls_sessions_name(SSL *connection, struct tls_tickets *of);

#endif
