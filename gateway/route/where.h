/* where.h - where one thing that a request is about belongs, and why.
 *
 * The one place that decides it: for a client's request (targets.c, session/) and for who only
 * wants to know (/v1/route).  Pure: coordinators are not in the snapshot, so the caller looks them
 * up, and asks the cluster where the answer says that it must be asked.
 * Tests: tests/unit/route/where_test.c
 */
#ifndef ROUTE_WHERE_H
#define ROUTE_WHERE_H

#include "kafka/api.h"
#include "route/advertise.h"
#include "route/hint.h"
#include "route/layout.h"
#include "topology/topology.h"

enum where_why {
	WHERE_REFUSED, /* not offered to clients */
	WHERE_HERE,    /* the gateway answers itself */
	WHERE_REPLICAS, /* no one broker is meant: several have it, or the one that has it is not there */
	WHERE_ALL, /* every broker is asked */
	/* any live broker */
	WHERE_ANY,	    /* can answer */
	WHERE_CONTROLLER,   /* forwards it to the controller */
	WHERE_NO_KEY,	    /* says what is wrong without a key, if anything is */
	WHERE_ANY_RESOURCE, /* can answer: the resource is no broker that is known */
	/* the cluster is to be asked; where it does not know either, any live broker */
	WHERE_TOPIC_UNKNOWN,
	WHERE_PARTITION_UNKNOWN,
	WHERE_NO_LEADER, /* none, or one that is no live broker */
	WHERE_COORDINATOR_UNKNOWN,
	/* one broker */
	WHERE_DIALLED, /* which the client has dialled: it is asked what it has itself */
	WHERE_LEADER,
	WHERE_REPLICA, /* which alone has it */
	WHERE_COORDINATOR,
	WHERE_RESOURCE, /* which it is about, and alone can tell */
};

/* One thing that a request is about: what counts depends on the API's route.  All is borrowed. */
struct where_question {
	const struct kapi *api;
	const struct snapshot *snapshot;
	/* An API by_dialled: which broker clients are told of by the id that this one has dialled, and
	 * how they are told; HINT_NONE (0): nothing says it. */
	struct hint hint;
	const struct advertising *advertising;
	/* TO_LEADER */
	const struct topic *topic; /* NULL: not known */
	int32_t partition;
	/* TO_GROUP, TO_TXN: the group or transactional id; TO_RESOURCE: the resource's name */
	const uint8_t *key; /* NULL: null */
	uint32_t key_len;
	int32_t coordinator; /* of that key; NO_BROKER: not known */
	int16_t resource_type;
};

struct where {
	/* A broker's id, TARGET_ANY, TARGET_UNKNOWN or TARGET_VETTED (WHERE_REPLICAS), as a
	 * layout_item's; of no meaning with the others of the first four of why. */
	int32_t target;
	enum where_why why;
};

enum { RESOURCE_BROKER = 4, RESOURCE_BROKER_LOGGER = 8 };

struct where where_of(const struct where_question *q);
/* Whether what was dialled counts: such an API, and a broker that clients are told of. */
bool where_is_dialled(const struct where_question *q);

/* The question is about a coordinator: its `coordinator` is to be looked up. */
bool where_has_coordinator(const struct where_question *q);
/* Which kind of coordinator, for an API that goes to one. */
enum coordinator_type where_coordinator_type(const struct kapi *api);

#endif
