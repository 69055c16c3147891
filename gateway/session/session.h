/* session.h - what the files of session/ share: a client, its requests, their parts.
 *
 * Private to the folder.  A client's bytes pass these stations:
 *
 *   inbound.c   frame by frame from the socket; one at a time
 *   dispatch.c  which brokers, and in how many parts
 *   send.c      a part leaves: cut through, or composed of slices
 *   outbound.c  answers leave, in the order of the requests
 *   collect.c   answers that must be held: rewritten, merged, or written here
 *   phases.c    a split Fetch: look everywhere first, then wait everywhere
 *   watch.c     what passes is looked at on its way: errors, leader hints
 *   lost.c      a broker or a deadline is gone
 *   stay.c      which gateway nodes clients are told, and who is closed between requests; balance/
 *               decides both
 *   client.c    steps all of these until nothing moves, then re-arms watchers
 *
 * Whoever finds something for a client, a socket, a timer, a letter, wakes it and
 * returns; the worker's ready list steps it before the loop sleeps.  Nobody frees a
 * client while stepping it: client_fail notes why it must end, and the step ends it.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "balance/naming.h"
#include "kafka/head.h"
#include "net/conn.h"
#include "route/edits.h"
#include "route/merge.h"
#include "session/client.h"
#include "session/relay.h"
#include "upstream/upstream.h"
#include "util/arena.h"
#include "util/gather.h"

#include <sys/socket.h>

enum {
	IN_FLIGHT_MAX = 64, /* requests of one client; then it is not read on */
	ADDRESS_TEXT = 64,
};

enum part_state {
	PART_TO_SEND,
	PART_SENT,     /* whole; the answer is to come */
	PART_ANSWERED, /* held whole, or passed on to the client */
	PART_UNSENT,   /* the broker was lost before it had all: nothing happened */
	PART_LOST,     /* lost after: nobody knows */
};

/* One request, or its share for one broker. */
struct part {
	struct request *request;
	int32_t broker;
	struct upstream *upstream; /* NULL: none yet, or lost */
	enum part_state state;
	uint32_t correlation_id;
	/* composed parts: what is still to be written */
	struct gather frame;
	int iov_at;
	/* a held answer: the whole frame, on the heap */
	uint8_t *answer;
	uint32_t answer_size;
	struct reservation *reservation;
	bool granted;
	struct merge_part read; /* the held answer, once it has been read */
	bool is_read;
	/* of a split Fetch */
	bool is_poll;	   /* it may wait at the broker: on a connection for polls */
	bool is_final;	   /* a poll: it ended and was judged */
	bool was_adopted;  /* the poll was left behind by an earlier Fetch */
	uint64_t question; /* what it asks, whatever the order: see phases.c */
};

enum request_kind {
	REQUEST_NEW,
	REQUEST_THROUGH, /* one part, and the answer is cut through */
	REQUEST_HELD,	 /* the answers are held: rewritten or merged */
	REQUEST_LOCAL,	 /* answered here; has no parts */
};

struct request {
	struct request *next; /* younger */
	struct client *client;
	struct request_head head;
	enum request_kind kind;
	struct arena arena;
	struct walk walk;
	struct layout layout;
	bool has_layout, answerless, composed, asked, need_whole;
	struct naming_answer naming; /* which node stands for which broker in its answer */
	int32_t key_target;	     /* of a single key: as an item's target */
	int32_t not_broker;	     /* could not be reached for it */
	int tries;
	struct part *parts;
	uint32_t part_count;
	/* the answer, when it is made here */
	bool replied;
	struct gather reply;
	int reply_iov;
	/* a split Fetch: 1 looks everywhere, 2 waits everywhere; 0: it isn't one */
	int phase;
	uint8_t *frame; /* its own copy */
	struct edits edits;
	struct part *looked; /* the parts of phase 1 */
	ev_tstamp wait_until;
	struct reservation *held_request, *held_answer;
	bool answer_granted;
	ev_tstamp started, allowed, deadline; /* deadline 0: its turn has not come */
	/* the answer that is cut through */
	bool answer_begun;
	bool has_error; /* its answer has an error code */
	struct walk answer_walk;
	uint32_t answer_head;	       /* bytes in front of its body, not passed yet */
	uint32_t blank_from, blank_to; /* offsets in its body: not for the client */
	bool in_leader_hint;
	bool hides_value; /* of the setting whose name was read */
	/* the topic being read, for the notices */
	struct layout_topic topic;
	uint8_t topic_bytes[256];
	bool topic_noticed;
};

enum inbound_state {
	IN_PROXY,   /* a PROXY header is to come, or may */
	IN_HEAD,    /* a frame's head is to come */
	IN_ROUTE,   /* its body, as far as routing needs it */
	IN_BUDGET,  /* memory for a frame that must be held */
	IN_ASK,	    /* the topology is looking something up */
	IN_SEND,    /* it is leaving */
	IN_SWALLOW, /* what is left of it goes nowhere */
	IN_STOPPED, /* nothing more is read */
};

/* How much of a turn's work is left: then others have theirs. */
struct client_share {
	int requests;
	int64_t bytes;
};

