/* correction.h - when a node closes connections because it has more than its share, and how many.
 *
 * A round begins when the node is above the nodes' mean by more than the tolerance, while
 * every node's load is known and none has come or gone of late.  The others' loads are some
 * seconds old, so the least that the node had in these seconds is compared with the highest
 * mean: where all have more and more, nobody has too much.  A round closes what is above the
 * mean, a few a second, and is over when that is done.  Then the node waits until the others
 * have told what that did to them.  When most of what was closed has come back (a load balancer that is
 * sticky), or nothing could be closed, the next round waits, twice as long each time, ten minutes
 * at most.  Under internal balancing clients that come back are known again; else the number of
 * connections tells.
 * Tests: tests/unit/balance/correction_test.c
 */
#ifndef BALANCE_CORRECTION_H
#define BALANCE_CORRECTION_H

#include <stdbool.h>
#include <stdint.h>

enum { CORRECTION_LAG_S = 6 };

enum correction_event {
	CORRECTION_NONE,
	CORRECTION_BEGUN,
	CORRECTION_ENDED,
	CORRECTION_IN_VAIN, /* what a round did is judged some seconds after its end */
};

struct correction {
	enum { CORRECTION_REST, CORRECTION_ROUND, CORRECTION_SETTLE } state;
	/* the two of correction_input in the last seconds, in turn; `heard` counts the seconds since
	 * the loads became known */
	double owns[CORRECTION_LAG_S], means[CORRECTION_LAG_S];
	unsigned heard;
	bool is_asked;	    /* a round is to begin whatever the tolerance and the pauses */
	bool by_request;    /* this round was asked for */
	bool goes_on;	    /* the last round was of use */
	uint64_t members;   /* who the nodes were, and since when */
	int64_t members_at; /* 0: never */
	uint64_t goal;	    /* of the round, in connections */
	int64_t returned_before;
	double excess_before;
	uint64_t closed_before, closed_last;
	int64_t closed_at; /* when the last connection was closed */
	int64_t until;	   /* the end of CORRECTION_SETTLE, or of a pause in CORRECTION_REST */
	int64_t pause_ms;  /* 0: the last round was of use */
};

struct correction_input {
	int64_t now_ms;
	double own, mean; /* connections */
	bool is_steady;	  /* the loads of two nodes or more are known, and all take clients */
	bool is_on;	  /* the option */
	uint64_t members; /* changes when nodes come or go */
	uint64_t closed;  /* by corrections, ever */
	unsigned chosen;  /* connections that are about to be closed */
	int64_t returned; /* so many of the closed are back now; -1: nobody can know */
	int tolerance;	  /* percent */
	unsigned per_second;
};

/* To be called once a second; returns how many connections to close in this one. */
unsigned correction_step(struct correction *c, const struct correction_input *in,
			 enum correction_event *event);

#endif
