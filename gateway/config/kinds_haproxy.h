/* kinds_haproxy.h - kinds of values that only the section haproxy has; rows in kinds.c.
 *
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_KINDS_HAPROXY_H
#define CONFIG_KINDS_HAPROXY_H

#include "config/kinds.h"

#define KIND_SET(name)                                                               \
	bool name(struct config *c, const struct config_option *o, const char *text, \
		  char why[KIND_WHY_MAX])
#define KIND_PRINT(name) void name(const struct config *c, const struct config_option *o, FILE *out)
#define KIND_CLEAR(name) void name(struct config *c, const struct config_option *o)

KIND_SET(kinds_set_range);
KIND_PRINT(kinds_print_range);
KIND_SET(kinds_set_node);
KIND_PRINT(kinds_print_nodes);
KIND_CLEAR(kinds_clear_nodes);
KIND_SET(kinds_set_peer);
KIND_PRINT(kinds_print_peers);
KIND_CLEAR(kinds_clear_peers);
KIND_SET(kinds_set_route);
KIND_PRINT(kinds_print_routes);
KIND_CLEAR(kinds_clear_routes);

/* gateway.zones: kinds_zones.c */
KIND_SET(kinds_set_zone);
KIND_PRINT(kinds_print_zones);
KIND_CLEAR(kinds_clear_zones);

#endif
