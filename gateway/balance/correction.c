#include "balance/correction.h"

#include <math.h>

enum {
	FEW = 3,	  /* so many connections too many are none too many */
	QUIET_MS = 5000,  /* no round begins so soon after a node came or went */
	SETTLE_MS = 6000, /* until three records of every node's load have been heard */
	STALL_MS = 10000, /* a round that closes nobody for so long ends */
	PAUSE_MS = 10000,
	PAUSE_MOST_MS = 600000,
};

static void listen(struct correction *c, const struct correction_input *in)
{
	if (!in->is_steady) {
		c->heard = 0;
		return;
	}
	c->owns[c->heard % CORRECTION_LAG_S] = in->own;
	c->means[c->heard % CORRECTION_LAG_S] = in->mean;
	c->heard++;
}

/* The least that this node had, and the highest mean, of the last seconds. */
static void reckon(const struct correction *c, double *own, double *mean)
{
	*own = c->owns[0];
	*mean = c->means[0];
	for (int i = 1; i < CORRECTION_LAG_S; i++) {
		*own = fmin(*own, c->owns[i]);
		*mean = fmax(*mean, c->means[i]);
	}
}

static bool is_above(const struct correction *c, const struct correction_input *in)
{
	double own, mean;

	if (c->heard < CORRECTION_LAG_S)
		return false;
	reckon(c, &own, &mean);
	/* rounds that were of use go on, so that they end well inside the tolerance */
	return own - mean > FEW && own - mean > mean * in->tolerance / (c->goes_on ? 200 : 100);
}

static void look_at_members(struct correction *c, const struct correction_input *in)
{
	if (in->members == c->members && c->members_at > 0)
		return;
	c->goes_on = false;
	c->members = in->members;
	c->members_at = in->now_ms;
}

static void begin(struct correction *c, const struct correction_input *in)
{
	c->state = CORRECTION_ROUND;
	c->by_request = c->is_asked;
	c->is_asked = false;
	c->goal = (uint64_t)fmax(in->own - in->mean, 0);
	c->excess_before = in->own - in->mean;
	c->closed_before = c->closed_last = in->closed;
	c->returned_before = in->returned;
	c->closed_at = in->now_ms;
}

static bool may_begin(struct correction *c, const struct correction_input *in)
{
	if (!in->is_steady) {
		c->is_asked = false;
		return false;
	}
	if (c->is_asked) {
		c->is_asked = in->own >= in->mean + 1;
		return c->is_asked;
	}
	return in->is_on && in->now_ms >= c->until && in->now_ms >= c->members_at + QUIET_MS &&
	       is_above(c, in);
}

/* How many connections the round is still to close. */
static uint64_t left(struct correction *c, const struct correction_input *in)
{
	uint64_t done = in->closed - c->closed_before;

	if (in->closed != c->closed_last)
		c->closed_at = in->now_ms;
	c->closed_last = in->closed;
	if (!in->is_steady || done >= c->goal || in->own <= in->mean ||
	    in->now_ms >= c->closed_at + STALL_MS)
		return 0;
	return (uint64_t)fmin((double)(c->goal - done), ceil(in->own - in->mean));
}

/* The closed connections came back, or nothing could be closed. */
static bool was_in_vain(const struct correction *c, const struct correction_input *in)
{
	double closed = (double)(c->closed_last - c->closed_before);

	double gone = in->returned >= 0 ? closed - (double)(in->returned - c->returned_before)
					: c->excess_before - (in->own - in->mean);

	return gone < closed / 2 || (closed < 1 && is_above(c, in));
}

static void judge(struct correction *c, const struct correction_input *in,
		  enum correction_event *event)
{
	c->state = CORRECTION_REST;
	c->goes_on = !was_in_vain(c, in);
	if (c->goes_on) {
		c->pause_ms = 0;
		return;
	}
	c->pause_ms = c->pause_ms == 0 ? PAUSE_MS : c->pause_ms * 2;
	if (c->pause_ms > PAUSE_MOST_MS)
		c->pause_ms = PAUSE_MOST_MS;
	c->until = in->now_ms + c->pause_ms;
	*event = CORRECTION_IN_VAIN;
}

unsigned correction_step(struct correction *c, const struct correction_input *in,
			 enum correction_event *event)
{
	uint64_t n = 0;

	*event = CORRECTION_NONE;
	look_at_members(c, in);
	listen(c, in);
	if (c->state == CORRECTION_SETTLE && (in->now_ms >= c->until || c->is_asked))
		judge(c, in, event);
	if (c->state == CORRECTION_REST && *event == CORRECTION_NONE && may_begin(c, in)) {
		begin(c, in);
		*event = CORRECTION_BEGUN;
	}
	if (c->state != CORRECTION_ROUND)
		return 0;
	n = left(c, in);
	if (n > 0) {
		n = n > in->chosen ? n - in->chosen : 0;
		return n < in->per_second ? (unsigned)n : in->per_second;
	}
	c->state = CORRECTION_SETTLE;
	c->until = in->now_ms + SETTLE_MS;
	*event = CORRECTION_ENDED;
	return 0;
}
