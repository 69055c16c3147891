/* naming.h - which gateway nodes a client is told under internal balancing.
 *
 * Also: which node the client would be told for the broker that it came for, since under internal
 * balancing a port is one broker's.
 *
 * Nodes are drawn for each answer that maps anew, and what is answered in between agrees with it.
 * A client that works with what it was told keeps it: librdkafka and several Go clients close each
 * connection whose broker has moved, and ask again because of that.  And a broker to which a
 * client has a connection, at whatever node, keeps its address until that connection is closed or
 * about to be.  Else an answer might move all of a client's brokers, or two answers at the same
 * time do, and for a moment the client would have no connection at all: librdkafka tells its
 * application so, as an error (_ALL_BROKERS_DOWN).
 *
 * The client's zone has a say where no node is in the broker's rack (mapping_near): the one that is
 * known before the client asks anything, and stays.  The rack that a consumer says in its Fetch is known
 * at that connection only: another one would be told otherwise, and connections would go.
 *
 * Pure but for the tenure, the places and the drawn keys that are given.
 * Tests: tests/unit/balance/naming_test.c, tests/integration/cluster/internal_naming.py
 */
#ifndef BALANCE_NAMING_H
#define BALANCE_NAMING_H

#include "balance/places.h"
#include "balance/turns.h"
#include "kafka/api.h"
#include "route/mapping.h"
#include "topology/snapshot.h"

#include <sys/socket.h>

/* The keys of a worker that have been drawn; `worker` tells the workers' keys apart. */
struct naming_drawn {
	uint64_t worker, count;
};

/* What names are made of, as a worker has it at one moment; all is borrowed. */
struct naming {
	const struct config *config;
	const struct listener *listener; /* by which the client came */
	const struct snapshot *snapshot;
	const struct mapping *mapping; /* NULL: external balancing, no node is named */
	const struct places *places;
	const struct turns *turns;
	struct naming_drawn *drawn;
	const char *zone; /* where the client is, for as long as it is connected; NULL: not known */
	int port_count;
	double now;
};

/* Who asks, and what. */
struct naming_question {
	const struct kapi *api;
	const struct sockaddr *peer;
	const uint8_t *client_id;
	size_t client_id_len;
};

/* What the answer to one request names; zeros at first. */
struct naming_answer {
	uint64_t key;	 /* for mapping_choose */
	bool is_at_work; /* the client works with what it was told */
};

/* A request is routed, maybe once more.  There must be a mapping. */
void naming_of(const struct naming *n, struct tenure *t, const struct naming_question *question,
	       struct naming_answer *answer);
/* The node at which the answer leaves a broker, whatever the key; NULL: the key chooses. */
const struct mapping_node *naming_stays(const struct naming *n, const struct tenure *t,
					const struct naming_answer *answer, int32_t broker);

/* The next answer may have another node for the broker that the client came for. */
bool naming_would_move(const struct naming *n, const struct tenure *t);
/* The client came for a broker that the mapping gives to this node; as far as is known. */
bool naming_is_at_home(const struct naming *n, const struct tenure *t);

/* The client's connection no longer counts among those that the client has here, and the other
 * nodes are told so. */
void naming_forget(const struct places *places, struct tenure *t);
/* The client is being closed so that it moves: when it comes back it is known by that. */
void naming_note_shed(const struct places *places, const struct tenure *t, double now);

#endif
