/* view.h - which gateway nodes there are, as one node believes at one moment.
 *
 * Immutable once published and counted by references, as a topology's
 * snapshot: a reader on any thread holds a reference for as long as it uses
 * anything in it.  This node is always among the members, alone if need be.
 * Tests: tests/unit/cluster/view_test.c
 */
#ifndef CLUSTER_VIEW_H
#define CLUSTER_VIEW_H

#include "cluster/told.h"
#include "cluster/trust.h"
#include "config/config.h"
#include "loop/publisher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The load of a node: what it has to do, as it told itself a moment ago. */
struct cluster_load {
	uint64_t connections;	   /* of clients, open now */
	uint64_t bytes_per_second; /* from and to clients */
	/* Internal balancing: of what the mapping would give it, so many thousandths are to go to
	 * other nodes (route/mapping.h). */
	unsigned declines;
};

struct cluster_member {
	char *node_id; /* the same after a restart */
	/* clients are told that broker N is host : port + (N - min_broker_id); of several listeners, those
	 * of the first one */
	char *host;
	int port, port_count, min_broker_id;
	enum advertise_mode mode;
	bool internal; /* internal load balancing */
	enum member_hint port_hint;
	struct told_places
		places;	     /* of listeners with names; none: of the only one it is said above */
	char *rack;	     /* NULL: none */
	char *http;	     /* "host:port" of its HTTP API, "https://host:port" by TLS */
	char *version;	     /* of the program */
	char *kafka;	     /* id of the Kafka cluster it starts from; NULL: not known */
	uint64_t settings;   /* fingerprint of the options that must not differ */
	int64_t incarnation; /* grows with every start and every change */
	bool is_self;
	bool is_draining; /* goes away: nobody is to be sent there */
	bool is_sealed;	  /* it has a secret, right or wrong */
	enum member_trust trust;
	struct cluster_load load;
	int64_t load_at; /* clock_ms when it was heard; -1: not yet */
};

enum cluster_state {
	CLUSTER_OFF,	 /* no cluster id: this node alone */
	CLUSTER_JOINING, /* not a member yet: this node alone */
	CLUSTER_MEMBER,
	CLUSTER_APART, /* was a member, and no coordinator hears it: the last members known */
};

struct cluster_view {
	enum cluster_state state;
	int64_t since;	   /* clock_ms when that began */
	const char *group; /* NULL: CLUSTER_OFF; so is topic */
	const char *topic; /* of the load records */
	char *trouble;	   /* why this node is no member; NULL: nothing is wrong */
	bool is_refused; /* this node is no member, nor will be before somebody changes something */
	char *topic_trouble; /* why others' load is not known; NULL: nothing is wrong */
	bool is_told;	     /* the group's members have what this node says of itself now */
	bool has_heard;	     /* where the others have clients' connections is known */
	int32_t generation;
	uint64_t serial; /* grows when members come, go or change, not with their load */
	struct cluster_member *members; /* sorted by node_id */
	size_t member_count, self;	/* self: index of this node */
	size_t believed_count;		/* of the members; this node is one */
	/* nodes that do not fit together, a sentence each that names them */
	char **disagreements;
	size_t disagreement_count;
};

const struct cluster_view *cluster_view_ref(const struct cluster_view *v);
void cluster_view_unref(const struct cluster_view *v); /* fine with NULL */

const char *cluster_state_text(enum cluster_state state);

/* Whether clients of the one may as well be the other's: both serve the same Kafka cluster, and
 * both send clients to the nodes or to the same load balancer, by the same ids.  Others are told of
 * and compared, but what one of them has is no measure for the other. */
bool member_shares_clients(const struct cluster_member *a, const struct cluster_member *b);
/* Both have the same listeners, by name: what comes to one may as well come to the other. */
bool member_has_same_listeners(const struct cluster_member *a, const struct cluster_member *b);
/* Where clients of the listener of that name (NULL: one without a name) are told to go, as a plain value that borrows its
 * texts.  False: the node has no such listener. */
MUST_CHECK bool member_place(const struct cluster_member *m, const char *listener,
			     struct told_place *place);
/* The same as self sees it.  Nodes of earlier versions tell no name, so where both have one listener, and one of them has no
 * name, the two are the same. */
MUST_CHECK bool member_place_beside(const struct cluster_member *self,
				    const struct cluster_member *m, const char *listener,
				    struct told_place *place);

#endif
