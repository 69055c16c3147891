/* query.h - a question to the topology, on its way from the asker and back.
 *
 * The asker's thread makes it and may cancel it; the topology's thread holds it
 * in one list at a time and answers it exactly once, by posting it to the
 * asker's mailbox; there it dies.  `cancelled` is the asker's thread's alone.
 * Tests: tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_QUERY_H
#define TOPOLOGY_QUERY_H

#include "topology/names.h"
#include "topology/topology.h"

#include <sys/queue.h>

TAILQ_HEAD(query_list, topology_query);

struct topology_query {
	struct letter letter; /* to the topology, then to the asker */
	struct topology *topology;
	struct mailbox *mailbox;
	topology_answer answer;
	void *owner;
	bool cancelled;
	int32_t broker; /* the answer */

	/* the topology's thread: */
	struct query_list *list; /* in which it waits */
	TAILQ_ENTRY(topology_query) in_list;
	struct query_list *ages; /* of all queries, the oldest first */
	TAILQ_ENTRY(topology_query) by_age;
	int64_t deadline; /* clock_ms */

	/* about topics */
	struct names names, ids;
	bool all; /* more than can be named */

	/* about many coordinators: a query for each, that answers to this one */
	struct name *keys;
	size_t key_count;
	size_t open;		       /* of them, not answered */
	struct topology_query *parent; /* of one of those; NULL: it is none */

	/* about a coordinator */
	enum coordinator_type type;
	void *key; /* NULL: about topics */
	size_t len;
};

struct topology_query *query_new(struct topology *t, struct mailbox *mailbox,
				 topology_answer answer, void *owner);
/* The query's time begins: it stands behind the others by age. */
void query_begin(struct topology_query *q, struct query_list *ages, int64_t deadline);
/* Moves the query to a list; NULL: out of the one it is in. */
void query_wait_in(struct topology_query *q, struct query_list *list);
/* Takes it out of its lists and sends the answer off; one of many is freed, and the last one
 * answers for all. */
void query_answer(struct topology_query *q, int32_t broker);

#endif
