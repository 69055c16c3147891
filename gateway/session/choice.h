/* choice.h - any broker, for what any broker can answer.
 *
 * A worker remembers for two seconds which brokers could not be reached: others are preferred.
 * Times are seconds of util/clock's clock_s.
 * Tests: tests/unit/session/choice_test.c
 */
#ifndef SESSION_CHOICE_H
#define SESSION_CHOICE_H

#include "topology/snapshot.h"

enum { CHOICE_SHUNNED = 8 }; /* at most; the one whose time ends first makes room */

struct choice {
	struct shunned {
		int32_t broker;
		double until;
	} shunned[CHOICE_SHUNNED];
	uint32_t random; /* state of a small generator, for choices among equals */
};

void choice_init(struct choice *b, uint32_t seed);
/* The broker could not be reached just now. */
void choice_shun(struct choice *b, int32_t broker, double now);
/* That was less than two seconds ago. */
bool choice_is_shunned(const struct choice *b, int32_t broker, double now);
/* One by chance, but for not_this; not a shunned one if possible, and where there is no other that
 * has an address, any.  NO_BROKER: there is none at all. */
int32_t choice_any(struct choice *b, const struct snapshot *s, int32_t not_this, double now);

#endif
