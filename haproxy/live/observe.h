/* observe.h - what each load balancer says of itself and of the nodes behind it, at one moment.
 *
 * HAProxy counts the bytes of a session when it ends, and Kafka's sessions last for hours: so
 * bytes are those of the open sessions (`show sess all`), and what the counters of `show stat`
 * say is told apart.  Both take old workers in, which have sessions too after a reload.
 * Tests: tests/unit/haproxy/live/observe_test.c, tests/integration/haproxy/status.py
 */
#ifndef LIVE_OBSERVE_H
#define LIVE_OBSERVE_H

#include "live/balancer.h"
#include "live/show_servers.h"
#include "live/show_stat.h"
#include "live/show_table.h"

/* What an old worker does not tell, or nobody can be asked, is -1. */
struct observed_server {
	const struct stat_row *row;	  /* of the worker that listens */
	const struct server_state *state; /* NULL: not told */
	int64_t sessions, old_sessions;	  /* of the worker that listens, of old workers */
	int64_t bytes_in, bytes_out;	  /* of sessions that are open, of all workers */
};

struct observed_balancer {
	const struct balancer *balancer;
	char why[RUNTIME_WHY_MAX]; /* "": it answers; else all below is empty */
	char *version;
	int64_t uptime;	     /* seconds */
	int64_t connections; /* to the worker that listens, all frontends */
	int64_t maxconn;
	const char *backend, *algorithm;
	struct observed_server *servers; /* without free slots of a server-template */
	size_t server_count;
	const struct stick_table *table;  /* of the backend; NULL: none */
	bool knows_old_workers;		  /* a master answered */
	char master_why[RUNTIME_WHY_MAX]; /* why it did not; "" when none is known */
	size_t old_workers;
	int64_t old_elsewhere; /* their sessions at servers that the one that listens has not; -1: not told */
	/* what the pointers above borrow from */
	struct stat_rows rows;
	struct server_states states;
	struct stick_tables tables;
};

/* One for each load balancer; of one with a backend for each of several listeners (anyport_nodes_NAME)
 * as many, one after another. */
struct observation {
	struct observed_balancer *list;
	size_t count;
};

/* The backend that holds the nodes: the wanted one; or, when that is NULL, the only one in
 * TCP mode that has servers, or anyport_nodes.  NULL, and why. */
const char *observe_backend(const struct stat_rows *rows, const char *wanted,
			    char why[RUNTIME_WHY_MAX]);

/* The backends that `generate` makes for several listeners, where no other one is meant: names that
 * borrow from the rows.  0: there are none.  Caller frees the list. */
size_t observe_fronts(const struct stat_rows *rows, const char ***names);

/* Asks everyone.  Without a backend each has the one of observe_backend, or those of observe_fronts.  Who does not answer is in it with the reason.  observe_free it; it borrows
 * from `all`. */
struct observation observe(const struct balancers *all, const char *backend);
/* The same without sessions and old workers, whose numbers are -1: a few short questions. */
struct observation observe_servers(const struct balancers *all, const char *backend);
void observe_free(struct observation *o);
/* The server of that name, or NULL. */
struct observed_server *observe_find(const struct observed_balancer *o, const char *server);

/* --- the steps, for texts that are there already --- */

/* From `show stat` and `show servers state` (may be NULL) of the worker that listens.  False,
 * and why: the backend is not to be found. */
MUST_CHECK bool observe_read(struct observed_balancer *o, const char *stat, const char *state,
			     const char *backend);
/* Adds an old worker's `show stat`. */
void observe_read_old(struct observed_balancer *o, const char *stat);
/* Adds the bytes of a worker's `show sess all`. */
void observe_read_sessions(struct observed_balancer *o, const char *sessions);
void observe_read_tables(struct observed_balancer *o, const char *tables);

#endif
