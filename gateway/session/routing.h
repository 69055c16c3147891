/* routing.h - where a request goes, and by which course.
 *
 * Tests: tests/unit/session/routing_test.c
 */
#ifndef SESSION_ROUTING_H
#define SESSION_ROUTING_H

#include "session/course.h"

struct layout_sum;

/* Repeatable, and changes nothing of the client and the request but the items' targets, which are
 * written anew each time; where any broker will do it is drawn anew.  The request's head, and what
 * of its body has come, are in the client's buffer; the walk has filled its layout as far. */
enum course_need routing_decide(struct client *c, struct request *r, struct sending *to);
/* Once: what the request says is noted, and its course begins. */
void routing_commit(struct client *c, struct request *r, const struct sending *to);

/* Whether the walk is needed at all. */
bool routing_needs_walk(const struct request *r);
/* What the request takes of memory at most until it has left, when so much was counted in it. */
int64_t routing_memory(const struct client *c, const struct request *r,
		       const struct layout_sum *sum);
/* Ask for all that has no target; on_answer(client) follows.  NULL: there is nothing to ask. */
struct topology_query;
struct topology_query *routing_ask_topics(struct client *c, struct request *r,
					  void (*on_answer)(void *client, int32_t broker));
struct topology_query *routing_ask_coordinators(struct client *c, struct request *r,
						void (*on_answer)(void *client, int32_t broker));

#endif
