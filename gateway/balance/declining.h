/* declining.h - how much of what the mapping would give a node is to go to the others.
 *
 * Under internal balancing clients go where the metadata answers send them.  A node that has too
 * much closes connections (correction.h), which is of use only when the next answers send those
 * clients elsewhere.  What counts is not how many clients are here but how many belong here: when
 * those are too many, a part of them is given to the other nodes, and stays theirs.
 * Little by little, so that no answer moves many of a client's brokers.
 * Declining is counted in thousandths, and told to the other nodes with the load.
 * Tests: tests/unit/balance/declining_test.c
 */
#ifndef BALANCE_DECLINING_H
#define BALANCE_DECLINING_H

#include <stdbool.h>
#include <stdint.h>

enum { DECLINES_MOST = 900, DECLINING_LAG_S = 5 };

struct declining_input {
	int64_t now_ms;
	bool is_on;	  /* internal balancing, and corrections are wanted */
	bool is_steady;	  /* the loads of two nodes or more are known, and all take clients */
	uint64_t members; /* changes when nodes come or go */
	double own, mean; /* connections */
	double at_home;	  /* connections of clients that the mapping gives to this node */
	int tolerance;	  /* percent */
};

struct declining {
	unsigned now;
	uint64_t members;
	int64_t members_at, changed_at; /* clock_ms */
	/* the inputs of the last seconds, in turn; `heard` counts them */
	struct declining_input last[DECLINING_LAG_S];
	unsigned heard;
};

/* To be called once a second; returns what is declined from now on. */
unsigned declining_step(struct declining *d, const struct declining_input *in);

#endif
