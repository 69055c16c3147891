/* topology.h - learns where everything is, and keeps learning.
 *
 * One thread of its own has the control connection (the first bootstrap server
 * that answers, then any live broker) with its own loop.  It asks for the whole
 * cluster's metadata on a timer, for single topics when somebody noticed that
 * they moved, and for every broker's ApiVersions; it publishes a new snapshot
 * to each subscriber's mailbox whenever something changed, several changes as
 * one.  Leader epochs never go backwards; a topic whose id changed is replaced.
 * All functions may be called from any thread unless they say otherwise.
 * Tests: tests/unit/topology/
 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include "config/config.h"
#include "loop/publisher.h"
#include "topology/broker_known.h"
#include "topology/snapshot.h"
#include "upstream/link.h"

struct topology;

/* Borrows the config and the terms; NULL: TCP as it is.  Nothing runs before topology_start. */
struct topology *topology_new(const struct config *config, const struct link_terms *terms);
/* Every published snapshot is handed to on_snapshot on the mailbox's loop, which
 * takes the reference.  Before topology_start only. */
void topology_subscribe(struct topology *t, struct mailbox *mailbox, publisher_heard on_snapshot);
void topology_start(struct topology *t);
/* From any thread: the brokers to start from and the times of this one from now on; `done` is
 * called on the topology's thread when the old one is not used any more. */
void topology_reconfigure(struct topology *t, const struct config *config, void (*done)(void *ctx),
			  void *ctx);
/* Stops the thread and frees all; subscribers' mailboxes must still live. */
void topology_free(struct topology *t);

/* A reference to the newest snapshot, or NULL before the first one.  The first
 * one is published when the metadata and the ApiVersions of at least one
 * broker are there. */
const struct snapshot *topology_snapshot(struct topology *t);

/* How fresh the snapshot is, for /metrics and /health: milliseconds since the last
 * successful metadata answer, -1: none yet. */
int64_t topology_age_ms(struct topology *t);

/* Milliseconds since any broker answered anything, -1: none has yet.  While all is well one is asked
 * every CONTROL_BEAT_MS, and all of them as soon as that one is silent. */
int64_t topology_silent_ms(struct topology *t);
/* Why the last broker that was tried could not be asked, where TLS says why; false: it could, or
 * does not say. */
enum { TOPOLOGY_TROUBLE_MAX = 400 };
bool topology_trouble(struct topology *t, char trouble[TOPOLOGY_TROUBLE_MAX]);
/* What the brokers do not let the node's own account see, though it must, as they answered last. */
enum {
	TOPOLOGY_LACKS_TOPICS = 1, /* none is shown, which may also mean that there is none */
	TOPOLOGY_LACKS_GROUPS = 2,
	TOPOLOGY_LACKS_TRANSACTIONS = 4,
};
/* Bits of these; 0: nothing is missing, for all that is known. */
unsigned topology_lacks(struct topology *t);
/* How many brokers are believed lost. */
unsigned topology_brokers_lost(struct topology *t);
/* What is known of each that the cluster lists, sorted by id; caller frees. */
struct broker_known *topology_brokers_known(struct topology *t, size_t *count);
/* How many names the name server does not resolve now; what they had is kept. */
unsigned topology_names_failing(struct topology *t);

enum coordinator_type { COORDINATOR_GROUP = 0, COORDINATOR_TXN = 1 };

/* The coordinator if it is known, else NO_BROKER: then ask. */
int32_t topology_coordinator(struct topology *t, enum coordinator_type type, const void *key,
			     size_t len);
/* The same, but only if the cluster has said so just now: no broker that was stopped since then can
 * have lost its place.  Brokers wait longer than that, 9 s as they come
 * (broker.session.timeout.ms), before they give a silent one's place to another. */
enum { TOPOLOGY_SURE_MS = 2000 };
int32_t topology_coordinator_surely(struct topology *t, enum coordinator_type type, const void *key,
				    size_t len);

/* A question whose answer comes later, to the asker's mailbox. */
struct topology_query;
/* broker: the coordinator asked for, or NO_BROKER; topics: always NO_BROKER
 * (look into the snapshot, which has been delivered before this call). */
typedef void (*topology_answer)(void *owner, int32_t broker);

/* A question is given up after so long at most and then answered NO_BROKER.  The topology says so
 * itself, for as long as its thread turns: who must not wait longer has a clock of his own. */
enum { TOPOLOGY_ANSWERS_MS = 5000 };

struct topology_query *topology_ask_coordinator(struct topology *t, enum coordinator_type type,
						const void *key, size_t len,
						struct mailbox *mailbox, topology_answer answer,
						void *owner);
struct topology_name {
	const void *name;
	size_t len;
	bool by_id; /* a topic's, of 16 bytes */
};
/* The same for many keys at once, which are copied: answers NO_BROKER when all are known, or have
 * been asked for in vain; then look them up. */
struct topology_query *topology_ask_coordinators(struct topology *t, enum coordinator_type type,
						 const struct topology_name *keys, size_t count,
						 struct mailbox *mailbox, topology_answer answer,
						 void *owner);
/* Asks the cluster for topics, which are copied. */
struct topology_query *topology_ask_topics(struct topology *t, const struct topology_name *topics,
					   size_t count, struct mailbox *mailbox,
					   topology_answer answer, void *owner);
/* No answer follows; on the asker's thread, before the answer came. */
void topology_cancel(struct topology_query *q);

/* Things that workers notice (KAFKA-ROUTING 3.3); never block, coalesced. */
void topology_notice_topic(struct topology *t, struct topology_name topic);
void topology_notice_coordinator(struct topology *t, enum coordinator_type type, const void *key,
				 size_t len); /* 15 or 16 was seen: forget it */
/* A connection was refused, reset or closed.  `who` is alike for one client and another for another:
 * the broker is believed lost when several say so, or when it does not answer the topology itself. */
void topology_notice_broker(struct topology *t, int32_t broker, uint64_t who);
void topology_notice_all(struct topology *t); /* something moved, nobody knows what */

#endif
