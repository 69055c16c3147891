/* kafka_way.h - the ways by which Kafka clients come, as the gateway tells them.
 *
 * Private to haproxy/rules/.
 */
#ifndef RULES_KAFKA_WAY_H
#define RULES_KAFKA_WAY_H

#include "rules/look.h"

/* Ports that clients are told; at least one, as the nodes may find out how many. */
int kafka_way_ports(const struct config *g);
bool kafka_way_has_bind(const struct config *g, const struct cfg_bind *b);
/* Its frontend has some port that clients are told. */
bool kafka_way_is(const struct look *l, const struct route *r);
/* The same, to a backend that is worked out for each connection: which ones is not known. */
bool kafka_way_is_open(const struct look *l, const struct route *r);

#endif
