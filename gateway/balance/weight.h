/* weight.h - how much of its weight a node asks HAProxy for, in percent.
 *
 * A node that has more to do than the nodes have on average asks for less, in steps of
 * five, never less than ten nor more than a hundred.  What it asks for changes only when
 * five measurements in a row want it more than ten away (or want all), and then goes half of the way, so
 * that it does not swing: the load that a weight moves takes a while to come or go.
 * Tests: tests/unit/balance/weight_test.c
 */
#ifndef BALANCE_WEIGHT_H
#define BALANCE_WEIGHT_H

struct weight {
	int now;    /* what is asked for; 0: nothing measured yet, means 100 */
	int wanted; /* what measurements in a row want */
	int in_a_row;
};

struct weight_load {
	double own, mean;	  /* connections of this node, and of the nodes on average */
	double bytes, bytes_mean; /* the same of bytes a second */
	double room;		  /* 0 to 1: the share of max_connections that is free */
};

/* What one measurement alone would ask for, 10 to 100. */
int weight_of(const struct weight_load *load);
/* Takes a measurement in; returns what to ask for. */
int weight_step(struct weight *w, const struct weight_load *load);

#endif
