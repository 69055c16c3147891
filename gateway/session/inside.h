/* inside.h - the state of session/: a worker and its clients, as the files of the folder share it.
 *
 * Private to the folder.  A state has one writer: each embedded struct says whose it is.
 */
#ifndef SESSION_INSIDE_H
#define SESSION_INSIDE_H

#include "cluster/cluster.h"
#include "auth/account.h"
#include "auth/door.h"
#include "balance/naming.h"
#include "config/config.h"
#include "loop/budget.h"
#include "loop/ready.h"
#include "loop/stats.h"
#include "net/address.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/pipe.h"
#include "route/advertise.h"
#include "route/hint.h"
#include "route/reserved.h"
#include "session/choice.h"
#include "session/cut_off.h"
#include "session/hold.h"
#include "session/own_session.h"
#include "session/questions.h"
#include "session/relay.h"
#include "session/request.h"
#include "session/shared.h"
#include "session/standstill.h"
#include "session/uses.h"
#include "session/ways.h"
#include "session/zone_bytes.h"
#include "topology/topology.h"
#include "util/buf.h"
#include "util/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct arrival;
struct behind;
struct client;
struct lister;
struct request;
struct roll;
struct seen;
struct standing;
struct tokens_entry;
struct topology_query;
struct upstream;

/* Nobody is accepted for a moment, since who comes could not be served: he waits in the kernel. */
struct rest {
	ev_timer timer; /* looks whether it is over */
	bool is_on;
	ev_tstamp since;
	atomic_bool is_short; /* of descriptors; read by any thread */
	int spare;	      /* a descriptor that is given up to refuse somebody; -1: none */
};

/* One of the node's listeners, as a worker has it: ports.c's; the mapping is worker.c's. */
struct entrance {
	struct worker *worker;
	const struct listener *listener; /* as at the start: see entrance_now */
	struct advertising advertising;	 /* what who comes by it is told */
	struct mapping *mapping;	 /* what advertising borrows; NULL: none */
	ev_io *sockets;			 /* one a port; fd -1: closed; NULL: not bound yet */
	int port_count;
};

/* Topics of which it was asked lately who is in sync: nearby.c's. */
enum { RENEWALS_KEPT = 64 };
struct renewals {
	struct renewal {
		const void *topic; /* to be told from others, and nothing else: it may have gone */
		int64_t at;	   /* milliseconds */
	} topics[RENEWALS_KEPT];
	int64_t second; /* when the one began of which `count` is */
	int count;
};

struct worker {
	const struct shared *shared;
	const struct config *config; /* may change: see worker_reconfigure */
	int index;
	pthread_t thread;
	struct ev_loop *loop;
	struct mailbox mailbox;
	struct ready_list ready; /* clients to be stepped */
	struct stats stats;
	struct uses_tables uses;
	struct bufpool bufs;
	struct pipepool pipes;
	struct spare_requests spare_requests; /* request.c's */
	const struct snapshot *snapshot;      /* never NULL once listening */
	uint32_t snapshots;		      /* which one it is */
	struct entrance *entrances;	      /* one a listener of the configuration */
	size_t entrance_count;
	int port_count;		  /* the most that one of them has */
	struct reserved reserved; /* what clients may not name */
	atomic_int came_by;	  /* the port of all clients so far; NO_PORT, SEVERAL_PORTS */
	atomic_int at_home; /* clients for whom the mapping has this node: see worker_at_home */
	struct naming_drawn naming_drawn;
	struct choice choice;	    /* of a broker, where any will do */
	struct questions questions; /* that clients share */
	uint64_t next_client_id;
	struct client *clients;
	struct tokens_entry *tokens; /* tokens.c's, as the next one */
	struct lister *listers;	     /* barrier.c's: a connection a broker, at most */
	struct own_slots own_slots;  /* fetch sessions: own_session.c's */
	struct renewals renewals;
	struct ways ways;
	struct roll *rolls;	  /* that go through the clients: roll.h */
	unsigned listed_in;	  /* which turn of the loop has listed clients: connections.c */
	struct arrival *arrivals; /* connections of which it is not known yet who came */
	struct rest rest;	  /* of the entrances: see ports.c */
	struct cut_off cut_off;
	struct standstill standstill;
	/* the drain: see draining.c */
	struct turns turns;
	bool told_drained;
	void (*on_client_gone)(struct worker *w);
	ev_timer drain_timer; /* looks after clients whose turn has come and that stay a moment */
	atomic_int leaving;   /* clients whose turn has come and that are still there */
	void (*on_drained)(void *ctx);
	void *drained_ctx;
	/* clients that are to leave between requests: see stay.c */
	atomic_int chosen;	     /* so many are chosen, and not gone yet */
	atomic_int returned;	     /* so many were closed for the balance and are back */
	enum stats_counter shed_why; /* which counter says so */
	ev_tstamp aging_since;	     /* when max_connection_age was changed; 0: never */
};

/* --- a client --- */

