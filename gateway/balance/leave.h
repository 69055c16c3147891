/* leave.h - who is closed without need, for the sake of balance or of age, and when.
 *
 * A client is closed between two requests, so that it reconnects and loses nothing: that part is
 * the caller's (session/stay.c).  Here is what else forbids it: data that nobody has confirmed, a
 * transaction, something that a broker keeps for the connection alone, an answer that moves the
 * client just now.
 *
 *   chosen_at ...... notice_s ...... SHED_S ......
 *     chosen |  others hear  |  due    |  stays after all
 *
 * Pure but for the tenure that is given.  Times are seconds of the worker's loop.
 * Tests: tests/unit/balance/leave_test.c, tests/integration/cluster/balance.py
 */
#ifndef BALANCE_LEAVE_H
#define BALANCE_LEAVE_H

#include "balance/tenure.h"
#include "kafka/api.h"
#include "route/mapping.h"

#include <stddef.h>

/* Of all clients of a worker. */
struct leave_terms {
	double notice_s;    /* see leave_notice_s */
	double age_limit_s; /* max_connection_age; 0: none */
	double aging_since; /* when that was changed; 0: never */
};

/* Under internal balancing (a mapping that is not NULL) the other nodes hear that a connection is
 * about to be closed so long before it is: they are to name another node for its broker. */
double leave_notice_s(const struct mapping *mapping);

/* A request was routed.  is_transactional: it has a transactional id. */
void leave_note_request(struct tenure *t, const struct kapi *api, bool is_transactional,
			double now);
/* A request was answered, or (is_answerless: acks=0) sent for good. */
void leave_note_answer(struct tenure *t, const struct kapi *api, bool is_answerless,
		       bool has_error);

/* The client is to be closed, and may be as soon as it is between requests. */
bool leave_is_due(const struct tenure *t, const struct leave_terms *terms, double now);
/* When the client will be due, or stays after all though it was chosen; INFINITY: never. */
double leave_at(const struct tenure *t, const struct leave_terms *terms, double now);
/* The client was chosen and did not get between requests in time: it stays. */
bool leave_is_missed(const struct tenure *t, const struct leave_terms *terms, double now);

/* --- choosing who is closed for the balance --- */

/* Connections of one virtual broker at a time, as in a drain: a client is not to lose those to all
 * of its brokers at once.  The ports that clients came by (used, one a port, at least one of them)
 * have their turns. */
int leave_port_of_turn(const bool *used, int port_count, unsigned turn);
/* The client may be chosen: not yet chosen, not young, and nothing forbids it now. */
bool leave_is_candidate(const struct tenure *t, double now);
/* Sorts the candidates: those that were chosen less often first, then older ones. */
void leave_sort(struct tenure **list, size_t count);
void leave_choose(struct tenure *t, double now);

#endif
