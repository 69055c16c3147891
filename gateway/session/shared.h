/* shared.h - what all workers of the process share; it outlives them.
 *
 * Everything that is pointed to is thread-safe, and borrowed: program/ makes and frees it.
 */
#ifndef SESSION_SHARED_H
#define SESSION_SHARED_H

#include "balance/elsewhere.h"
#include "balance/known.h"
#include "balance/live.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "loop/budget.h"
#include "net/admission.h"
#include "topology/topology.h"

struct shared {
	const struct config *config;
	struct topology *topology;
	struct cluster *cluster;
	struct budget *budget;
	struct admission *admission;
	struct known *known;
	struct live *live;
	struct elsewhere *elsewhere;
	uint16_t tag; /* this node's, of mapping_tag */
};

#endif
