/* polled_inside.h - a Fetch of several brokers that may wait, as both of its files know it; for polled*.c only.
 *
 * polled.c is its course, polled_left.c what of it lasts longer.
 */
#ifndef SESSION_POLLED_INSIDE_H
#define SESSION_POLLED_INSIDE_H

#include "route/edits.h"
#include "session/request.h"

/* What belongs to the part of the same index. */
struct asked {
	uint64_t question;  /* what is asked, whatever the order; of no session's Fetch */
	bool was_anew;	    /* the broker did not know the session, and was asked once more */
	uint32_t min_bytes; /* a poll ends when the broker has so many */
	bool is_adopted;    /* the poll was left behind by an earlier Fetch */
	bool is_judged;	    /* the poll ended, and that did not end the wait */
	bool is_heard;	    /* what the answer says of the broker's session has been noted */
	ev_tstamp until;    /* the poll ends by then */
};

/* The course's own. */
struct polled {
	uint8_t *frame; /* its own copy */
	struct edits edits;
	uint32_t max_bytes; /* of a part */
	ev_tstamp wait_until;
	bool is_enough;	     /* what has been answered is what is told */
	bool is_waiting;     /* request's parts are the polls */
	bool is_over;	     /* the wait, by its own time */
	struct part *looked; /* then: the parts of the look */
	struct asked *asked;
};

static inline struct polled *polled_of(const struct request *r)
{
	return r->of_course;
}

/* The part's look: what a poll that is out there, and asks the same, says or has said; where there is
 * none it is still to be sent. */
void polled_take_over(struct client *c, struct part *p, struct asked *asked);
/* The part's poll is one that is out there and asks the same.  False: there is none. */
MUST_CHECK bool polled_take_on(struct client *c, struct part *p, struct asked *asked);
/* The request ends: its polls that are still out, and what was taken over, are left for the next. */
void polled_leave(struct client *c, struct request *r);

#endif
