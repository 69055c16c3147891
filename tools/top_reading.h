/* top_reading.h - who uses the nodes, as several of them tell it at a moment, and how much a second.
 *
 * A reading is {"rows": [{"name", "requests", "bytes_in", "bytes_out", "errors", "throttled_ms"}],
 * "rest": {...}, "all": {...}, "named", "displaced"}: what the answers of /v1/clients and its like
 * have, of all nodes together.  Pure.  Tests: tests/unit/tools/top_reading_test.c
 */
#ifndef TOOLS_TOP_READING_H
#define TOOLS_TOP_READING_H

#include <jansson.h>
#include <stddef.h>

json_t *top_reading_new(void);
/* Adds a node's answer, whose list is called `kind`. */
void top_reading_add(json_t *reading, const char *kind, const json_t *answer);

/* What was meanwhile: {"rows", "rest", "all", "named", "displaced"} of `now`, and in each row, the rest and
 * all "requests_per_second", "bytes_in_per_second", "bytes_out_per_second", "bytes_per_second",
 * "errors_per_second" and "throttled_ms_per_second".  A figure that has become less begins anew: a node was restarted, or a
 * name had lost its place.  The largest by `sort` a second stand first, then by what was before; at
 * most `limit` rows.  before NULL: there are no rates, and the figures since the nodes' start count. */
json_t *top_reading_rates(const json_t *before, const json_t *now, double seconds, const char *sort,
			  size_t limit);

#endif
