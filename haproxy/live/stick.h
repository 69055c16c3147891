/* stick.h - reads and changes what sticks to which node on a load balancer.
 *
 * What HAProxy does, tested with 2.6: an entry's server_key wins over its server_id, and
 * setting the id of an entry leaves its key: so an entry is cleared and then set.  Entries that
 * are tracked can't be cleared.  Peers are told of what is set and not of what is cleared.
 * Tests: tests/unit/haproxy/live/stick_test.c, tests/integration/haproxy/sticky.py
 */
#ifndef LIVE_STICK_H
#define LIVE_STICK_H

#include "live/observe.h"
#include "live/show_table.h"

struct stick_place {
	const struct balancers *all;
	const struct observed_balancer *seen;
	const char *table;
};

/* The table of that name, or the backend's own.  False, and why: there is none. */
MUST_CHECK bool stick_find(struct stick_place *place, const struct balancers *all,
			   const struct observed_balancer *seen, const char *table,
			   char why[RUNTIME_WHY_MAX]);
/* Its entries, or the one with that key.  Free with show_table_free.  False, and why: it does
 * not answer, or no command can say the key. */
MUST_CHECK bool stick_read(const struct stick_place *place, const char *key,
			   struct stick_tables *tables, char why[RUNTIME_WHY_MAX]);
/* The node that an entry leads to; NULL: none, or one that is not there. */
const char *stick_node(const struct observed_balancer *seen, const struct table_entry *entry);

/* Each is false, and why, when HAProxy refuses or does not answer.  A key that is not there is
 * cleared.  Those of a server and all leave tracked entries where they are. */
MUST_CHECK bool stick_clear_key(const struct stick_place *place, const char *key,
				char why[RUNTIME_WHY_MAX]);
MUST_CHECK bool stick_clear_server(const struct stick_place *place, const char *server,
				   char why[RUNTIME_WHY_MAX]);
MUST_CHECK bool stick_clear_all(const struct stick_place *place, char why[RUNTIME_WHY_MAX]);
/* The entry must not be there. */
MUST_CHECK bool stick_set(const struct stick_place *place, const char *key, const char *server,
			  char why[RUNTIME_WHY_MAX]);

#endif
