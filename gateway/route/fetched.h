/* fetched.h - what a client's fetch session reads (KIP-227) when several brokers have it: each
 * partition at the broker that leads it, in a session that the node has there.
 *
 * Partitions are kept as the client said them.  Towards a broker only what has changed since it was
 * spoken to last is said again; a broker that knows no session, or has forgotten it, is told all that
 * is read of it.  What has moved to another leader is forgotten at the one before.  Pure: no socket,
 * no clock.
 *
 *     fetched_take(...)                   what the client's Fetch changes
 *     fetched_say(...)                    the frame for one of the brokers: it is said then
 *     fetched_heard(...), fetched_lost    what became of it
 * Tests: tests/unit/route/fetched_test.c
 */
#ifndef ROUTE_FETCHED_H
#define ROUTE_FETCHED_H

#include "kafka/head.h"
#include "route/edits.h"
#include "route/layout.h"
#include "topology/snapshot.h"
#include "util/gather.h"

struct fetched;

struct fetched *fetched_new(void);
void fetched_free(struct fetched *f); /* fine with NULL */

/* A client's Fetch: whole, and laid out.  All is borrowed. */
struct fetched_request {
	const struct kapi *api;
	int version;
	const uint8_t *body;
	uint32_t size;
	const struct layout *layout; /* its items have brokers as targets */
};

/* Bytes of memory that it has, and what that Fetch would make of them; both with what its frames to
 * all brokers take. */
size_t fetched_bytes(const struct fetched *f);
size_t fetched_bytes_with(const struct fetched *f, const struct fetched_request *request);
/* Nothing is read any more.  Brokers' sessions are known still, and end when others begin there. */
void fetched_clear(struct fetched *f);
/* The client has this session at the broker: it ends when another begins there. */
void fetched_know(struct fetched *f, int32_t broker, int32_t session);
/* What the Fetch adds, changes and forgets.  Its wait, its least bytes and the like are terms: where
 * they have changed, brokers are to be asked again. */
void fetched_take(struct fetched *f, const struct fetched_request *request);
/* Where a partition is read instead of at its leader; NO_BROKER: there. */
struct fetched_place {
	int32_t (*at)(const void *ctx, const struct topic *topic, const struct layout_topic *named,
		      int32_t partition);
	const void *ctx;
};
/* Leaders, or places, may be others by now.  What has none stays where it is, or goes to `any`. */
void fetched_follow(struct fetched *f, const struct snapshot *s, int32_t any,
		    struct fetched_place place);

/* Partitions that are read, of all brokers or of one; NO_BROKER: of all. */
uint32_t fetched_count(const struct fetched *f, int32_t broker);
/* The partitions themselves; names are borrowed, memory is the arena's. */
struct layout fetched_items(const struct fetched *f, int32_t broker, struct arena *arena);
/* Brokers of which something is read, or (`to_end`) that have a session: the first `max`, and how
 * many there are. */
uint32_t fetched_brokers(const struct fetched *f, bool to_end, int32_t *brokers, uint32_t max);

/* What stands outside of the partitions in the frame for a broker. */
struct fetched_terms {
	const struct request_head *head;
	const uint8_t
		*frame; /* the client's, from its size on: it is as the client's but for these */
	const struct layout *layout; /* the same one's, where the values are */
	const struct edits *edits;
	bool ends; /* the broker's session is to end */
	uint32_t wait_ms, min_bytes, max_bytes, correlation_id;
};

/* Appends the frame for the broker; returns which one it is of those that were said to it. */
uint32_t fetched_say(struct fetched *f, int32_t broker, const struct fetched_terms *terms,
		     struct gather *g);
/* It did not leave after all. */
void fetched_unsaid(struct fetched *f, int32_t broker, uint32_t said);
/* What was said then is what the broker would be asked now. */
bool fetched_is_said(const struct fetched *f, int32_t broker, uint32_t said);
/* Nothing was said to the broker since. */
bool fetched_is_last(const struct fetched *f, int32_t broker, uint32_t said);
/* The answer to what was said then: its error and session.  False: the broker does not know the
 * session, and is to be asked anew. */
MUST_CHECK bool fetched_heard(struct fetched *f, int32_t broker, uint32_t said, int error,
			      int32_t session);
/* Nobody knows whether the broker has heard what was said last. */
void fetched_lost(struct fetched *f, int32_t broker);
/* The client wants to hear of the partition what the broker answered to what was said then. */
bool fetched_wants(const struct fetched *f, int32_t broker, uint32_t said,
		   const struct layout_topic *topic, int32_t partition);

#endif
