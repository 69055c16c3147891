/* sticky_places.h - the stick tables that a command is for: one of each load balancer, or of each listener there.
 *
 * Tests: tests/integration/haproxy/sticky.py
 */
#ifndef TOOLS_STICKY_PLACES_H
#define TOOLS_STICKY_PLACES_H

#include "balancer_options.h"
#include "live/stick.h"

#include <jansson.h>

/* clang-format off */
#define STICKY_OPTIONS \
	BALANCER_OPTIONS, \
	{ "table", 0, CLI_TEXT, "NAME", \
	  .what = "the stick table, when it is not that of the backend itself" }
/* clang-format on */

struct sticky_places {
	struct balancers all;
	struct observation seen;
	struct stick_place *list;
	size_t count;
};

/* As the command line says.  EXIT_DONE, or the exit status, with a message: a load balancer
 * does not answer or has no such table.  Free it in any case. */
MUST_CHECK int sticky_places_find(struct sticky_places *p, const struct cli *cli);
void sticky_places_free(struct sticky_places *p);
/* Whether every load balancer has that node, else with a message. */
MUST_CHECK bool sticky_places_have(const struct sticky_places *p, const char *node);

/* A key as JSON: what is no UTF-8 becomes '?'. */
json_t *sticky_places_key(const char *key);

#endif
