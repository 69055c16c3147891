#include "program/reach.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

void reach_deinit(struct reach *r)
{
	free(r->out);
	*r = (struct reach){ NULL, 0 };
}

/* The broker's own place, else one whose time is over, else a new one. */
static struct reach_out *place_of(struct reach *r, int32_t broker, int64_t now)
{
	struct reach_out *over = NULL;

	for (struct reach_out *o = r->out; o < r->out + r->count; o++) {
		if (o->broker == broker)
			return o;
		if (o->until <= now)
			over = o;
	}
	if (over != NULL)
		return over;
	r->out = mem_realloc(r->out, (r->count + 1) * sizeof *r->out);
	return &r->out[r->count++];
}

void reach_lost(struct reach *r, int32_t broker, int64_t now, int64_t for_ms)
{
	*place_of(r, broker, now) = (struct reach_out){ broker, now + for_ms };
}

bool reach_is_out(const struct reach *r, int32_t broker, int64_t now)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->out[i].broker == broker && r->out[i].until > now)
			return true;
	}
	return false;
}

void doubts_deinit(struct doubts *d)
{
	free(d->brokers);
	*d = (struct doubts){ NULL, 0 };
}

void doubts_add(struct doubts *d, int32_t broker)
{
	if (doubts_has(d, broker))
		return;
	d->brokers = mem_realloc(d->brokers, (d->count + 1) * sizeof *d->brokers);
	d->brokers[d->count++] = broker;
}

bool doubts_has(const struct doubts *d, int32_t broker)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->brokers[i] == broker)
			return true;
	}
	return false;
}

void doubts_drop_first(struct doubts *d)
{
	d->count--;
	memmove(d->brokers, d->brokers + 1, d->count * sizeof *d->brokers);
}

void doubts_put_off_first(struct doubts *d)
{
	const int32_t first = d->brokers[0];

	memmove(d->brokers, d->brokers + 1, (d->count - 1) * sizeof *d->brokers);
	d->brokers[d->count - 1] = first;
}
