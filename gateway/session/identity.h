/* identity.h - whom a connection is for, before its client has said a word.
 *
 * By TLS alone (security_protocol SSL) a client is whom its certificate is for, by the rules that Kafka
 * has for it (config/principal_rules.h), as on a broker's SSL listener; with SASL the certificate says
 * nothing, as there.  Where HAProxy ends TLS its PROXY header says it (gateway.proxy_identity), and then
 * nothing else does: a certificate of the connection itself is HAProxy's.  Where a name can't be told the
 * connection is closed, as a broker closes it; so it is where the identity map has no row for the name.
 * Tests: tests/unit/session/arrival_test.c, tests/integration/operate/tls_from_clients.py,
 *   tests/integration/operate/identity_map.py
 */
#ifndef SESSION_IDENTITY_H
#define SESSION_IDENTITY_H

#include <stdbool.h>

struct came;
struct proxy_header;
struct worker;

enum { IDENTITY_WHY_MAX = 400 };

/* A header whose sender is trusted: may set came->name.  False, and why: as the next one. */
bool identity_take_header(const struct proxy_header *header, struct came *came,
			  char why[IDENTITY_WHY_MAX]);
/* The layer is open: sets came->name and came->as.  False, and why: the connection may not be served. */
bool identity_take(const struct worker *w, struct came *came, char why[IDENTITY_WHY_MAX]);
/* Frees the texts of who came. */
void identity_forget(struct came *came);

#endif
