/* serving.h - whether clients who came now would be served.
 *
 * A node that serves nobody while others could must say so, or a load balancer that gives the next
 * client to who has the fewest gives it all of them.  Where the others can't either, nothing is
 * gained by leaving: who asks the others is peers.c.
 *
 *   SERVES --a broker's beat is missing--> DOUBTS --and some more--> CANNOT
 *
 * DOUBTS is told to other nodes as CANNOT, and to load balancers as SERVES: so when the brokers are
 * gone, all nodes know that of each other before any of them leaves.
 * Pure.  Tests: tests/unit/program/serving_test.c
 */
#ifndef PROGRAM_SERVING_H
#define PROGRAM_SERVING_H

#include <stdbool.h>
#include <stdint.h>

enum serving { SERVES, DOUBTS, CANNOT };

struct serving_facts {
	int64_t silent_ms;  /* since any broker answered the topology; -1: none has yet */
	int64_t cut_off_ms; /* for so long clients' connections to brokers have failed; 0: no */
	bool no_files;	    /* no descriptor is left for a client */
};

/* *why is what the operator reads; NULL: nothing is wrong. */
enum serving serving_of(const struct serving_facts *f, const char **why);

#endif
