/* request.h - one request of a client, and its parts: the shares of single brokers.
 *
 * A request is born when its head has been read and dies when its answer has left, or with the
 * client; what belongs to it lies in its arena.  A part's state has one writer, part_set:
 *
 *   TO_SEND --last byte left--> SENT --answer--> ANSWERED
 *      |  ^                      | `--broker lost, nobody knows--> LOST
 *      v  `--another broker      `--asked anew (a poll)--> TO_SEND
 *    UNSENT
 *
 * Tests: tests/unit/session/losses_test.c, tests/unit/session/polled_test.c
 */
#ifndef SESSION_REQUEST_H
#define SESSION_REQUEST_H

#include "auth/door.h"
#include "balance/naming.h"
#include "kafka/head.h"
#include "loop/usage.h"
#include "route/lost.h"
#include "route/layout.h"
#include "session/course.h"
#include "session/hold.h"
#include "upstream/upstream.h"
#include "util/arena.h"

enum part_state {
	PART_TO_SEND,
	PART_SENT,     /* whole; the answer is to come */
	PART_ANSWERED, /* held whole, or passed on to the client */
	PART_UNSENT,   /* the broker was lost before it had all: nothing happened */
	PART_LOST,     /* lost after: nobody knows */
};

struct part {
	struct request *request;
	int32_t broker;
	int32_t target; /* the broker for which its items were meant */
	enum upstream_purpose purpose;
	struct upstream *upstream; /* NULL: none yet, or lost */
	enum part_state state;
	bool is_not_carried; /* UNSENT: the broker does not know the client, which says nothing of it */
	uint32_t correlation_id;
	uint32_t
		said; /* of a session of the node's own: what its broker is asked (route/fetched.h) */
	/* a composed part, which has a frame of its own: what is still to be written */
	struct gather frame;
	int frame_at;
	/* a held answer: the whole frame, on the heap */
	uint8_t *answer;
	uint32_t answer_size; /* 0: not known yet */
	struct hold hold;
};

enum {
	LAYOUT_FREE = 16 * 1024
}; /* what is known of a request within so much is not the budget's */

/* One answer under way; good from watch_begin on, and watch.c's. */
struct watch {
	struct walk walk;
	uint32_t head;		       /* bytes in front of its body, not passed yet */
	uint32_t blank_from, blank_to; /* offsets in its body: not for the client */
	bool in_leader_hint;
	bool hides_value; /* of the setting whose name was read */
	bool topic_noticed;
	/* for what is counted, where the client is told the answer as it is read */
	bool is_told : 1, has_records : 1;
	int32_t throttle_ms; /* as the answer says */
	uint32_t topic_errors;
	int16_t error; /* the last error code that was read: its message follows */
	int16_t part;  /* whose answer it is; -1: nobody's */
	/* the topic being read, for the notices */
	int32_t partition;
	struct layout_topic topic;
	uint64_t record_bytes;
	uint8_t topic_bytes[256];
};

struct audit;

struct request {
	struct request *next; /* younger */
	struct client *client;
	const struct course *course; /* NULL: not decided */
	void *of_course;	     /* the course's own, in the arena */
	struct hold layout_hold;     /* what is known of it, and its parts' frames */
	struct hold answers_hold;    /* all answers of its parts together */
	struct hold reply_hold;	     /* what is made of them, or instead of them */
	size_t weight, unpaid;	     /* bytes of memory; those that are not the budget's */
	struct part *parts;
	uint32_t part_count;
	uint32_t asked_to;   /* keys: the topology was asked for the items before this one */
	uint32_t missing;    /* items that no answer had, as far as was found */
	uint16_t behind_at;  /* behind.c's: the item from which it looks on */
	uint16_t tries;	     /* of other brokers, where any could answer */
	bool was_walked : 1; /* layout is being filled */
	bool must_be_whole : 1, was_asked : 1;
	bool must_be_laid_out : 1, is_laid_out : 1; /* layout is of the whole frame, and paid for */
	bool head_is_open : 1; /* its head does not fit a block: it is read again when all is there */
	bool is_answered : 1;	     /* its answer has begun to leave */
	bool is_replied : 1;	     /* the answer is `reply`, made here */
	bool has_error : 1;	     /* its answer has an error code */
	bool is_near : 1;	     /* a Fetch of a client with a zone: nearby.c's */
	bool spares_had_time : 1;    /* brokers that can be done without: losses.c's */
	bool asks_session : 1;	     /* a Fetch: its broker hears of a session: fetch_session.c's */
	bool is_bare : 1;	     /* its frame has no head: a step of a login */
	bool names_groups : 1;	     /* several; `group` is none then.  uses.c's, as that one */
	enum door_answer heard;	     /* what the door said of it */
	struct own_session *session; /* it is of this one: own_session.c's; NULL: of none */
	struct usage_ref group;
	struct audit *audit; /* what it names, in the arena; NULL: nobody asks.  audit.c's */
	struct naming_answer naming;
	struct gather reply;
	int reply_at;
	int32_t throttled_ms;	    /* as its answers say */
	ev_tstamp started, allowed; /* when it came; for how long its answer may take */
	ev_tstamp deadline;	    /* 0: its turn has not come */
	ev_tstamp answered;	    /* when its answer began to leave, 0: it has not */
	struct request_head head;
	struct walk walk;
	struct layout layout;
	/* not cleared: see watch_begin, arena_init */
	struct watch watch;
	struct arena arena;
};

/* A worker's: memory of requests that have gone, for those to come. */
struct spare_requests {
	struct request *first;
	int count;
};

struct request *request_new(struct client *c, const struct request_head *head);
/* Takes it out of the queue; its course is left. */
void request_free(struct request *r);
void requests_free_spare(struct spare_requests *spare);
void request_free_all(struct client *c);
/* Its memory has grown, or become less: the client's queue knows. */
void request_weigh(struct request *r);
/* So much is in flight that no further request is begun. */
bool requests_are_many(const struct client *c);

/* Adds `count` parts, all to be sent. */
void request_add_parts(struct request *r, uint32_t count);
void part_set(struct part *p, enum part_state state);
/* Nothing more will come of it. */
static inline bool part_is_final(const struct part *p)
{
	return p->state >= PART_ANSWERED;
}
/* Gives back what it holds, and nobody waits for its answer. */
void part_end(struct part *p);

static inline uint32_t request_frame_size(const struct request *r)
{
	return HEAD_SIZE_BYTES + r->head.size;
}
/* All of the frame that is coming in is in the client's buffer. */
bool request_is_whole(const struct client *c, const struct request *r);
/* acks=0: no broker answers. */
bool request_has_no_answer(const struct request *r);
bool request_is_sent(const struct request *r); /* no part is to be sent */
/* No part of any request waits at this upstream. */
bool requests_use_none(const struct client *c, const struct upstream *u);
/* What the client hears of a part whose broker was lost; LOST_SAYS_NOTHING: it is closed. */
int part_lost_code(const struct part *p);
/* Only followers were asked of its broker: when it is lost the leaders are, next. */
bool part_is_spare(const struct part *p);

#endif
