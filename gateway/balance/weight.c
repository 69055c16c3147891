#include "balance/weight.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST = 10, MOST = 100, STEP = 5, AWAY = 10, IN_A_ROW = 5 };

/* Fewer connections or bytes than these on average tell nothing of who has too many. */
static const double few_connections = 10, few_bytes = 1 << 20;

static double share(double mean, double own, double few)
{
	return mean < few || own <= mean ? 1 : mean / own;
}

int weight_of(const struct weight_load *load)
{
	double least = fmin(share(load->mean, load->own, few_connections),
			    share(load->bytes_mean, load->bytes, few_bytes));
	int percent;

	if (load->room < 0.1) /* the last tenth: fade out */
		least = fmin(least, fmax(load->room, 0) * 10);
	percent = (int)lround(least * MOST / STEP) * STEP;
	return percent < LEAST ? LEAST : percent > MOST ? MOST : percent;
}

/* The step is rounded away from where the weight stands, so that the way ends. */
static int halfway(int from, int to)
{
	int half = (to - from) / 2 / STEP * STEP;

	return abs(to - from) <= AWAY || half == 0 ? to : from + half;
}

int weight_step(struct weight *w, const struct weight_load *load)
{
	int one = weight_of(load);

	if (w->now == 0)
		w->now = MOST;
	if (one == w->now || (abs(one - w->now) <= AWAY && one != MOST)) {
		w->in_a_row = 0;
		return w->now;
	}
	/* a measurement on the other side of what is asked for now is a swing: begin anew */
	if (w->in_a_row == 0 || (one > w->now) != (w->wanted > w->now))
		w->in_a_row = 0;
	w->wanted = one;
	if (++w->in_a_row < IN_A_ROW)
		return w->now;
	w->now = halfway(w->now, one);
	w->in_a_row = 0;
	return w->now;
}
