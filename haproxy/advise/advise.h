/* advise.h - what to change in a haproxy.cfg, given what its load balancers show.
 *
 * Each matter (the kind of stickiness, the table's size and expiry, timeouts, limits) gives one
 * advice: how it is, how it should be, why; and edits the parsed file where that is mechanical.
 * The rules and numbers are those of tests on HAProxy 2.6 with Kafka's clients.
 * Tests: tests/unit/haproxy/advise/advise_test.c, tests/integration/haproxy/advise.py
 */
#ifndef ADVISE_ADVISE_H
#define ADVISE_ADVISE_H

#include "advise/changes.h"
#include "advise/facts.h"
#include "advise/kind.h"

struct advice {
	const char *matter; /* "table size" */
	char *now, *better; /* better is NULL: it is fine as it is */
	char *why;
	bool is_edited; /* the file has been changed for it; else it is to be done by hand */
};

struct advised {
	struct advice *list;
	size_t count;
	struct changes edits;
};

/* What the file says of the backend. */
struct advise_file {
	struct cfg *cfg;
	struct cfg_section *backend, *frontend; /* frontend NULL: none leads to it */
	struct kind_found kind;
	bool has_table;
};

/* False: there is no such backend. */
MUST_CHECK bool advise_read(struct advise_file *file, struct cfg *cfg, const char *backend);
/* How the backend balances, for the simulation. */
enum balancer_kind advise_balance(const struct advise_file *file);
/* Advised_free it; it borrows the file. */
struct advised advise(struct advise_file *file, const struct facts *facts);
void advised_free(struct advised *a);
/* How many are to be changed. */
size_t advised_changes(const struct advised *a);

#endif
