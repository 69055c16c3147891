/* facts.h - what running load balancers show that matters for their stickiness, as numbers.
 *
 *   facts_observe    who is connected where, over all load balancers and their old workers
 *   facts_simulate   how even each kind of stickiness would be for these clients
 *
 * HAProxy tells a session's address and port and not its client.id, so kinds that are made of
 * more are simulated for a log that is given instead.
 * Tests: tests/unit/haproxy/advise/facts_test.c, tests/integration/haproxy/advise.py
 */
#ifndef ADVISE_FACTS_H
#define ADVISE_FACTS_H

#include "live/observe.h"
#include "simulate/simulate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct facts_kind {
	bool is_known;
	double skew, bytes_skew, stays;
};

struct facts {
	size_t balancers, nodes; /* nodes that are up */
	size_t sessions, sources;
	size_t busiest; /* sessions of the source that has most */
	char busiest_source[64];
	int64_t oldest;	    /* seconds; of the session that is open for longest */
	int64_t peak;	    /* most connections at once on one load balancer */
	int64_t maxconn;    /* the least of theirs; -1: not told */
	int64_t table_used; /* the most on one of them; -1: no table */
	double skew, bytes_skew;
	struct version version; /* the oldest HAProxy of theirs */
	char shared_id[64];	/* a library's default client.id among the keys; "": none */
	struct facts_kind kinds[SIMULATE_KEYS];
};

/* The sessions become a population as well.  population_init it first.  False, and why. */
MUST_CHECK bool facts_observe(struct facts *f, const struct balancers *all,
			      const struct observation *seen, struct population *sessions,
			      char why[RUNTIME_WHY_MAX]);
/* Each kind that the population tells enough for, by this balance and table. */
void facts_simulate(struct facts *f, const struct population *p, const struct observation *seen,
		    enum balancer_kind balance, size_t table_size, int64_t expire_ms);

/* --- the steps, for texts that are there already --- */

/* `show sess all` of a worker of a load balancer. */
void facts_read_sessions(struct facts *f, const char *text, const char *backend,
			 struct population *p);
/* A key of the table: whether it is a client.id that a library gives to all. */
bool facts_is_shared_id(const char *key);
/* When all sessions have been read: counts them. */
void facts_count(struct facts *f, struct population *p);

#endif
