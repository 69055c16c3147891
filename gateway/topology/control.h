/* control.h - the topology's one lasting connection to the cluster.
 *
 * Tries its candidates in turn, each address of each, until one connects and
 * tells its versions; a candidate list that is through is made anew after a
 * pause.  A connection that was good and is lost is replaced at once.  A live one
 * is asked something small every CONTROL_BEAT_MS, so that it is known to be alive; one that does not
 * answer for CONTROL_BEATS_MISSED of them is left: a broker that was stopped for long tells what was when it
 * wakes, and the cluster may have gone on without it.  A name
 * that has no address yet is waited for as long as a connection would be.
 *
 *   PAUSING --timer--> TRYING --versions are there--> LIVE --lost--> TRYING
 *      ^------ none left --'  ^--- RESOLVING
 *
 * Tests: tests/unit/topology/learning_test.c, tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_CONTROL_H
#define TOPOLOGY_CONTROL_H

#include "topology/negotiate.h"
#include "topology/resolve.h"
#include "util/buf.h"

enum {
	CONTROL_TIMEOUT_MS = 5000,
	CONTROL_PAUSE_MAX_MS = 1000,
	CONTROL_BEAT_MS = 1000,
	CONTROL_BEATS_MISSED = 2
};

struct candidate {
	char *host;
	int port;
};

struct control_events {
	/* Hands out a new list, which control frees (and each host). */
	struct candidate *(*candidates)(void *owner, size_t *count);
	/* Borrows *v.  Called again when control_renew was answered. */
	void (*on_live)(void *owner, const struct broker_versions *v, bool is_new);
	void (*on_lost)(void *owner);			/* all requests were answered with NULL */
	void (*on_beat)(void *owner, bool is_answered); /* false: not for a beat's time */
	/* A candidate, "host:port", could not be asked by TLS, and why; NULL: one can. */
	void (*on_trouble)(void *owner, const char *broker, const char *why);
};

struct control;

struct control *control_new(struct ev_loop *loop, struct resolver *resolver,
			    const struct link_terms *terms, int connect_timeout_ms,
			    int64_t max_answer, const struct control_events *events, void *owner);
/* The timeout of the next connections. */
void control_set_timeout(struct control *c, int connect_timeout_ms);
void control_free(struct control *c);
void control_start(struct control *c);

/* A look-up of this name has ended. */
void control_resolved(struct control *c, const char *host);

bool control_is_live(const struct control *c);
/* The connection did its work: when it is lost, another is tried at once. */
void control_is_good(struct control *c);
/* Gives this broker up, for what it answered; `why` goes to the log. */
void control_leave(struct control *c, const char *why);
/* Asks for the broker's versions again. */
void control_renew(struct control *c);
/* As call_send, with the control's own deadline instead of the request's. */
MUST_CHECK bool control_send(struct control *c, const struct call_request *request);

#endif
