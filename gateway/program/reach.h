/* reach.h - brokers that can't be reached, and which of them may not know a token: who asks one broker after the other
 * passes over those, until it is time to try again.
 *
 * Plain values; times are clock_ms.  Tests: tests/unit/program/reach_test.c
 */
#ifndef PROGRAM_REACH_H
#define PROGRAM_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, none is out.  As many as there have been out at once. */
struct reach {
	struct reach_out {
		int32_t broker;
		int64_t until;
	} * out;
	size_t count;
};

void reach_deinit(struct reach *r);
void reach_lost(struct reach *r, int32_t broker, int64_t now, int64_t for_ms);
bool reach_is_out(const struct reach *r, int32_t broker, int64_t now);

/* Brokers, in the order in which they are asked. */
struct doubts {
	int32_t *brokers;
	size_t count;
};

void doubts_deinit(struct doubts *d);
void doubts_add(struct doubts *d, int32_t broker);
bool doubts_has(const struct doubts *d, int32_t broker);
/* Of one or more: the first is known, or asked last. */
void doubts_drop_first(struct doubts *d);
void doubts_put_off_first(struct doubts *d);

#endif
