/* tls_context.h - what the TLS connections of one side have in common: certificates, whom they trust.
 *
 * A context is made of files, whole or not at all, and never changed: when a file is another one, a
 * new context takes its place in the slot, and connections keep the one that they began with, by
 * a reference.  All functions may be called from any thread.
 * Tests: tests/unit/net/tls_context_test.c
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include "util/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TLS_WHY_MAX = 320 };

/* In the order of config.h. */
enum tls_client_auth { TLS_AUTH_NONE, TLS_AUTH_REQUESTED, TLS_AUTH_REQUIRED };
enum tls_version { TLS_1_2, TLS_1_3 };

/* Of which files, all PEM, and how; NULL: none. */
struct tls_wanted {
	const char *certificate;  /* and the chain below its authority */
	const char *key;	  /* NULL: stands in the certificate's file */
	const char *key_password; /* of the key */
	const char *ca; /* file or folder of authorities; NULL: for a client those of the system */
	const char *
		ciphers; /* with colons or commas, as OpenSSL or as Kafka names them; NULL: usual */
	enum tls_version min_version;
	enum tls_client_auth client_auth; /* of a server */
	bool ignores_names; /* a client: any name in the server's certificate will do */
};

struct tls_context;
struct x509_st;

/* NULL and why: a file can't be used, the key is another certificate's, a certificate is not valid
 * now. */
MUST_CHECK struct tls_context *tls_server_new(const struct tls_wanted *wanted,
					      char why[TLS_WHY_MAX]);
MUST_CHECK struct tls_context *tls_client_new(const struct tls_wanted *wanted,
					      char why[TLS_WHY_MAX]);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* fine with NULL */

/* When the first certificate of its own chain ends, in seconds since 1970; INT64_MAX: it has none. */
int64_t tls_context_expires(const struct tls_context *context);
/* When a certificate ends, in seconds since 1970. */
int64_t tls_ends(const struct x509_st *certificate);
/* Whether its own certificate is one for that name or address. */
bool tls_context_names(const struct tls_context *context, const char *host);
/* Its own certificate with the chain, and the key, which is not encrypted any more: for a library that
 * makes contexts of its own.  Caller frees both, the key with tls_pem_wipe. */
void tls_context_pem(const struct tls_context *context, char **certificate, char **key);
void tls_pem_wipe(char *key); /* fine with NULL */

/* The context that connections begin with now; several threads ask. */
struct tls_slot {
	pthread_mutex_t lock;
	struct tls_context *now; /* NULL: connections are not by TLS */
};

void tls_slot_init(struct tls_slot *slot);
void tls_slot_deinit(struct tls_slot *slot);
/* Takes the context. */
void tls_slot_set(struct tls_slot *slot, struct tls_context *context);
/* A reference, or NULL. */
struct tls_context *tls_slot_get(struct tls_slot *slot);

#endif
