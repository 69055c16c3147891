/* shared.h - what all workers of the process share; it outlives them.
 *
 * Everything that is pointed to is thread-safe, and borrowed: program/ makes and frees it.
 */
#ifndef SESSION_SHARED_H
#define SESSION_SHARED_H

#include "balance/places.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "loop/budget.h"
#include "net/admission.h"
#include "session/rebalances.h"
#include "topology/topology.h"

struct identities;
struct salting;
struct token_turns;
struct users;

struct shared {
	const struct config *config;
	const struct link_terms *terms; /* of links to brokers; NULL: TCP as it is */
	struct tls_slot
		*client_tls; /* of clients' connections, one a listener; empty, or NULL: no TLS */
	struct identities *identities; /* whom clients are at the brokers; NULL: as they come */
	struct users *users;	       /* who may log in here; NULL: the gateway judges no login */
	struct salting *salting;       /* their passwords; NULL: the same */
	struct topology *topology;
	struct cluster *cluster;
	struct budget *budget;
	struct admission *admission;
	struct rebalances *rebalances;
	struct token_turns *token_turns;
	struct places places;
};

#endif
