/* stickiness.h - the kinds of stickiness: what keeps a client on its node.
 *
 * Nothing needs it, as any node answers anything; it keeps a client's
 * connections together, for caches, quotas and logs.  A kind is one row:
 * what is the key, which lines make it in the frontend and in the backend.
 * Tests: tests/unit/haproxy/plan/stickiness_test.c, tests/integration/haproxy_stickiness.py
 */
#ifndef HAPROXY_STICKINESS_H
#define HAPROXY_STICKINESS_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stdio.h>

enum haproxy_stickiness {
	STICKINESS_NONE,
	STICKINESS_SOURCE,    /* the client's address */
	STICKINESS_CLIENT_ID, /* Kafka's client.id */
	STICKINESS_PORT	      /* the port that the client asked for */
};

/* False when the word names none. */
MUST_CHECK bool stickiness_parse(const char *word, enum haproxy_stickiness *kind);
const char *stickiness_name(enum haproxy_stickiness kind);
/* What the frontend decides by a connection's first bytes: the guard against
 * what is not Kafka, and the key if it is in them. */
void stickiness_write_inspection(enum haproxy_stickiness kind, FILE *out);
/* The backend's table and its use. */
void stickiness_write_table(enum haproxy_stickiness kind, FILE *out);

#endif
