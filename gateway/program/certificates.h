/* certificates.h - the contexts of TLS that the node's connections begin with, made of the files that
 * the configuration names.
 *
 * Tests: tests/integration/operate/tls_to_brokers.py
 */
#ifndef PROGRAM_CERTIFICATES_H
#define PROGRAM_CERTIFICATES_H

#include "upstream/link.h"

struct config;

struct certificates {
	struct tls_slot brokers, clients;
	struct link_terms terms; /* of links to brokers */
};

void certificates_init(struct certificates *s);
/* Nobody begins a connection any more. */
void certificates_deinit(struct certificates *s);
/* Reads the files and puts new contexts in place, of all sides or of none.  False and why. */
MUST_CHECK bool certificates_load(struct certificates *s, const struct config *config,
				  char why[TLS_WHY_MAX]);

#endif
