/* shed.h - ends the sessions that a server has on load balancers, a few at a time.
 *
 *   look      asks every worker of every load balancer for the server's sessions
 *   pick      the session to end next: of those that have been quiet long enough, the one whose
 *             last byte was an answer before one that may wait for an answer, the one that has
 *             been quiet for longest first
 *   end       asks for it once more and ends it when it has moved nothing since the look
 *
 * Clients think that the whole cluster is gone when all their connections end at once
 * (librdkafka's "all broker connections are down").  So of one address only connections to
 * one port, which is one broker, end within apart_ms.
 *
 * HAProxy does not know Kafka's requests: a session is quiet when it has moved no byte for
 * quiet_ms, by the looks, and holds none in its buffers.  A session whose bytes are not told
 * is never quiet.  HAProxy uses a session's id again, so its client's address counts too.
 * Tests: tests/unit/haproxy/live/shed_test.c, tests/integration/haproxy/drain.py
 */
#ifndef LIVE_SHED_H
#define LIVE_SHED_H

#include "live/balancer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shed_session {
	size_t place;	/* of its load balancer in the list of places */
	size_t client;	/* in the list of clients */
	int64_t port;	/* that it came to */
	int64_t worker; /* WORKER_CURRENT or a pid */
	char *id, *source;
	int64_t age; /* seconds, at the last look */
	bool has_totals;
	uint64_t bytes_in, bytes_out, buffered;
	int64_t in_ms, out_ms; /* when they were seen to move; at first when it was first seen */
	int64_t ended_ms;      /* when it was told to end; 0: it was not */
	bool is_seen;	       /* at the last look */
};

/* Where the server is known: a load balancer and its backend.  Borrowed. */
struct shed_place {
	const struct balancer *balancer;
	const char *backend;
};

/* Who has one address. */
struct shed_client {
	char *host;
	int64_t port;	  /* to which a connection ended last */
	int64_t ended_ms; /* and when; 0: never */
};

struct shed {
	const struct balancers *all;
	const struct shed_place *places;
	size_t place_count;
	const char *server;
	int64_t quiet_ms, apart_ms;
	struct shed_session *list;
	size_t count;
	struct shed_client *clients;
	size_t client_count;
};

struct shed_counts {
	size_t left;
	size_t old;    /* of old workers */
	size_t moving; /* not quiet yet */
};

/* Borrows all it is given. */
void shed_init(struct shed *s, const struct balancers *all, const struct shed_place *places,
	       size_t count, const char *server, int64_t quiet_ms, int64_t apart_ms);
void shed_deinit(struct shed *s);

/* now_ms is a clock's that never goes back.  False, and why: someone did not answer; what was
 * known of it stays. */
MUST_CHECK bool shed_look(struct shed *s, int64_t now_ms, char why[RUNTIME_WHY_MAX]);
/* NULL: nobody, for now.  With `force` sessions that move come too, after the quiet ones. */
struct shed_session *shed_pick(const struct shed *s, int64_t now_ms, bool force);
/* The client's other ports have to wait from now on. */
void shed_note_end(struct shed *s, struct shed_session *session, int64_t now_ms);
enum shed_result { SHED_ENDED, SHED_MOVED, SHED_GONE, SHED_FAILED };
enum shed_result shed_end(struct shed *s, struct shed_session *session, int64_t now_ms, bool force,
			  char why[RUNTIME_WHY_MAX]);
bool shed_is_quiet(const struct shed *s, const struct shed_session *session, int64_t now_ms);
struct shed_counts shed_count(const struct shed *s, int64_t now_ms);

/* --- the steps of a look, for texts that are there already --- */

void shed_begin(struct shed *s);
/* `show sess all` of a worker. */
void shed_read(struct shed *s, size_t place, int64_t worker, const char *text, int64_t now_ms);
/* Forgets those that were not seen since shed_begin. */
void shed_finish(struct shed *s);

#endif
