/* The course of a request that the door does not let pass: its answer, or the end without one, is
 * held back as a broker does it, so that guessing takes its time. */
#include "session/turned_away.h"

#include "kafka/errors.h"
#include "session/ending.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"

#include <math.h>

static const char why[] = "asked out of order, or after its login had run out";

ev_tstamp turned_away_until(const struct client *c)
{
	const struct request *r = c->out.first;

	if (r == NULL || r->course != &course_turned_away || r->is_replied)
		return INFINITY;
	return r->started + DOOR_DELAY_MS / 1000.0;
}

/* Nothing more is read, and the request, which needs nothing more of its frame, stays. */
static void commit(struct client *c, struct request *r, const struct sending *to)
{
	(void)to;
	if (request_is_whole(c, r)) {
		client_count_in(c, request_frame_size(r));
		layout_keep(&r->layout);
		inbound_swallow(c, request_frame_size(r));
	}
	(void)inbound_stop(c);
	stats_add(&c->worker->stats, STAT_LOGINS_OUT_OF_ORDER, 1);
	client_end(c, why);
}

static enum course_result answer(struct client *c, struct request *r)
{
	if (client_now(c) < turned_away_until(c))
		return COURSE_WAITS;
	if (r->heard == DOOR_REFUSE)
		reply_stub(r, ERROR_ILLEGAL_SASL_STATE, false);
	else
		client_fail(c, why);
	return COURSE_MOVED;
}

const struct course course_turned_away = { .name = "turned away",
					   .commit = commit,
					   .answer = answer };
