/* rewrite.h - answers that name brokers, as clients may see them.
 *
 * Metadata, DescribeCluster and FindCoordinator are held whole and rewritten
 * here: hosts and ports of the advertised listener, ids by the mapping of
 * advertise.h, replicas' too; brokers that another one represents are left out, and so is the
 * nodes' own topic.
 * Tests: tests/unit/route/rewrite_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_REWRITE_H
#define ROUTE_REWRITE_H

#include "kafka/api.h"
#include "route/advertise.h"
#include "route/reserved.h"
#include "util/gather.h"

/* What a rewritten answer showed that the snapshot does not have. */
struct rewrite_news {
	void (*on_topic)(void *owner, const uint8_t *name, uint32_t name_len);
	void (*on_cluster)(void *owner);	      /* a broker that the snapshot does not list */
	void (*on_throttle)(void *owner, int64_t ms); /* the broker mutes its connection */
	void *owner;
};

/* An answer, and what clients are told instead of its addresses. */
struct rewrite {
	const struct kapi *api;
	int version;
	uint8_t *body; /* changed in place where lengths don't change */
	uint32_t size;
	const struct advertising *advertising;
	const struct snapshot *snapshot;
	const struct rewrite_news *news; /* NULL: nobody wants to hear */
	const struct reserved *reserved; /* its topic is left out; NULL: none is */
};

/* Appends the rewritten body to g; the answer's must stay until g has left.
 * False: it contradicts its plan, or no broker can be advertised. */
bool rewrite_answer(struct gather *g, const struct rewrite *of);

/* The same in two pieces, for several clients that get one answer.  Its front, up to the end of
 * its list of brokers, differs from client to client, since each may be told other nodes; the rest
 * is alike for all of them.  How long the front is; 0: the answer has no such list. */
uint32_t rewrite_front_size(const struct rewrite *of);
/* Appends the front, whose n bytes are all of the body that need be there (`size` is the whole
 * body's nonetheless). */
bool rewrite_front(struct gather *g, const struct rewrite *of, uint32_t n);
/* Appends what is behind the front, which is changed in place too: who needs it has a copy. */
bool rewrite_rest(struct gather *g, const struct rewrite *of, uint32_t from);

#endif
