/* members.h - the brokers that the metadata lists, and what each of them speaks.
 *
 * A member is asked for its versions on a short connection of its own when it
 * appears, when somebody noticed that it went away, and now and then; the
 * address that takes the connection is the one that everybody uses.
 * Tests: tests/unit/topology/learning_test.c, tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_MEMBERS_H
#define TOPOLOGY_MEMBERS_H

#include "topology/offers.h"
#include "topology/resolve.h"

#include <ev.h>

enum { MEMBERS_RENEW_MS = 300000 };

struct members_events {
	/* An address or a member's versions changed.  v: heard just now; NULL:
	 * it does not speak. */
	void (*on_change)(void *owner, const struct broker_versions *v);
};

struct members;

struct members *members_new(struct ev_loop *loop, struct resolver *resolver, int connect_timeout_ms,
			    const struct members_events *events, void *owner);
/* Of the next connections. */
void members_set_timeout(struct members *m, int connect_timeout_ms);
void members_free(struct members *m);

/* The brokers that are there now, sorted by id.  Borrows them. */
void members_update(struct members *m, const struct broker *brokers, size_t count);
bool members_has(const struct members *m, int32_t id);
size_t members_count(const struct members *m);
/* It refused or closed a connection: it may come back as another version. */
void members_notice(struct members *m, int32_t id);
/* Whether every member has answered or failed at least once. */
bool members_all_tried(const struct members *m);

/* A copy for a snapshot. */
struct broker *members_brokers(const struct members *m, size_t *count);
/* Of those that answered; borrowed, the array is the caller's to free. */
const struct broker_versions **members_versions(const struct members *m, size_t *count);

#endif
