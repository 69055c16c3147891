/* times.h - how long things took: least, median, most.
 *
 * A plain value; zeroed it is empty.  Tests: tests/unit/tools/times_test.c
 */
#ifndef TOOLS_TIMES_H
#define TOOLS_TIMES_H

#include <jansson.h>
#include <stddef.h>

struct times {
	double *ms;
	size_t count;
};

void times_add(struct times *t, double ms);
void times_deinit(struct times *t);
/* {"min", "median", "max"} in milliseconds; null when there are none. */
json_t *times_json(struct times *t);
/* "0.41 / 0.98 / 12.3"; "-" when there are none. */
void times_text(struct times *t, char *to, size_t size);

#endif
