/* stickiness.h - the kinds of stickiness: what keeps a client on its node.
 *
 * Nothing needs it, as any node answers anything; it keeps a client's
 * connections together, for caches, quotas and logs.  A kind is one row: what
 * the key is, where it comes from, how large a table of it gets.
 * Tests: tests/unit/haproxy/plan/stickiness_test.c, tests/integration/haproxy/stickiness.py
 */
#ifndef HAPROXY_STICKINESS_H
#define HAPROXY_STICKINESS_H

#include "config/haproxy.h"

#include <stdio.h>

struct haproxy_plan;

const char *stickiness_name(enum haproxy_stickiness kind);
/* The frontend's lines that put the key into a variable, if it must be in one;
 * client.id and server name are in txn.client and txn.sni before. */
void stickiness_write_key(const struct haproxy_plan *plan, FILE *out);
/* The backend's table and its use. */
void stickiness_write_table(const struct haproxy_plan *plan, FILE *out);
/* What `balance` has for a hash of the key. */
void stickiness_write_hash(const struct haproxy_plan *plan, FILE *out);

#endif