struct client {
	struct client *next, **prev; /* the worker's list */
	struct worker *worker;
	uint64_t id;
	struct conn conn;
	struct sockaddr_storage peer; /* the client's own, from PROXY when there is one */
	bool counted_address;
	enum inbound_state in_state;
	struct request *inbound; /* the one that in_state is about; also in the queue */
	uint32_t swallow;
	struct relay up, down;	       /* the request and the answer being cut through */
	struct request *first, **last; /* unanswered, oldest first */
	unsigned in_flight;
	struct upstream *upstreams;
	struct poll *polls; /* left behind by split Fetches */
	uint32_t next_correlation;
	struct topology_query *query;
	uint32_t queried_item;
	/* the client's own ApiVersions request: software name and version */
	uint8_t *hello;
	uint32_t hello_len;
	char *client_id; /* of its last request; NULL: none */
	uint64_t bytes_in, bytes_out;
	ev_tstamp rebalance_allowed; /* of its last JoinGroup */
	struct ready ready;
	struct client_share share; /* of the turn */
	ev_timer timer;
	ev_tstamp timer_at;
	ev_tstamp frame_since, moved_at; /* the frame's first byte; the last byte either way */
	struct tenure tenure;		 /* what its stay depends on: balance/ */
	bool draining;
	bool last_look; /* a drain has begun: what has come by now is still read */
	bool lingering; /* the client has gone; acks=0 data is still leaving */
	ev_tstamp linger_until;
	const char *ending;  /* why it closes when all has been answered */
	const char *closing; /* why it closes now; NULL: it doesn't */
};

static inline ev_tstamp client_now(const struct client *c)
{
	return ev_now(c->worker->loop);
}

static inline void client_count_in(struct client *c, uint64_t n)
{
	stats_add(&c->worker->stats, STAT_CLIENT_BYTES_IN, n);
	c->bytes_in += n;
}

/* client.c */
/* It is stepped before the loop sleeps. */
void client_wake(struct client *c);
void client_fail(struct client *c, const char *why);
/* As a broker does it on a frame that it does not take: what was asked before
 * is answered, then the connection is closed. */
void client_end(struct client *c, const char *why);
void client_on_event(void *client); /* as an upstream's on_event */
void client_address(const struct client *c, char text[ADDRESS_TEXT]);

/* request.c */
struct request *request_new(struct client *c, const struct request_head *head);
void request_free(struct request *r); /* and takes it out of the queue */
void request_add_parts(struct request *r, uint32_t count);
uint32_t request_frame_size(const struct request *r);
bool request_uses_none(const struct client *c, const struct upstream *u);
bool request_is_sent(const struct request *r); /* no part is to be sent */

/* inbound.c: true when something moved. */
bool inbound_step(struct client *c);
bool inbound_is_idle(const struct client *c); /* between frames */

/* dispatch.c: what becomes of c->inbound, whose head and needed fields are in
 * the buffer. */
void dispatch_request(struct client *c, struct request *r);
/* The walk has seen enough to route it. */
bool dispatch_is_decided(const struct request *r);

/* send.c */
bool send_step(struct client *c, struct request *r);
/* The broker can't have the part's frame: the rest of it goes nowhere. */
void send_give_up(struct client *c, struct part *p);
/* Parts that waited for this connection find it gone. */
void send_connect_failed(struct client *c, const struct upstream *u);
/* Writes what can be written of a composed part; true when something moved. */
bool send_composed(struct client *c, struct part *p);

/* outbound.c */
bool outbound_step(struct client *c);

/* collect.c */
/* Reads a part's answer as far as it has come. */
bool collect_part(struct client *c, struct part *p);
/* All parts are final: makes the reply; false: the client must be closed. */
bool collect_reply(struct client *c, struct request *r);
/* A reply made here, of one error code; see stub_answer. */
void collect_stub(struct request *r, int code, bool at_top);
void collect_bytes(struct request *r, const uint8_t *body, size_t n);

/* Reads a held answer, once; false: it contradicts its schema. */
bool collect_read(struct client *c, struct part *p);

/* phases.c */
void phases_begin(struct client *c, struct request *r, const int32_t *brokers, uint32_t count);
/* Every part of phase 1 is final: true when phase 2 has begun. */
bool phases_go_on(struct client *c, struct request *r);
/* Moves phase 2; *enough: the reply is to be made. */
bool phases_step(struct client *c, struct request *r, bool *enough);
/* A poll that is still out when its request ends stays for the next one. */
void phases_leave(struct client *c, struct request *r);
void phases_forget(struct client *c, const struct upstream *u);
void phases_forget_all(struct client *c);

/* watch.c */
/* An answer of `head` bytes and a body of `size` is about to pass. */
void watch_begin(struct request *r, uint32_t head, uint32_t size);
struct relay_watcher watch_over(struct request *r);
void watch_item_error(struct client *c, const struct layout_topic *topic, int error);
void watch_key_error(struct client *c, const struct request *r, int error);
void watch_layout(struct client *c, const struct request *r, const struct layout *answer);

/* stay.c */
/* A request is routed, maybe once more; its head is in the buffer. */
void stay_note_request(struct client *c, struct request *r);
/* The request was answered, or sent for good where nothing answers it. */
void stay_note_answer(struct client *c, const struct request *r);
/* As advertising's `stays`, for the answer to a request. */
const struct mapping_node *stay_node(const void *request, int32_t broker);
/* The client is to be closed without need, and may be: it is between two requests. */
bool stay_is_over(struct client *c);
void stay_leave(struct client *c);
/* When that may have changed by itself; INFINITY: never. */
ev_tstamp stay_ends_at(const struct client *c);
/* The client is being freed: nothing counts it any more. */
void stay_end(struct client *c);

/* lost.c */
bool lost_step(struct client *c); /* broken upstreams */
void lost_deadline(struct client *c, struct request *r);
int lost_code(const struct request *r, const struct part *p); /* -1: close the client */

#endif
