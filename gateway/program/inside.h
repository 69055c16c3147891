/* inside.h - the process's own state, shared by the files of program/ alone.
 *
 *   program.c      begins and ends it; signals
 *   state.c        what all of them ask and do: letters to the main loop, what is open, failing
 *   listening.c    the ports
 *   certificates.c the contexts of TLS, out of files
 *   identity_file.c  whom clients are at the brokers, out of a file; granted.c: by tokens made for them
 *   own_account.c  who the node is to the brokers; bearer.c: its token
 *   clients.c      how many clients the configuration and the descriptors allow
 *   drain.c        clients leave, virtual broker by virtual broker
 *   peers.c        whether other nodes serve clients, while this one can't
 *   reload.c       the configuration read again
 *   balance.c      connections above this node's share are closed (balance/ says how many)
 *   agent.c        what HAProxy's agent-check is told
 *   notify.c       what the service manager is told
 *   watchdog.c     and that for as long as the node is alive
 *   ask.c         what other threads ask the main loop for
 *   http_source.c  what the HTTP side asks
 */
#ifndef PROGRAM_INSIDE_H
#define PROGRAM_INSIDE_H

#include "balance/skew.h"
#include "http/api.h"
#include "balance/correction.h"
#include "balance/declining.h"
#include "program/burst.h"
#include "program/certificates.h"
#include "program/files.h"
#include "program/identity_file.h"
#include "program/known_users.h"
#include "program/notify.h"
#include "program/own_account.h"
#include "program/program.h"
#include "program/serving.h"
#include "balance/weight.h"
#include "session/session.h"

#include <stdatomic.h>

/* A drain is the main loop's; the HTTP thread reads the atomics. */
struct drain {
	atomic_int turns, turns_done;
	_Atomic int64_t ends_at; /* clock_ms */
	atomic_bool exits;
	int workers_done; /* how many workers have told that they are drained */
	int64_t gone_at;  /* when the last client of the turns so far had gone; 0: not yet */
	bool is_undone;	  /* the drain is taken back, once all workers have told */
	bool begins_again, then_exits;
	ev_timer timer; /* of the next turn */
};

/* A listener's ports. */
struct bound {
	int *fds; /* open and not yet the workers', as listen_open has them; or NULL */
	int fd_ports;
	int ports; /* all that the listener has; 0: it is not known yet */
};

struct listening {
	struct bound *bound; /* one a listener */
	ev_timer limit;	     /* of the wait for the other nodes */
	bool is_open;	     /* clients were served, once */
};

struct reload {
	struct config *next; /* not everyone has it yet; NULL: no reload is under way */
	int waits_for;	     /* workers, and the topology, that still use the one before */
	bool again;	     /* another reload was asked for meanwhile */
};

struct balance {
	struct correction correction;
	struct declining declining;
	struct cluster_skew skew; /* of the last second */
	bool is_steady;
};

struct agent;
struct peers;
struct watchdog;

struct program {
	struct config *first;  /* what it started with: others keep it to the end */
	struct config *config; /* what counts now; may be `first` */
	struct certificates certificates;
	struct own_account own;
	struct identity_file identity_file;
	struct known_users known_users;
	struct shared shared;
	struct cluster_exchange exchange;
	struct worker **workers;
	const struct stats **stats; /* the workers' */
	int worker_count;
	size_t listener_count;
	int port_count; /* the most that a listener has; 0: it is not known yet */
	struct http_api *http;
	struct agent *agent;
	struct notify notify;
	struct watchdog *watchdog;
	struct peers *peers; /* NULL: there are none to ask */
	struct ev_loop *loop;
	struct mailbox mailbox;
	ev_signal term, interrupt, hangup;
	ev_timer load_timer; /* every second */
	struct burst burst;
	uint64_t bytes_before;
	struct weight weight;
	atomic_int phase;      /* enum http_phase */
	atomic_int weight_now; /* percent, for the agent */
	struct drain drain;
	struct reload reload;
	struct balance balance;
	struct listening listening;
	struct files_plan files;
	int brokers; /* of the newest snapshot; 0: none yet */
	int exit_status;
};

/* state.c */
/* The counters of all workers, added up. */
void program_count(const struct program *p, struct stats *all);
/* Clients of all workers, open now. */
int64_t program_clients(const struct program *p);
/* Whether clients are told the nodes of a cluster, by internal balancing. */
bool program_names_nodes(const struct program *p);
/* The program can't go on: it says why and ends with 1. */
void program_fail(struct program *p, const char *why);
/* Has `call` called on the main loop, by a letter.  From any thread. */
void program_post(struct program *p, void (*call)(struct program *p));

/* From any thread: see serving.h. */
enum serving program_serving(const struct program *p, const char **why);

/* peers.c */
struct peers *peers_new(struct program *p); /* NULL: the nodes do not know each other */
void peers_free(struct peers *a);
/* From any thread: this node can't serve clients, others have answered, and can't either. */
bool peers_none_serves(struct peers *a);
/* From any thread: whether load balancers are told to send nobody: this node can't serve clients,
 * and another one can. */
bool program_is_unable(const struct program *p, const char **why);

/* listening.c */
void listening_init(struct program *p); /* before the topology starts */
void listening_deinit(struct program *p);
/* Binds the first so many ports of each listener and hands them to the workers; false: told and the
 * program ends. */
bool listening_open(struct program *p, int ports);
/* How many the listener needs, of those that it has or by the cluster; 0: no broker would have one. */
int listening_needs(const struct listener *l, const struct snapshot *s);

/* clients.c */
/* By the configuration, the number of brokers, which counts from now on, and the descriptors. */
void clients_limit(struct program *p, const struct config *config, int brokers);

/* drain.c */
void drain_init(struct program *p);
/* Begins a drain.  False: there can't be one. */
bool drain_begin(struct program *p, bool exits, const char *reason);
bool drain_undo(struct program *p);
void drain_on_worker(void *program); /* on a worker's thread: that worker is drained */

/* balance.c */
/* Once a second, the two.  What this node declines of the mapping, in thousandths. */
unsigned balance_declines(struct program *p, const struct cluster_view *v,
			  const struct cluster_skew *skew);
/* `all` is what the workers counted. */
void balance_step(struct program *p, const struct cluster_view *v, const struct cluster_skew *skew,
		  const struct stats *all);
/* A round now, whatever the tolerance; says to `out` what will be done, false: why not. */
bool balance_rebalance(struct program *p, FILE *out);

/* reload.c; writes what it did to `out` */
bool reload_begin(struct program *p, FILE *out);
void reload_free(struct program *p);

void drain_state(struct program *p, struct http_drain *out); /* from any thread */

/* ask.c; from any thread but the main one */
/* Has `call` called on the main loop, where it writes what there is to say, and waits for that,
 * a few seconds at most.
 * *text is that, or says that nobody answered; caller frees.  False: so does `call`, or
 * nobody answered. */
bool program_ask(struct program *p, bool (*call)(struct program *p, int what, FILE *out), int what,
		 char **text);
/* Asks the cluster; NO_BROKER: no answer. */
int32_t program_ask_coordinator(struct program *p, enum coordinator_type type, const void *key,
				size_t len);

/* http_source.c */
struct http_source http_source(struct program *p);

/* agent.c; NULL and why: the port is taken */
struct agent *agent_new(struct program *p, const char *host, int port, char *why, size_t size);
void agent_free(struct agent *a);

/* watchdog.c: after the workers have started; NULL: nobody asked for it */
struct watchdog *watchdog_new(struct program *p);
/* after the workers have stopped */
void watchdog_free(struct watchdog *w);

#endif
