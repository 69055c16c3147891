/* worker.h - one thread, one loop, and everything that its clients need.
 *
 * Workers share nothing but what `struct shared` names, all of which is
 * thread-safe.  Tests: tests/unit/session/worker_test.c, tests/integration/
 */
#ifndef SESSION_WORKER_H
#define SESSION_WORKER_H

#include "loop/stats.h"
#include "session/shared.h"

struct mailbox;
struct worker;

/* Starts the thread.  `shared` is borrowed.  `on_drained` is called once a drain on
 * the worker's thread when all turns are over and its last client has gone. */
struct worker *worker_new(const struct shared *shared, int index, void (*on_drained)(void *ctx),
			  void *ctx);
/* From any thread: how many clients came for a broker that the mapping gives to this node,
 * counted when the nodes or their loads were last told. */
int worker_at_home(const struct worker *w);
/* From any thread: up to so many of the worker's clients are closed when they are between requests;
 * `turn` says by which of the ports they came, `why` is counted. */
void worker_shed(struct worker *w, unsigned count, unsigned turn, enum stats_counter why);
/* From any thread: how many clients are about to be closed for that. */
int worker_chosen(const struct worker *w);
/* From any thread, under internal balancing: how many clients that were closed for that are back. */
int worker_returned(const struct worker *w);
/* From any thread: another configuration from now on; `done` is called on the worker's thread. */
void worker_reconfigure(struct worker *w, const struct config *config, void (*done)(void *ctx),
			void *ctx);
/* From any thread: `done` is called on the worker's thread, which so shows that it turns. */
void worker_ping(struct worker *w, void (*done)(void *ctx), void *ctx);
/* Stops the thread; from then on its mailbox may still be posted to. */
void worker_stop(struct worker *w);
/* Closes everything and frees; after worker_stop, and when nobody posts any
 * more: the topology is gone (it answers to cancelled questions too). */
void worker_free(struct worker *w);

const struct stats *worker_stats(const struct worker *w);

#endif
