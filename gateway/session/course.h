/* course.h - what becomes of a request between its head and its answer's last byte.
 *
 *   through     one broker; frame and answer are cut through as they come
 *   rewritten   one broker; the answer is held, for it names addresses
 *   joint       the same, and all who ask the same at that time get it
 *   merged      parts for several brokers, or all; the answers become one
 *   polled      a Fetch of several brokers that may wait: looked everywhere, then waited
 *   curtailed   one broker; without what is the nodes' own, which is refused
 *   share       one broker, which has the share session; answered as rewritten
 *   here        the gateway answers itself
 *   doorway     a step of the client's login, relayed to one broker
 *   judged      the same, judged here
 *   turned away what the door does not let pass
 *
 * routing.c decides which, and where to.
 * Tests: tests/unit/session/{through,rewritten,joint,merged,polled,here}_test.c, tests/golden/session/
 */
#ifndef SESSION_COURSE_H
#define SESSION_COURSE_H

#include "route/edits.h"
#include "upstream/upstream.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;
struct part;
struct course;

/* What brokers hear of a Fetch's session. */
enum session_heard {
	SESSION_NONE,	/* there is to be none */
	SESSION_NEW,	/* one is asked for */
	SESSION_PASSED, /* what the client said */
	/* each of the session that the client's connection has there, which is one of the node's own
	 * towards the client */
	SESSION_BEGUN,
	SESSION_OWN,
	SESSION_LAST, /* it ends */
};

/* What routing_decide found. */
struct sending {
	const struct course *course;
	const int32_t *brokers; /* a part for each; in the request's arena */
	uint32_t count;
	enum upstream_purpose purpose; /* of the connections to them */
	struct edits edits;	       /* of the frame outside of its items */
	uint32_t refused;	       /* so many items, or topics, are */
	enum session_heard session;    /* a Fetch's: fetch_session.c's */
	bool is_curtailed;	       /* for one broker: the edits take out what is refused */
	int code;		       /* here: the error that is answered, 0: the API's own answer;
			     * curtailed: with which entries are refused */
	const char *closes;	       /* NEED_CLOSE, NEED_END: why */
	bool is_malformed;	       /* NEED_END: counted as a bad frame */
};

/* What a decision waits for. */
enum course_need {
	NEED_NOTHING,	   /* the sending is complete */
	NEED_MORE,	   /* of the frame */
	NEED_WHOLE,	   /* the frame, whole */
	NEED_LAYOUT,	   /* its layout, from the whole of it */
	NEED_TOPICS,	   /* the topology is to be asked for those that have no target */
	NEED_COORDINATORS, /* the same for keys */
	NEED_END,   /* as a broker does: no further frame is read, what was asked is answered */
	NEED_CLOSE, /* now */
};

enum course_result {
	COURSE_WAITS,
	COURSE_MOVED,
	COURSE_ANSWERED, /* the answer's last byte has left, or leaves with the next flush */
};

struct course {
	const char *name;
	/* Once: makes the parts, or the answer.  The frame is in the client's buffer. */
	void (*commit)(struct client *c, struct request *r, const struct sending *to);
	/* The request has left whole and is the client's oldest: moves its answer, or makes it
	 * (request's replied). */
	enum course_result (*answer)(struct client *c, struct request *r);
	/* The request ends, whatever the reason; its parts still stand.  NULL: nothing to do. */
	void (*leave)(struct client *c, struct request *r);
	/* The request's deadline has passed; NULL: its brokers are given up. */
	void (*late)(struct client *c, struct request *r);
	/* The request is its client's oldest, and no frame behind it is read before its answer. */
	bool is_alone;
	/* Its parts have frames of their own, also those of which nothing need be said. */
	bool composes;
};

extern const struct course course_through, course_rewritten, course_joint, course_merged,
	course_polled, course_curtailed, course_share, course_here, course_doorway, course_judged,
	course_turned_away;

#endif
