/* uses.h - by whom and for what a worker's bytes are: its tables of names (loop/usage.h).
 *
 *   clients, principals   all of the requests, and all bytes both ways
 *   groups                requests that name one group, and the bytes of these and of their answers;
 *                         one that names several is a request of each, and its bytes are the rest's
 *   topics                Produce requests that name it and the bytes of its records in them, as the
 *                         client said; answers that bring its records, be there any or none, and
 *                         their bytes, as the client is told.  The walk reads lengths alone, so
 *                         spliced records are counted as others are.
 *
 * Clients' and principals' figures grow when a request has been answered or the client goes.  An
 * answer that breaks off counts for the topics that it was through with.  A topic whose name the node
 * does not know by its id is among the rest.
 * Tests: tests/unit/session/uses_test.c, tests/integration/operate/who_uses.py
 */
#ifndef SESSION_USES_H
#define SESSION_USES_H

#include "loop/usage.h"

struct client;
struct merge_part;
struct request;
struct worker;

/* A worker's tables: NULL where nothing is counted. */
struct uses_tables {
	struct usage *of[USAGE_KINDS];
};

/* A client's: what it has told since its figures were added last. */
struct uses {
	struct usage_ref client, principal;
	struct usage_ref topic, group; /* that it named last */
	struct usage_sum told;	       /* requests and errors since; bytes so far */
};

void uses_init(struct uses_tables *t, uint32_t places);
void uses_deinit(struct uses_tables *t);
/* Places of a table, of so many names and workers and so much memory; 0: nothing is counted. */
uint32_t uses_places(int names, int workers, int64_t memory);

/* Somebody has believed who the client is. */
static inline void uses_forget_principal(struct uses *u)
{
	u->principal = (struct usage_ref){ 0 };
}

/* The client has another client.id from now on. */
void uses_change_client(struct client *c);
/* A request's head has come. */
void uses_begin(struct client *c);
/* It is routed, and about to be sent. */
void uses_routed(struct client *c, struct request *r);
/* Its answer has left. */
void uses_answered(struct client *c, struct request *r);
/* The client goes. */
void uses_end(struct client *c);

/* Of an answer that is read on its way to the client: a topic is over. */
void uses_topic_passed(struct client *c, struct request *r);
/* Of an answer that was made of several. */
void uses_merged(struct client *c, const struct request *r, const struct merge_part *parts,
		 uint32_t count);

#endif