/* What a TLS handshake told; the texts are the client's to free. */
struct tls_facts {
	const char *version;   /* "TLSv1.3"; NULL: there is no TLS, and nothing of the rest */
	char *server_name;     /* that the client asked for (SNI); NULL: none */
	char *subject;	       /* of the client's certificate, as Kafka writes it; NULL: none */
	int64_t subject_until; /* when that certificate ends, in seconds since 1970 */
};

/* What is known of a connection before there is a client: arrival.c's. */
struct came {
	union address peer; /* the client's own, from PROXY when there is one */
	const struct entrance *entrance;
	int port; /* which of its ports it came by or, as PROXY says, asked for, from 0 on */
	/* That port's, or in mode `host` the server name's; NO_BROKER: it is no broker's. */
	int32_t broker;
	struct hint hint; /* which broker was dialled; here.c's once the client says so itself */
	struct tls_facts tls;
	/* where the client is, as the load balancer, its address or the port says; NULL: nothing does */
	char *zone;
	/* whom it is for, without being asked: identity.h */
	char *name;	    /* NULL: anybody */
	struct account *as; /* whom it is at the brokers; NULL: nobody says */
};

/* The frame that is coming in: inbound.c's. */
enum inbound_state {
	IN_HEAD,    /* a frame's head is to come */
	IN_ROUTE,   /* its body, as far as routing needs it */
	IN_BUDGET,  /* memory for a frame that must be held */
	IN_ASK,	    /* the topology is looking something up */
	IN_SEND,    /* it is leaving */
	IN_SWALLOW, /* what is left of it goes nowhere */
	IN_STOPPED, /* nothing more is read */
};

struct inbound {
	enum inbound_state state;
	struct request *request; /* the one that state is about; also in the queue */
	uint32_t swallow;
	struct hold frame;  /* the frame does not fit a block and must be held */
	struct relay relay; /* of a frame that is cut through */
	struct topology_query *query;
	ev_tstamp asked_at; /* ASK: when */
	ev_tstamp since;    /* the first byte of the frame, 0: none has come */
};

/* client.h has the moves. */
enum client_life {
	LIFE_SERVED,
	LIFE_LAST_LOOK, /* a drain has begun: what has come by now is still read */
	LIFE_DRAINING,	/* no further frame is read; closes when what was asked has been answered */
	LIFE_ENDING,	/* the same, and what the brokers keep waiting is waited for too */
	LIFE_CLOSING,	/* at the end of the step */
	LIFE_LINGERING, /* the connection is closed; acks=0 data is still leaving */
};

/* Written by life.c. */
struct life {
	enum client_life state;
	ev_tstamp since;
	const char *why; /* it ends: ENDING and later */
};

/* The answers that are to leave, in the order of the requests: outbound.c's, request.c's. */
struct outbound {
	struct request *first, **last; /* unanswered, oldest first */
	unsigned in_flight;
	size_t weight, unpaid; /* of all of them: see request_weigh */
	struct relay relay;    /* of an answer that is cut through */
};

/* What the client said of itself in its ApiVersions: here.c's. */
struct hello {
	char *name, *version; /* NULL: it did not say */
};

/* What was counted: each by who moves the bytes. */
struct tally {
	uint64_t in, out;
	ev_tstamp moved_at; /* the last byte either way */
};

/* How much of a turn's work is left: then others have theirs. */
struct share {
	int requests;
	int64_t bytes;
};

/* A question about tokens under way at the broker of the login: tokens.c's. */
struct tokens_asking {
	enum api_key key;
	int version;
	uint32_t correlation_id;
	ev_tstamp late_at;     /* nobody waits for it any more; its answer is taken all the same */
	ev_tstamp until;       /* then its connection is lost; 0: none is under way */
	bool is_late, is_moot; /* the latter: what it answers is of no use any more */
};

/* The fetch session that the client has: fetch_session.c's. */
struct fetch_session {
	int32_t id; /* of the last one that a broker told it of; 0: there is none */
	int32_t broker;
	bool is_near;		 /* it was told to a client with a zone, and may be at a follower */
	struct own_session *own; /* own_session.c's; NULL: none */
};

/* The client's login: principal.c's, doorway.c's and verdict.c's. */
struct claim {
	int32_t broker;			  /* where it runs, or has run; NO_BROKER: nowhere yet */
	const struct carried *mechanism;  /* that was asked for; NULL: one that can't be had */
	const struct mechanism *by_token; /* by which brokers take tokens; NULL: by none */
	char *named;	  /* as the broker says who has just logged in; NULL: it was not asked */
	unsigned rounds;  /* of the exchange under way */
	int step_version; /* of the step under way, as the broker hears it */
	struct buf first; /* what was said first, until a broker has judged it */
	struct account
		*account; /* by which further brokers hear it; NULL: nothing is known for them */
	struct tokens_entry *tokens; /* tokens.c's, as the next ones; NULL: none was needed */
	struct tokens_asking asking;
	struct credentials *token; /* that the account has; NULL: none yet */
	int64_t chosen_at;	   /* clock_ms; when the broker took the mechanism */
	/* of a login that the gateway judges itself; judged.c's, then principal.c's */
	struct judge *judge;	 /* NULL: no exchange, or its password is being salted */
	int64_t again_at;	 /* clock_ms; when it began to log in anew; 0: never */
	struct credentials *own; /* by which it is to be itself at brokers; NULL: none */
	const char *at_brokers;	 /* whom it is there, in a word; NULL: it has not been let in */
	/* visits.c's, once `by_visits` says that the client is carried so */
	bool by_visits;
	int32_t wanted;	    /* a broker that a request was for in vain; NO_BROKER: none */
	int64_t back_at;    /* clock_ms; when the client is to log in again; 0: never */
	ev_tstamp visit_at; /* its login waits until then; 0: it does not */
	/* as a broker has believed it; NULL: nobody yet, or nobody knows */
	char *who;
	char *principal; /* the same as it may be printed: "User:alice" */
	char *key;	 /* what only a client of the same name by the same mechanism has too */
};

