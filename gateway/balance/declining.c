#include "balance/declining.h"

#include <math.h>

enum {
	WHOLE = 1000,
	FEW = 3, /* so many clients too many are none too many */
	PAUSE_MS =
		3000, /* until the workers have counted again and the others have heard the change */
	QUIET_MS = 5000, /* nothing changes so soon after a node came or went */
	STEP = 40,
	BACK_MS = 60000, /* the way back is slow: clients that all have one key move as one */
};

static void listen(struct declining *d, const struct declining_input *in)
{
	if (!in->is_steady) {
		d->heard = 0;
		return;
	}
	d->last[d->heard % DECLINING_LAG_S] = *in;
	d->heard++;
}

/* The least that belonged here and the highest mean of the last seconds, or the other way
 * round: the others' loads are some seconds old, and where all have more and more, nobody has
 * too much. */
static double excess(const struct declining *d)
{
	double low = INFINITY, high = 0, low_mean = INFINITY, high_mean = 0;

	for (int i = 0; i < DECLINING_LAG_S; i++) {
		low = fmin(low, d->last[i].at_home);
		high = fmax(high, d->last[i].at_home);
		low_mean = fmin(low_mean, d->last[i].mean);
		high_mean = fmax(high_mean, d->last[i].mean);
	}
	if (low > high_mean)
		return low - high_mean;
	return high < low_mean ? high - low_mean : 0;
}

/* What is to be declined from now on.  The slack is a part of the tolerance, so that a correction
 * finds somebody to close, and ends inside the tolerance. */
static unsigned next(const struct declining *d, const struct declining_input *in)
{
	double slack = fmax(in->mean * in->tolerance / 400, FEW), kept = WHOLE - d->now, wanted,
	       too_many = excess(d);

	if (too_many > slack) {
		wanted = WHOLE - kept * in->mean / (in->mean + too_many);
		return (unsigned)lround(fmin(fmin(wanted, d->now + STEP), DECLINES_MOST));
	}
	/* own counts too: clients that belong here and are at other nodes are not known */
	if (too_many < -slack && in->own < in->mean - slack &&
	    in->now_ms >= d->changed_at + BACK_MS)
		return d->now > STEP ? d->now - STEP : 0;
	return d->now;
}

static bool may_change(const struct declining *d, const struct declining_input *in)
{
	return d->heard >= DECLINING_LAG_S && in->now_ms >= d->changed_at + PAUSE_MS &&
	       in->now_ms >= d->members_at + QUIET_MS;
}

unsigned declining_step(struct declining *d, const struct declining_input *in)
{
	unsigned wanted = d->now;

	if (in->members != d->members) {
		d->members = in->members;
		d->members_at = in->now_ms;
	}
	listen(d, in);
	if (!in->is_on)
		wanted = 0;
	else if (may_change(d, in))
		wanted = next(d, in);
	if (wanted != d->now) {
		d->now = wanted;
		d->changed_at = in->now_ms;
		d->heard = 0; /* what was counted before the change says nothing any more */
	}
	return d->now;
}
