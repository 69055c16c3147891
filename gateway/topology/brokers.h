/* brokers.h - the brokers that the metadata lists, and what each of them speaks.
 *
 * Each broker is asked for its versions on a short connection of its own when it
 * appears, when somebody lost a connection to it, and every BROKERS_RENEW_MS, so that one that
 * nobody uses is known to be lost too; the address that takes the connection is the one that
 * everybody uses.
 *
 * A broker is believed lost when that connection fails, or when BROKERS_SEVERAL
 * clients have lost theirs: what happens to one client may be its own doing.
 * Tests: tests/unit/topology/learning_test.c, tests/unit/topology/topology_test.c
 */
#ifndef TOPOLOGY_BROKERS_H
#define TOPOLOGY_BROKERS_H

#include "topology/broker_known.h"
#include "topology/versions.h"
#include "topology/resolve.h"
#include "upstream/link.h"

#include <ev.h>

enum {
	BROKERS_RENEW_MS =
		30000,	       /* from one question to the next while nobody has lost anything, */
	BROKERS_TURN_MS = 100, /* and so long for each broker at least, of very many */
	BROKERS_SEVERAL = 3,   /* witnesses, who say so */
	BROKERS_WITNESSES_MS = 5000, /* within this time */
	BROKERS_PROBES_MS = 1000,    /* least time between two that clients give cause for */
	BROKERS_SEARCH_MS = 60000,   /* for so long others may be about to lead what it led */
};

struct brokers_events {
	/* A broker's versions or the address in use changed.  v: heard just now; NULL:
	 * it does not speak. */
	void (*on_change)(void *owner, const struct broker_versions *v);
	/* The broker is believed lost, from now on; is_new false: still, and the cluster may by now
	 * know who takes its place. */
	void (*on_lost)(void *owner, int32_t id, bool is_new);
	/* The cluster no longer has the broker. */
	void (*on_gone)(void *owner, int32_t id);
	/* A name has other addresses than before. */
	void (*on_address)(void *owner);
};

struct brokers;

struct brokers *brokers_new(struct ev_loop *loop, struct resolver *resolver,
			    const struct link_terms *terms, int connect_timeout_ms,
			    const struct brokers_events *events, void *owner);
/* The timeout of the next connections. */
void brokers_set_timeout(struct brokers *all, int connect_timeout_ms);
void brokers_free(struct brokers *all);

/* The brokers that are there now, sorted by id.  Borrows them. */
void brokers_update(struct brokers *all, const struct broker *brokers, size_t count);
bool brokers_has(const struct brokers *all, int32_t id);
size_t brokers_count(const struct brokers *all);
/* A look-up of this name has ended. */
void brokers_resolved(struct brokers *all, const char *host);
/* The broker refused or closed a connection of this client's: it may be gone, or come back as
 * another version. */
void brokers_notice(struct brokers *all, int32_t id, uint64_t who);
/* How many are believed lost. */
size_t brokers_lost(const struct brokers *all);
/* What is known of each, sorted by id; caller frees.  From any thread. */
struct broker_known *brokers_known(struct brokers *all, size_t *count);
/* Each is asked whether it is there, soon. */
void brokers_probe_all(struct brokers *all);
/* Whether every broker has answered or failed at least once. */
bool brokers_all_tried(const struct brokers *all);
/* Whether any broker has an address that can be tried. */
bool brokers_any_address(const struct brokers *all);

/* A copy of the list, for a snapshot. */
struct broker *brokers_copy(const struct brokers *all, size_t *count);
/* The versions of the brokers that answered; borrowed, the array is the caller's to free. */
const struct broker_versions **brokers_versions(const struct brokers *all, size_t *count);

#endif
