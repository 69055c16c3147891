/* lost.h - what a client hears when its broker, or its time, is lost.
 *
 * Pure: the API's rows and what of the request is known.  KAFKA-ROUTING 3.1 has the reasons.
 * Tests: tests/unit/route/lost_test.c
 */
#ifndef ROUTE_LOST_H
#define ROUTE_LOST_H

#include "kafka/api.h"
#include "route/layout.h"

enum lost_when {
	LOST_UNSENT,  /* before the broker had the whole request: nothing happened */
	LOST_UNKNOWN, /* after: nobody knows */
};

enum { LOST_SAYS_NOTHING = -1 }; /* the connection is closed, as if its broker died */

/* An error code, or LOST_SAYS_NOTHING. */
int lost_code(const struct kapi *api, const struct layout *request, enum lost_when when);
/* For an item of a request that no answer has. */
int lost_missing_code(const struct kapi *api);

#endif
