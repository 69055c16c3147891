/* port_range.h - ports one after the other, and how people write them.
 *
 * Plain values.  Tests: tests/unit/config/port_range_test.c
 */
#ifndef CONFIG_PORT_RANGE_H
#define CONFIG_PORT_RANGE_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stdio.h>

struct port_range {
	int first, count; /* as written, count 0: no end is said */
};

enum { PORT_MOST = 65535, PORT_RANGE_WHY_MAX = 320 };

static inline bool port_ranges_overlap(struct port_range a, struct port_range b)
{
	return a.first < b.first + b.count && b.first < a.first + a.count;
}

/* Of "9092", "9092-9095", "9092-" and "told:bound", with commas where no gap is left: what is bound,
 * and what clients are told for it.  False, and why; both are what could be read then. */
MUST_CHECK bool port_range_read(const char *text, struct port_range *told, struct port_range *bound,
				char why[PORT_RANGE_WHY_MAX]);
/* So that it is read as the same again; the ports that are told are as many as are bound. */
void port_range_print(int told, struct port_range bound, FILE *out);

#endif