/* deadlines.c's. */
struct clock {
	ev_timer timer;
	ev_tstamp at; /* when it fires; 0: it is not set */
};

struct client {
	struct client *next, **prev; /* the worker's list */
	struct worker *worker;
	uint64_t id;
	struct came came;
	struct conn conn;
	struct inbound in;
	struct outbound out;
	struct upstream *upstreams;
	uint32_t next_correlation;
	int32_t at_one; /* the broker that remembers the client (kapi's at_one); NO_BROKER: none yet.
			 * routing.c's */
	struct fetch_session fetch_session;
	struct standing *standing;
	struct hold *waiting; /* hold.c's: memory that is waited for */
	unsigned holds;	      /* hold.c's: reservations, granted or not, but for sessions' */
	struct tenure tenure; /* what its stay depends on: balance/ */
	struct hello hello;
	struct door door;
	struct claim claim;
	struct seen *seen;     /* NULL: nothing yet */
	struct behind *behind; /* NULL: nothing was refused */
	struct nearby *nearby; /* NULL: the client has no zone with brokers in it */
	char *client_id;       /* of its last request; NULL: none */
	struct tally tally;
	struct uses uses;
	struct life life;
	struct share share;
	ev_tstamp stepped_at; /* when its step began; 0: it is not stepped now */
	struct ready ready;
	struct clock clock;
};

/* The entrance's listener by the configuration of now: what reloads is to be taken from it. */
static inline const struct listener *entrance_now(const struct entrance *e)
{
	return config_listener(e->worker->config, (size_t)(e - e->worker->entrances));
}

static inline void entrance_count(const struct entrance *e, enum stats_by_listener what, uint64_t n)
{
	stats_of_listener(&e->worker->stats, (size_t)(e - e->worker->entrances), what, n);
}

/* What the client is told of brokers. */
static inline const struct advertising *client_told(const struct client *c)
{
	return &c->came.entrance->advertising;
}

/* All brokers are one to the client. */
static inline bool client_is_told_one(const struct client *c)
{
	return c->came.entrance->listener->advertised_mode == ADVERTISE_SINGLE;
}

/* In seconds, as all times of a client and of its upstreams.  In its step, which is a bounded share of
 * work, it is the moment when that began. */
static inline ev_tstamp client_now(const struct client *c)
{
	return c->stepped_at > 0 ? c->stepped_at : clock_s();
}

/* Who the client is to brokers: what one principal was told is never told to another.  Without logins
 * all clients are the same one. */
static inline const char *client_principal(const struct client *c)
{
	return c->claim.key != NULL ? c->claim.key : "";
}

/* Brokers know the client as itself; else as anybody, as the gateway, or not yet. */
static inline bool client_is_itself(const struct client *c)
{
	return c->claim.account != NULL && (door_is_open(&c->door) || c->door.state == DOOR_OFF);
}

static inline void client_count_in(struct client *c, uint64_t n)
{
	stats_add(&c->worker->stats, STAT_CLIENT_BYTES_IN, n);
	zone_bytes_client(c, n);
	c->tally.in += n;
}

static inline bool client_is_draining(const struct client *c)
{
	return c->life.state == LIFE_LAST_LOOK || c->life.state == LIFE_DRAINING;
}

static inline bool client_is_closing(const struct client *c)
{
	return c->life.state >= LIFE_CLOSING;
}

/* --- on the worker's own thread --- */

/* The broker could not be reached: see choice.h, cut_off.h. */
static inline void worker_shun(struct worker *w, int32_t broker)
{
	choice_shun(&w->choice, broker, clock_s());
	cut_off_failed(&w->cut_off, broker, w->stats.counters[STAT_UPSTREAMS_OPENED], clock_ms());
}

static inline int32_t worker_any_broker(struct worker *w, int32_t not_this)
{
	return choice_any(&w->choice, w->snapshot, not_this, clock_s());
}

/* A client came by the port. */
static inline void worker_note_port(struct worker *w, int port)
{
	int before = atomic_load_explicit(&w->came_by, memory_order_relaxed);

	if (before != port && before != SEVERAL_PORTS)
		atomic_store(&w->came_by, before == NO_PORT ? port : SEVERAL_PORTS);
}

/* A client has been freed, and is no longer in the list. */
static inline void worker_client_gone(struct worker *w)
{
	if (w->on_client_gone != NULL)
		w->on_client_gone(w);
}

#endif
