/* nearby.h - reads from in-sync replicas in the client's zone, inside the node (KIP-392).
 *
 * The client's zone is the rack that its Fetch says, else what is known of where it comes from.  Its
 * first Fetch of a partition goes to the leader, as at a broker; from then on a follower in the zone is
 * asked (route/replicas.h).  Brokers hear of no rack, so that none of them redirects, and the client
 * hears of no replica: to it all is as if the leader had answered.  What a follower can't serve, since
 * it lags, is out of sync or is gone, the client is told as nothing new, and its next Fetch, which
 * follows at once, goes to the leader: only the leader's errors are told.
 *
 * A fetch session that a broker has with the client (session/fetch_session.h) ends when something that
 * it reads is to be read elsewhere; the node's own moves it (session/own_session.h).
 * Tests: tests/unit/session/nearby_test.c, tests/integration/data/zones.py, tests/e2e/scenarios/zones.py
 */
#ifndef SESSION_NEARBY_H
#define SESSION_NEARBY_H

#include "route/fetched.h"
#include "route/replicas.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct nearby;
struct request;
struct sending;

/* Repeatable: items of a Fetch whose targets are leaders get their followers. */
void nearby_prefer(const struct client *c, struct request *r);
/* Once, before the fetch session hears of the request: its partitions are known from now on. */
void nearby_commit(struct client *c, struct request *r);
/* Once, behind that: what the broker's session with the client reads. */
void nearby_session(struct client *c, const struct request *r, const struct sending *to);
/* Something that the broker's session reads is to be read elsewhere by now, or the request comes from
 * elsewhere than the session's first. */
bool nearby_session_must_end(const struct client *c, const struct request *r);

/* Where partitions of the node's own session are read; .at NULL: at their leaders. */
struct fetched_place nearby_place(const struct client *c);
/* Another number: they may be read elsewhere. */
uint32_t nearby_changes(const struct client *c);

/* A broker has answered so for a partition; true: it is no leader's word, and is not told. */
bool nearby_hides_error(struct client *c, const struct request *r, int32_t broker,
			const struct layout_topic *topic, int32_t partition, int error);
/* An offset of the partition, in the answer's bytes. */
void nearby_tell(struct client *c, const struct layout_topic *topic, int32_t partition,
		 enum replicas_offset which, uint8_t *bytes);

/* The broker was lost. */
void nearby_lost(struct client *c, int32_t broker);
/* The broker was to be read of what has it as its target, and leads nothing of that: the leaders can be
 * asked instead.  False when that is nothing. */
bool nearby_is_spare(const struct client *c, const struct layout *read, int32_t broker);

/* The zone that the client reads in, or comes from; NULL: not known. */
const char *nearby_zone(const struct client *c);

void nearby_free(struct client *c);

#endif
